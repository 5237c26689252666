import F2SModel
import Synchronization
import TestSupport
import Testing

@testable import F2SAPIServer

/// The sessions of the console, from its cookies to its responses.
@Suite struct ConsoleTests {
    private static let own = ["Origin": "http://localhost:8090", "Sec-Fetch-Site": "same-origin"]
    private static let json = own.merging(["Content-Type": "application/json"]) { $1 }

    /// Runs a server with a console and authentication.
    private func with(
        _ sessions: StubSessions = StubSessions(), _ body: (TestServer) async throws -> Void
    ) async throws {
        let options = TestServer.Options(
            functions: [try .sample("hello")], authenticator: StubAuthenticator(), sessions: sessions)
        try await TestServer.with(options, body)
    }

    @Test func `a session needs its cookie and its proof`() async throws {
        try await with { server in
            let good = StubSessions.headers("functions:list")
            #expect(try await server.sendToConsole("GET", "/functions", headers: good).status == 200)
            // A page at another port may have added a cookie, before or behind the right one.
            for cookies in [
                "f2s-session=a; f2s-session=functions:list", "f2s-session=functions:list; f2s-session=a",
                // With the semicolon behind it, this is one character.
                "x=\u{600}; f2s-session=functions:list",
            ] {
                let headers = good.merging(["Cookie": cookies]) { $1 }
                #expect(try await server.sendToConsole("GET", "/functions", headers: headers).status == 200)
            }
            let changes: [(String, [String: String?])] = [
                ("withoutProof", ["X-F2S-Session": nil]), ("withoutProof", ["X-F2S-Session": "proof-other"]),
                ("missing", ["Cookie": nil]), ("withoutProof", ["Cookie": "f2s-session=a; f2s-session=b"]),
                ("missing", ["Cookie": "F2S-Session=functions:list"]),
                ("missing", ["Cookie": "__Host-f2s-session=functions:list"]),
                ("missing", ["Cookie": "f2s-session"]), ("missing", ["Cookie": "=f2s-session=functions:list"]),
                ("sessionEnded", ["Cookie": "f2s-session=ended"]),
            ]
            for (name, change) in changes {
                let headers = good.merging(change.compactMapValues(\.self)) { $1 }.filter { key, _ in
                    change[key] != .some(nil)
                }
                let answer = try await server.sendToConsole("GET", "/functions", headers: headers)
                #expect(answer.status == 401, "\(change)")
                #expect(answer.headers["www-authenticate"] == "F2S-Session realm=\"f2s\"", "\(change)")
                let error = try #require(CredentialError.allCases.first { "\($0)" == name })
                let detail = error == .missing ? "neither a session nor an Authorization field" : error.text
                #expect(answer.problem?.contains(detail) == true, "\(change): \(answer.body)")
                #expect(answer.problem?.contains("Sign in") == true || error == .withoutProof)
            }
        }
    }

    @Test func `a session does not count at the listener of the API`() async throws {
        try await with { server in
            let headers = StubSessions.headers("functions:list").filter { $0.key == "Cookie" || $0.key.hasPrefix("X-") }
            let answer = try await server.send("GET", "/functions", headers: headers)
            #expect(answer.status == 401)
            #expect(answer.headers["www-authenticate"] == "Bearer realm=\"F2S\"")
            #expect(try await server.send("GET", "/session").status == 404)
        }
    }

    @Test func `a failure to check a session is told as such`() async throws {
        try await with { server in
            for path in ["/functions", "/session"] {
                let answer = try await server.sendToConsole("GET", path, headers: StubSessions.headers("silent"))
                #expect(answer.status == 503)
                #expect(answer.problem?.contains("Retry later") == true)
            }
        }
    }

    @Test(arguments: ["/functions", "/functions/none", "/config", "/functions?a=b", "/session"])
    func `a renewed cookie is set by every response, whatever its status`(path: String) async throws {
        try await with { server in
            let answer = try await server.sendToConsole(
                "GET", path, headers: StubSessions.headers("old|functions:list"))
            #expect([200, 400, 403, 404].contains(answer.status))
            #expect(
                answer.headers["set-cookie"]
                    == "f2s-session=new|functions:list; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict")
            let next = try await server.sendToConsole(
                "GET", path, headers: StubSessions.headers("functions:list"))
            #expect(next.headers["set-cookie"] == nil)
        }
    }

    @Test func `the page learns the methods and the caller, and never gets 401`() async throws {
        try await with { server in
            for headers in [[:], StubSessions.headers("ended"), ["Cookie": "f2s-session=functions:list"]] {
                let answer = try await server.sendToConsole("GET", "/session", headers: headers)
                #expect(answer.status == 200)
                let session = try answer.json
                #expect(session["caller"] == "null" && session["isProtected"] == true)
                #expect(session["invocationURL"] == "http://localhost:8080/invoke")
                #expect(
                    session["methods"] == [
                        ["kind": "password"], ["kind": "token"],
                        ["kind": "provider", "url": "https://id.example/a?b=c d", "title": "Example <1>"],
                    ])
            }
            let signedIn = try await server.sendToConsole(
                "GET", "/session", headers: StubSessions.headers("functions:list"))
            #expect(
                try signedIn.json["caller"]
                    == ["name": "ann", "groups": ["admins"], "privileges": ["functions:list"]])
        }
    }

    @Test func `without authentication every page of the console may do everything`() async throws {
        let options = TestServer.Options(functions: [try .sample("hello")], sessions: StubSessions())
        try await TestServer.with(options) { server in
            let session = try await server.sendToConsole("GET", "/session").json
            #expect(session["caller"]?["name"] == "anonymous" && session["isProtected"] == false)
            #expect(try await server.sendToConsole("GET", "/functions").status == 200)
            let foreign = [
                [:], ["Origin": "http://localhost:8080", "Sec-Fetch-Site": "same-site"], ["Origin": "null"],
                ["Sec-Fetch-Site": "cross-site"],
            ]
            for headers in foreign {
                let answer = try await server.sendToConsole("DELETE", "/functions/hello", headers: headers)
                #expect(answer.status == 403)
            }
            #expect(try await server.sendToConsole("DELETE", "/functions/hello", headers: Self.own).status == 204)
            let body = #"{"token": "good"}"#
            #expect(try await server.sendToConsole("POST", "/session", headers: Self.json, body: body).status == 409)
        }
    }

    @Test(arguments: [#"{"user": "ann", "password": "right: "}"#, #"{"token": "good"}"#])
    func `a password or a token begins a session`(body: String) async throws {
        let sessions = StubSessions()
        try await with(sessions) { server in
            let headers = Self.json.merging(["X-Forwarded-For": "192.0.2.1"]) { $1 }
            let answer = try await server.sendToConsole("POST", "/session", headers: headers, body: body)
            #expect(answer.status == 200)
            #expect(try answer.json == ["proof": "proof-functions:list", "lifetimeSeconds": 3600])
            #expect(
                answer.headers["set-cookie"]
                    == "f2s-session=functions:list; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict")
            #expect(sessions.clients.withLock { $0 } == [IPAddress(Array("192.0.2.1".utf8))?.rateKey])
        }
    }

    @Test(arguments: [
        (#"{"user": "ann", "password": "wrong"}"#, 401), (#"{"token": "busy"}"#, 503), (#"{"token": "often"}"#, 429),
        ("", 400), ("{", 400), ("{}", 400), ("[]", 400), (#"{"user": "ann"}"#, 400), (#"{"password": "a"}"#, 400),
        (#"{"user": "ann", "password": "a", "token": "good"}"#, 400), (#"{"user": 1, "password": "a"}"#, 400),
        (#"{"user": "ann:right", "password": " "}"#, 400), (#"{"token": null}"#, 400),
    ])
    func `wrong credentials begin no session`(body: String, status: Int) async throws {
        try await with { server in
            let answer = try await server.sendToConsole("POST", "/session", headers: Self.json, body: body)
            #expect(answer.status == status)
            #expect(answer.problem != nil && answer.headers["set-cookie"] == nil)
            #expect(answer.headers["www-authenticate"]?.contains("Basic") != true)
            #expect(answer.headers["retry-after"] == [503: "1", 429: "5"][status])
        }
    }

    @Test func `only a page of the console signs in, with JSON of a limited size`() async throws {
        let sessions = StubSessions()
        try await with(sessions) { server in
            let body = #"{"token": "good"}"#
            let refused: [([String: String], Int)] = [
                (["Origin": "http://localhost:8080"], 403), (["Sec-Fetch-Site": "same-site"], 403),
                (["Content-Type": "text/plain"], 415), (["Content-Type": "application/x-www-form-urlencoded"], 415),
            ]
            for (change, status) in refused {
                let headers = Self.json.merging(change) { $1 }
                let answer = try await server.sendToConsole("POST", "/session", headers: headers, body: body)
                #expect(answer.status == status, "\(change)")
            }
            #expect(
                try await server.sendToConsole(
                    "POST", "/session", headers: ["Content-Type": "application/json"], body: body
                ).status == 403)
            let long = #"{"token": ""# + String(repeating: "a", count: 20_000) + #""}"#
            #expect(try await server.sendToConsole("POST", "/session", headers: Self.json, body: long).status == 413)
            #expect(sessions.clients.withLock { $0.isEmpty })
        }
    }

    @Test func `signing out removes the cookie, and names the provider's page`() async throws {
        try await with { server in
            let signedIn = try await server.sendToConsole(
                "DELETE", "/session", headers: StubSessions.headers("functions:list"))
            #expect(signedIn.status == 200)
            #expect(try signedIn.json == ["location": "https://id.example/logout?to=http://localhost:8090/"])
            #expect(
                signedIn.headers["set-cookie"] == "f2s-session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict")
            let signedOut = try await server.sendToConsole("DELETE", "/session", headers: Self.own)
            #expect(signedOut.status == 200)
            #expect(try signedOut.json == ["location": "null"])
        }
    }

    @Test func `over https the cookies belong to the host alone`() async throws {
        let sessions = StubSessions()
        try await with(sessions) { server in
            let https = ["X-Forwarded-Proto": "https", "Origin": "https://localhost:8090"]
            let signedIn = try await server.sendToConsole(
                "POST", "/session", headers: Self.json.merging(https) { $1 }, body: #"{"token": "good"}"#)
            #expect(
                signedIn.headers["set-cookie"]
                    == "__Host-f2s-session=functions:list; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict; Secure")
            let good = StubSessions.headers("functions:list").merging(https) { $1 }
            let named = good.merging(["Cookie": "__Host-f2s-session=functions:list; f2s-session=a"]) { $1 }
            #expect(try await server.sendToConsole("GET", "/functions", headers: named).status == 200)
            #expect(try await server.sendToConsole("GET", "/functions", headers: good).status == 401)
            let begun = try await server.sendToConsole(
                "GET", "/session/begin?provider=https%3A%2F%2Fid.example%2Fa%3Fb%3Dc%20d",
                headers: ["X-Forwarded-Proto": "https"])
            #expect(
                begun.headers["set-cookie"]
                    == "__Host-f2s-signin=pending; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure")
            #expect(sessions.callbacks.withLock { $0 } == ["https://localhost:8090/session/callback"])
        }
    }
}
