import F2SConfig
import F2SModel
import Synchronization
import TestSupport
import Testing

@testable import F2SAPIServer

/// The sign-in at a function (`spec.login`), at the listener of functions and at the console.
@Suite struct FunctionLoginRoutesTests {
    private static let to = "%2Finvoke%2Freport%3Fa%3Db%2520c"
    private static let ticket = "/login/callback?ticket=a%2Bb%2Fc%3D"
    private static let state = ["Cookie": "other=1; f2s-login-state=\(StubLogins.stateCookie)"]
    private static let https = ["X-Forwarded-Proto": "https"]
    private static let navigation = ["Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"]

    /// Runs a server with authentication and a console.
    private func with(
        _ logins: StubLogins = StubLogins(), _ body: (TestServer) async throws -> Void
    ) async throws {
        try await withOptions(logins, changing: { _ in }, body)
    }

    /// Runs the same server with other options.
    private func withOptions(
        _ logins: StubLogins = StubLogins(), changing change: (inout TestServer.Options) -> Void,
        _ body: (TestServer) async throws -> Void
    ) async throws {
        let drafts: [FunctionDraft] = [
            try .sample("report").with { $0.offersLogin = true }, try .sample("plain"),
            try .sample("grouped").with { ($0.offersLogin, $0.access) = (true, .groups(["others"])) },
            try .sample("admins").with { ($0.offersLogin, $0.access) = (true, .groups(["admins"])) },
        ]
        var options = TestServer.Options(
            functions: drafts, authenticator: StubAuthenticator(), sessions: StubSessions(), logins: logins)
        change(&options)
        try await TestServer.with(options, body)
    }

    // MARK: The listener of functions

    @Test func `a browser goes to the console with a cookie for its return`() async throws {
        try await with { server in
            let answer = try await server.send("GET", "/login?to=\(Self.to)", headers: Self.navigation)
            #expect(answer.status == 302, "\(answer.body)")
            #expect(
                answer.headers["location"] == "http://localhost:8090/login?to=\(Self.to)&state=\(StubLogins.state)")
            #expect(
                answer.headers["set-cookie"]
                    == "f2s-login-state=begun; Path=/login; Max-Age=600; HttpOnly; SameSite=Lax")
            #expect(answer.headers["cache-control"] == "no-store")
            let second = try await server.send(
                "GET", "/login?to=\(Self.to)", headers: ["Cookie": "f2s-login-state=earlier; f2s-login-state=a"])
            #expect(second.headers["set-cookie"]?.hasPrefix("f2s-login-state=earlier; Path=/login;") == true)
            let address = try await server.send("GET", "/login?to=\(Self.to)", headers: ["Host": "127.0.0.1:8080"])
            #expect(address.headers["location"]?.hasPrefix("http://127.0.0.1:8090/login?to=") == true)
            let secure = try await server.send("GET", "/login?to=\(Self.to)", headers: Self.https)
            #expect(
                secure.headers["set-cookie"]
                    == "__Secure-f2s-login-state=begun; Path=/login; Max-Age=600; HttpOnly; SameSite=Lax; Secure")
        }
    }

    @Test func `the settings name the console and the listener of functions as browsers reach them`() async throws {
        let urls: (inout TestServer.Options) -> Void = { options in
            options.settings.consoleURL = "https://console.example.org"
            options.settings.publicURL = "https://f2s.example.org"
        }
        try await withOptions(changing: urls) { server in
            let answer = try await server.send("GET", "/login?to=\(Self.to)")
            #expect(answer.headers["location"]?.hasPrefix("https://console.example.org/login?to=%2F") == true)
            let issued = try await issue(server, "/invoke/report", "functions:invoke")
            #expect(try issued.json == ["location": .string("https://f2s.example.org\(Self.ticket)")])
            let session = try await server.sendToConsole("GET", "/session").json
            #expect(session["invocationURL"] == "https://f2s.example.org/invoke")
        }
    }

    @Test(arguments: LoginTargetTests.hostile) func `a path that may lead elsewhere begins no sign-in`(
        text: String
    ) async throws {
        try await with { server in
            let answer = try await server.send("GET", "/login?to=\(FormText.encode(text))")
            #expect(answer.status == 400 && answer.problem?.contains("/invoke/report") == true)
            #expect(answer.headers["location"] == nil && answer.headers["set-cookie"] == nil)
        }
    }

    @Test(arguments: ["", "?", "?to", "?to=%2Finvoke%2Fa&to=%2Finvoke%2Fb", "?to=%2Finvoke%2F%FF"])
    func `a query without one path begins no sign-in`(query: String) async throws {
        try await with { server in
            let answer = try await server.send("GET", "/login\(query)")
            #expect(answer.status == 400)
        }
    }

    @Test(arguments: ["/login?to=\(to)", ticket]) func `without a console there is no sign-in, and the answer says so`(
        path: String
    ) async throws {
        try await withOptions(changing: { $0.sessions = nil }) { server in
            let answer = try await server.send("GET", path, headers: Self.state)
            #expect(answer.status == 409 && answer.problem?.contains("--console") == true)
            #expect(answer.headers["location"] == nil && answer.headers["set-cookie"] == nil)
        }
    }

    @Test(arguments: ["/login?to=\(to)", ticket]) func `without authentication no sign-in is needed`(
        path: String
    ) async throws {
        let logins = StubLogins()
        try await withOptions(logins, changing: { $0.authenticator = StubOpenAuthenticator() }) { server in
            let answer = try await server.send("GET", path, headers: Self.state)
            #expect(answer.status == 409 && answer.problem?.contains("f2s.auth") == true)
            #expect(answer.headers["location"] == nil && answer.headers["set-cookie"] == nil)
            let issued = try await issue(server, "/invoke/report", "functions:invoke")
            #expect(issued.status == 409 && logins.issues.withLock { $0.isEmpty })
        }
    }

    @Test func `a sign-in that cannot begin now is tried later`() async throws {
        try await with(StubLogins(error: .busy)) { server in
            let answer = try await server.send("GET", "/login?to=\(Self.to)")
            #expect(answer.status == 503 && answer.headers["retry-after"] == "1")
            #expect(answer.problem?.contains("Retry") == true && answer.headers["location"] == nil)
        }
    }

    @Test(arguments: [false, true]) func `a ticket signs the user in at the function only`(
        isSecure: Bool
    ) async throws {
        try await with { server in
            var headers = Self.navigation.merging(["Sec-Fetch-Site": "same-site"]) { $1 }
            headers["Cookie"] = "f2s-login-state=x; \(isSecure ? "__Secure-" : "")f2s-login-state=begun"
            if isSecure { headers.merge(Self.https) { $1 } }
            let answer = try await server.send("GET", Self.ticket, headers: headers)
            #expect(answer.status == 303, "\(answer.body)")
            #expect(answer.headers["location"] == "/invoke/report?a=b%20c")
            let (prefix, suffix) = isSecure ? ("__Secure-", "; Secure") : ("", "")
            #expect(
                answer.headers["set-cookie"]
                    == "\(prefix)f2s-login=signed-in; Path=/invoke/report; Max-Age=1800; HttpOnly; SameSite=Lax"
                    + suffix)
            #expect(answer.headers["cache-control"] == "no-store")
            #expect(answer.headers["referrer-policy"] == "no-referrer")
        }
    }

    @Test(arguments: [
        (ticket, [:]), (ticket, ["Cookie": "f2s-login-state=other"]), ("/login/callback?ticket=x", state),
        (ticket, ["Cookie": "__Secure-f2s-login-state=begun"]), (ticket, state.merging(https) { $1 }),
    ])
    func `a ticket that is not valid in this browser leads to a page with the reason`(
        path: String, headers: [String: String]
    ) async throws {
        try await with { server in
            let answer = try await server.send("GET", path, headers: headers)
            #expect(answer.status == 401 && answer.headers["content-type"] == "text/html; charset=utf-8")
            #expect(answer.body.contains("Open the function again."))
            #expect(answer.body.contains("<a href=\"http://localhost:8090/\">"), "\(answer.body)")
            #expect(answer.headers["www-authenticate"] == "F2S-Session realm=\"f2s\"")
            #expect(answer.headers["location"] == nil && answer.headers["set-cookie"] == nil)
            #expect(answer.headers["referrer-policy"] == "no-referrer")
            #expect(
                answer.headers["content-security-policy"]
                    == "sandbox; frame-ancestors 'none'; default-src 'none'; style-src 'unsafe-inline'")
            #expect(!answer.body.contains("<script"))
        }
    }

    @Test func `a ticket that cannot be checked now leads to a page that says so`() async throws {
        try await with(StubLogins(error: .busy)) { server in
            let answer = try await server.send("GET", Self.ticket, headers: Self.state)
            #expect(answer.status == 503 && answer.body.contains(CredentialError.busy.text))
            #expect(answer.headers["content-type"] == "text/html; charset=utf-8")
            #expect(answer.headers["www-authenticate"] == nil && answer.headers["set-cookie"] == nil)
        }
    }

    @Test(arguments: ["memory-gone", "memory-plain"])
    func `a function that is gone, or offers no sign-in any more, gets no cookie`(id: String) async throws {
        try await with(StubLogins(function: id)) { server in
            let answer = try await server.send("GET", Self.ticket, headers: Self.state)
            #expect(answer.status == 404 && answer.problem?.contains("spec.login") == true)
            #expect(answer.headers["location"] == nil && answer.headers["set-cookie"] == nil)
        }
    }

    @Test(arguments: ["/login/callback", "/login/callback?ticket=", "/login/callback?ticket=a&ticket=b"])
    func `without a ticket there is no sign-in`(path: String) async throws {
        try await with { server in
            let answer = try await server.send("GET", path, headers: Self.state)
            #expect(answer.status == 400)
        }
    }

    @Test(arguments: ["none", "same-origin", "same-site", "cross-site"])
    func `every page may lead a browser to the sign-in and back`(site: String) async throws {
        try await with { server in
            let headers = Self.navigation.merging(["Sec-Fetch-Site": site]) { $1 }.merging(Self.state) { $1 }
            let begun = try await server.send("GET", "/login?to=\(Self.to)", headers: headers)
            #expect(begun.status == 302)
            let finished = try await server.send("GET", Self.ticket, headers: headers)
            #expect(finished.status == 303)
        }
    }

    @Test(arguments: [
        ["Origin": "http://localhost"], ["Origin": "http://localhost:8090"], ["Origin": "null"],
        ["Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"],
        ["Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"],
        ["Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"],
        ["Host": "rebound.example"],
    ])
    func `a page begins and ends no sign-in by itself`(headers: [String: String]) async throws {
        try await with { server in
            for path in ["/login?to=\(Self.to)", Self.ticket] {
                let answer = try await server.send("GET", path, headers: headers.merging(Self.state) { $1 })
                #expect(answer.status == 403 && answer.headers["set-cookie"] == nil, "\(path)")
                #expect(answer.headers["location"] == nil)
            }
            #expect(try await server.send("POST", "/login?to=\(Self.to)").status == 405)
        }
    }

    // MARK: The console

    /// Sends a request for a ticket as the page does.
    private func issue(
        _ server: TestServer, _ target: String, _ grants: String, state: String = StubLogins.state,
        _ change: [String: String] = [:]
    ) async throws -> Answer {
        let headers = StubSessions.headers(grants).merging(["Content-Type": "application/json"]) { $1 }
        return try await server.sendToConsole(
            "POST", "/login", headers: headers.merging(change) { $1 },
            body: #"{"to":\#(target.jsonText),"state":\#(state.jsonText)}"#)
    }

    @Test func `the page is the same for every query and sets nothing`() async throws {
        try await with { server in
            let headers = Self.navigation.merging(["Sec-Fetch-Site": "cross-site"]) { $1 }
            let page = try await server.sendToConsole("GET", "/login?to=%3Cb%3E&state=%22", headers: headers)
            #expect(page.status == 200 && page.body.contains(#"<script type="module" src="/page/login.js"></script>"#))
            #expect(page.headers["location"] == nil && page.headers["set-cookie"] == nil)
            #expect(try await server.sendToConsole("GET", "/login", headers: headers).body == page.body)
            let script = try await server.sendToConsole("GET", "/page/login.js")
            #expect(script.status == 200 && script.body.contains("X-F2S-Session"))
        }
    }

    @Test(arguments: [
        ("/invoke/report?a=b%20c", "functions:invoke", "memory-report"),
        ("/invoke/report/more", "functions:invoke@rep*", "memory-report"),
        ("/invoke/admins", "functions:invoke", "memory-admins"),
    ])
    func `the console issues a ticket to a user who may invoke the function`(
        target: String, grants: String, function: String
    ) async throws {
        let logins = StubLogins()
        try await with(logins) { server in
            let answer = try await issue(server, target, grants)
            #expect(answer.status == 200, "\(answer.body)")
            #expect(try answer.json == ["location": .string("http://localhost:8080\(Self.ticket)")])
            #expect(
                logins.issues.withLock { $0 } == [
                    StubLogins.Issue(
                        cookies: [grants], proof: "proof-\(grants)", state: StubLogins.state,
                        function: Function.ID(function), target: target)
                ])
        }
    }

    @Test(arguments: [
        ("/invoke/report", "functions:list", 403, "functions:invoke"),
        ("/invoke/report", "functions:invoke@other", 403, "functions:invoke"),
        ("/invoke/grouped", "functions:invoke", 403, "functions:invoke"),
        ("/invoke/plain", "functions:invoke", 404, "spec.login"),
        ("/invoke/none", "functions:invoke", 404, "spec.login"), ("/invoke", "functions:invoke", 404, "spec.login"),
        ("/invokeX", "functions:invoke", 400, "/invoke/report"),
        ("//evil.example", "functions:invoke", 400, "/invoke/report"),
        ("/invoke/report", "ended", 401, "Sign in"), ("/invoke/report", "silent", 503, "Retry"),
    ])
    func `a user who may not invoke the function sees the reason`(
        target: String, grants: String, status: Int, reason: String
    ) async throws {
        let logins = StubLogins()
        try await with(logins) { server in
            let answer = try await issue(server, target, grants)
            #expect(answer.status == status && answer.problem?.contains(reason) == true, "\(answer.body)")
            #expect(logins.issues.withLock { $0.isEmpty })
        }
    }

    @Test(arguments: ["", "short", String(repeating: "a", count: 44), String(repeating: "a", count: 42) + "="])
    func `a state of another form is rejected`(state: String) async throws {
        let logins = StubLogins()
        try await with(logins) { server in
            let answer = try await issue(server, "/invoke/report", "functions:invoke", state: state)
            #expect(answer.status == 400 && answer.problem?.contains("state") == true)
            #expect(logins.issues.withLock { $0.isEmpty })
        }
    }

    @Test(arguments: [
        ["Origin": "http://localhost:8080"], ["Origin": "null"], ["Origin": "https://evil.example"],
        ["Sec-Fetch-Site": "same-site"], ["Sec-Fetch-Site": "cross-site"],
        ["Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"],
        ["Host": "rebound.example:8090"],
    ])
    func `a page of another origin gets no ticket, even with a session`(change: [String: String]) async throws {
        let logins = StubLogins()
        try await with(logins) { server in
            let answer = try await issue(server, "/invoke/report", "functions:invoke", change)
            #expect(answer.status == 403 && answer.problem?.contains("functions:invoke") == false, "\(answer.body)")
            #expect(logins.issues.withLock { $0.isEmpty })
        }
    }

    @Test(arguments: [["X-F2S-Session": "proof-other"], ["Cookie": "other=1"]])
    func `a request without the session and its proof gets no ticket`(change: [String: String]) async throws {
        let logins = StubLogins()
        try await with(logins) { server in
            let answer = try await issue(server, "/invoke/report", "functions:invoke", change)
            #expect(answer.status == 401)
            #expect(logins.issues.withLock { $0.isEmpty })
        }
    }

    @Test func `an Authorization field gets no ticket of the session beside it`() async throws {
        let logins = StubLogins()
        try await with(logins) { server in
            let answer = try await issue(
                server, "/invoke/report", "functions:list", ["Authorization": "Bearer functions:invoke"])
            #expect(answer.status == 400 && answer.problem?.contains("Authorization") == true)
            #expect(logins.issues.withLock { $0.isEmpty })
        }
    }

    @Test func `an error of the session is told as such`() async throws {
        try await with(StubLogins(error: .sessionEnded)) { server in
            let answer = try await issue(server, "/invoke/report", "functions:invoke")
            #expect(answer.status == 401 && answer.problem?.contains("Sign in to the console again") == true)
        }
    }
}
