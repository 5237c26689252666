import F2SConfig
import F2SModel
import TestSupport
import Testing

@testable import F2SAPIServer

/// The routes of API tokens.
@Suite struct TokenRoutesTests {
    private static func setGrants(_ options: inout TestServer.Options) throws {
        options.settings.auth.grants = [
            "readers": [Grant(.list)], "team": [try Grant("functions:list@team-a-*", field: "")],
            "callers": [try Grant("functions:invoke@team-*", field: "")],
            "admins": Set(Privilege.allCases.map { Grant($0) }),
        ]
    }

    private func post(
        _ body: String, _ server: TestServer, by grants: String? = nil, type: String = "application/json"
    ) async throws -> Answer {
        var headers = ["Content-Type": type]
        headers["Authorization"] = grants.map { "Bearer \($0)" }
        return try await server.send("POST", "/tokens", headers: headers, body: body)
    }

    @Test func `a token is created, listed without its secret, and revoked`() async throws {
        let store = InMemoryTokens()
        try await TestServer.with(TestServer.Options(tokens: store)) { server in
            let created = try await post(#"{"name": "ci", "groups": ["a", "b"], "ttl": "1h"}"#, server)
            #expect(created.status == 201 && created.headers["cache-control"] == "no-store")
            let text = try #require(try created.json["token"]?.text)
            let id = try #require(try created.json["id"]?.text)
            #expect(APIToken.id(in: text[...]) == id)
            let token = try #require(store.tokens.current?[id])
            #expect(token.name == "ci" && token.groups == ["a", "b"])
            let expires = try #require(token.expires)
            #expect((3600...3601).contains(expires - token.created))

            let list = try await server.send("GET", "/tokens")
            #expect(list.status == 200 && !list.body.contains(text.suffix(64)))
            #expect(!list.body.contains(token.digest.hexText) && !list.body.contains("token\""))
            let item = try #require(try list.json["items"]?.items.first)
            #expect(item["id"]?.text == id && item["name"]?.text == "ci")
            #expect(item["expires"]?.text == TimeText.utc(secondsSince1970: expires))

            #expect(try await server.send("DELETE", "/tokens/\(id)").status == 204)
            #expect(store.tokens.current?.ids == [])
            #expect(try await server.send("DELETE", "/tokens/\(id)").status == 404)
        }
    }

    @Test func `one group may be a text, and without ttl a token does not expire`() async throws {
        let store = InMemoryTokens()
        try await TestServer.with(TestServer.Options(tokens: store)) { server in
            let created = try await post(#"{"name": "ci", "group": "a"}"#, server)
            #expect(created.status == 201 && !created.body.contains("expires"))
            let token = try #require(store.tokens.current?.sorted.first)
            #expect(token.groups == ["a"] && token.expires == nil)
        }
    }

    @Test(arguments: [
        ("", "JSON object"), ("[]", "JSON object"), (#"{"name": 7, "group": "a"}"#, "JSON object"),
        (#"{"group": "a"}"#, "no name"), (#"{"name": "ci"}"#, "group or groups"),
        (#"{"name": "ci", "group": "a", "groups": ["b"]}"#, "group or groups"),
        (#"{"name": "ci", "group": "a", "expires": "never"}"#, "unknown member expires"),
        (#"{"name": "ci", "groups": []}"#, "1 to 20 groups"), (#"{"name": "ci", "group": ""}"#, "1 to 253 bytes"),
        (#"{"name": "a b", "group": "a"}"#, "visible characters"), (#"{"name": "", "group": "a"}"#, "visible"),
        (#"{"name": "ci", "group": "a", "ttl": "90d"}"#, "such as 500ms, 30s or 1m30s"),
        (#"{"name": "ci", "group": "a", "ttl": "0s"}"#, "between 1s and 87600h"),
        (#"{"name": "ci", "group": "a", "ttl": "87601h"}"#, "between 1s and 87600h"),
    ])
    func `a body that is malformed is rejected with the reason`(body: String, reason: String) async throws {
        let store = InMemoryTokens()
        try await TestServer.with(TestServer.Options(tokens: store)) { server in
            let answer = try await post(body, server)
            #expect(answer.status == 400)
            #expect(answer.problem?.contains(reason) == true, "\(answer.body)")
            #expect(store.tokens.current?.ids == [])
        }
    }

    @Test func `another content type, and a second token of a name, are rejected`() async throws {
        try await TestServer.with { server in
            let body = #"{"name": "ci", "group": "a"}"#
            #expect(try await post(body, server, type: "application/yaml").status == 415)
            #expect(try await post(body, server).status == 201)
            let second = try await post(body, server)
            #expect(second.status == 409 && second.problem?.contains("ci") == true)
        }
    }

    @Test func `without ttl a token is rejected if the settings demand an expiry`() async throws {
        var options = TestServer.Options()
        options.settings.auth.token.requiresExpiry = true
        try await TestServer.with(options) { server in
            let endless = try await post(#"{"name": "ci", "group": "a"}"#, server)
            #expect(endless.status == 400 && endless.problem?.contains("require_expiry") == true)
            #expect(try await post(#"{"name": "ci", "group": "a", "ttl": "1s"}"#, server).status == 201)
        }
    }

    @Test(arguments: [
        ("settings:update,functions:list", "readers", nil),
        ("settings:update,functions:list", "team", nil),
        ("settings:update,functions:list@team-*", "team", nil),
        // A group may get privileges later.
        ("settings:update", "unknown", "unknown"),
        (Privilege.allCases.map(\.rawValue).joined(separator: ","), "unknown", nil),
        ("settings:update", "readers", "functions:list"),
        ("settings:update,functions:list@team-*", "readers", "functions:list"),
        ("settings:update,functions:list@team-a-b*", "team", "functions:list@team-a-*"),
        ("settings:update,functions:list", "admins", "functions:create"),
        ("functions:list", "readers", "settings:update"),
        // A function may admit members of this group only.
        ("settings:update,functions:invoke", "callers", "functions:update"),
        ("settings:update,functions:invoke,functions:update@team-*", "callers", nil),
    ])
    func `a caller cannot give privileges that it does not have`(
        grants: String, group: String, missing: String?
    ) async throws {
        let store = InMemoryTokens()
        var options = TestServer.Options(authenticator: StubAuthenticator(), tokens: store)
        try Self.setGrants(&options)
        try await TestServer.with(options) { server in
            let answer = try await post(#"{"name": "ci", "group": "\#(group)"}"#, server, by: grants)
            #expect(answer.status == (missing == nil ? 201 : 403), "\(answer.body)")
            if let missing { #expect(answer.problem?.contains(missing) == true, "\(answer.body)") }
            #expect(store.tokens.current?.ids.count == (missing == nil ? 1 : 0))
        }
    }

    @Test func `without authentication a token of every group can be created`() async throws {
        var options = TestServer.Options()
        try Self.setGrants(&options)
        try await TestServer.with(options) { server in
            let created = try await post(#"{"name": "first", "group": "admins"}"#, server)
            #expect(created.status == 201)
        }
    }

    @Test func `a store that is down answers 503`() async throws {
        try await TestServer.with(TestServer.Options(tokens: InMemoryTokens(nil))) { server in
            let list = try await server.send("GET", "/tokens")
            #expect(list.status == 503)
            #expect(try await server.send("DELETE", "/tokens/0123456789ab").status == 503)
            #expect(try await post(#"{"name": "ci", "group": "a"}"#, server).status == 503)
        }
    }

    @Test(arguments: TestServer.Listener.allCases)
    func `a web page of another origin cannot create a token`(listener: TestServer.Listener) async throws {
        let store = InMemoryTokens()
        try await TestServer.with(TestServer.Options(tokens: store, sessions: StubSessions())) { server in
            let answer = try await server.send(
                to: listener, "POST", "/tokens",
                headers: ["Content-Type": "application/json", "Origin": "http://localhost:8080"],
                body: #"{"name": "ci", "group": "a"}"#)
            #expect(answer.status == 403)
            #expect(store.tokens.current?.ids == [])
        }
    }
}
