import F2SClient
import F2SModel
import Testing

/// The requests and the table of `f2s token`.
struct TokenTests {
    private static let list = #"""
        {"items":[
          {"id":"0123456789ab","name":"ci","groups":["a","b"],"created":"2026-01-01T00:00:00Z",
           "expires":"2026-01-02T00:00:00Z"},
          {"id":"0123456789ac","name":"deploy","groups":["a"],"created":"2026-01-01T00:00:00Z"}
        ]}
        """#
    private static let missing = #"{"status":404,"title":"No such token"}"#

    private func stub(_ known: Set<String> = ["0123456789ab", "0123456789ac"]) -> StubTransport {
        StubTransport { request in
            guard request.method == "DELETE" else { return ClientAnswer(200, Self.list) }
            return known.contains(String(request.target.dropFirst("/tokens/".count)))
                ? ClientAnswer(204, "") : ClientAnswer(404, Self.missing, type: ServerProblem.mediaType)
        }
    }

    @Test func `a token is requested with its groups and its lifetime`() async throws {
        let stub = StubTransport { request in
            guard case .bytes(let bytes) = request.content,
                String(decoding: bytes, as: UTF8.self) == #"{"name":"c\"i","groups":["a","b"],"ttl":"2160h"}"#
            else { return ClientAnswer(400, "") }
            return ClientAnswer(
                201, #"{"id":"0123456789ab","name":"ci","groups":[],"created":"2026-01-01T00:00:00Z","token":"f2s_"}"#)
        }
        let made = try await stub.client().createToken(
            name: "c\"i", groups: ["a", "b"], lifetime: .seconds(90 * 86_400))
        #expect(made.token.token == "f2s_" && made.token.expires == nil)
        #expect(String(decoding: made.document, as: UTF8.self).contains("f2s_"))
        #expect(stub.requests == ["POST /tokens"])
    }

    @Test func `a token is revoked by its ID without a list, or by its name`() async throws {
        let byID = stub()
        #expect(try await byID.client().revokeToken("0123456789ab") == "0123456789ab")
        #expect(byID.requests == ["DELETE /tokens/0123456789ab"])
        let byName = stub()
        #expect(try await byName.client().revokeToken("deploy") == "0123456789ac")
        #expect(byName.requests == ["GET /tokens", "DELETE /tokens/0123456789ac"])
    }

    @Test(arguments: [("deplo", "Did you mean deploy?"), ("ffffffffffff", "f2s token list"), ("", "f2s token list")])
    func `a token that does not exist is an error with advice`(name: String, advice: String) async throws {
        do {
            _ = try await stub().client().revokeToken(name)
            Issue.record("it was revoked")
        } catch let error as ClientError {
            #expect(error.description.contains(advice), "\(error)")
        }
    }

    @Test func `the table shows when tokens expire`() async throws {
        let tokens = try await stub().client().tokens()
        let now = try #require(TimeText.secondsSince1970("2026-01-01T01:00:00Z"))
        #expect(
            TokenTable(tokens, now: now).text == """
                ID            NAME    GROUPS  AGE  EXPIRES
                0123456789ab  ci      a,b     1h   2026-01-02T00:00:00Z
                0123456789ac  deploy  a       1h   never

                """)
    }
}
