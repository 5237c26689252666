import F2SModel
import Synchronization
import TestSupport
import Testing

@testable import F2SAPIServer

/// The pages of the console, and the sign-in at a provider, to which a browser navigates.
@Suite struct ConsolePageTests {
    /// The headers of a navigation from a page of another site.
    private static let navigation = [
        "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document",
    ]
    private static let begin = "/session/begin?provider=https%3A%2F%2Fid.example%2Fa%3Fb%3Dc+d"
    private static let callback = "/session/callback?code=a+b%2Bc%2Fd&state=s"
    private static let cookie = ["Cookie": "f2s-signin=pending"]

    private func with(
        _ sessions: StubSessions = StubSessions(), _ body: (TestServer) async throws -> Void
    ) async throws {
        let options = TestServer.Options(
            functions: [try .sample("hello")], authenticator: StubAuthenticator(), sessions: sessions)
        try await TestServer.with(options, body)
    }

    @Test(arguments: [
        ("/", "text/html; charset=utf-8"), ("/console.css", "text/css; charset=utf-8"),
        ("/console.js", "text/javascript; charset=utf-8"), ("/callback.js", "text/javascript; charset=utf-8"),
        ("/login", "text/html; charset=utf-8"), ("/login?to=%3Cb%3E&state=s", "text/html; charset=utf-8"),
        ("/login.js", "text/javascript; charset=utf-8"),
    ])
    func `the files of the page run scripts of the console only`(path: String, type: String) async throws {
        try await with { server in
            let answer = try await server.sendToConsole("GET", path)
            #expect(answer.status == 200 && !answer.body.isEmpty)
            #expect(answer.headers["content-type"] == type)
            #expect(answer.headers["cache-control"] == "no-store")
            checkPolicy(answer)
            #expect(answer.headers["set-cookie"] == nil)
        }
    }

    @Test func `the page contains no script, no style and nothing of other servers`() {
        #expect(!ConsolePage.index.contains("style=") && !ConsolePage.index.contains("<style"))
        #expect(!ConsolePage.index.contains(#/\son[a-z]+=/#))
        for script in ConsolePage.index.matches(of: #/<script([^>]*)>([^<]*)</#) {
            #expect(script.1.contains("src=\"/console.js\"") && script.2.isEmpty)
        }
        let scripts = [ConsolePage.script, ConsolePage.callbackScript, ConsolePage.loginScript]
        for text in [ConsolePage.index, ConsolePage.style] + scripts {
            for part in ["http://", "https://", "//cdn", "innerHTML", "eval("] { #expect(!text.contains(part)) }
        }
        // Without the script a form would send the password as a part of the URL, unless its method is POST.
        #expect(ConsolePage.index.matches(of: #/<form/#).count == 2)
        #expect(ConsolePage.index.matches(of: #/<form [^>]*method="post" action="/session"/#).count == 2)
    }

    @Test(arguments: ["/functions", "/session", "/nothing", "/config", "/docs"])
    func `other responses have no origin in a browser`(path: String) async throws {
        try await with { server in
            for headers in [StubSessions.headers("functions:list"), ["Accept": "text/html"]] {
                let answer = try await server.sendToConsole("GET", path, headers: headers)
                let policy = answer.headers["content-security-policy"] ?? ""
                #expect(policy.hasPrefix("sandbox; frame-ancestors 'none'"), "\(path)")
                #expect(answer.headers["cross-origin-resource-policy"] == "same-origin")
                #expect(answer.headers["x-content-type-options"] == "nosniff")
                #expect(answer.headers["access-control-allow-origin"] == nil)
            }
        }
    }

    @Test func `a link of another site leads to the page and the sign-in only`() async throws {
        try await with { server in
            for route in server.consoleRoutes where route.name.hasPrefix("GET ") {
                let path = route.path.replacing("{name}", with: "hello").replacing("{provider}", with: "acme")
                let headers = StubSessions.headers("functions:list").merging(Self.navigation) { $1 }
                    .filter { $0.key != "Origin" }
                let answer = try await server.sendToConsole("GET", path, headers: headers)
                let entries = [
                    "/", "/session/begin", "/session/callback", "/session/callback/acme", "/login", "/docs", "/health",
                ]
                let isEntry = entries.contains(path)
                #expect((answer.status != 403) == isEntry, "\(path): \(answer.status)")
            }
        }
    }

    @Test(arguments: [
        ["Host": "rebound.example:8090"], ["Origin": "http://localhost:8080"], ["Origin": "null"],
        ["Sec-Fetch-Site": "same-site"], ["Sec-Fetch-Site": "cross-site"],
        ["Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"],
    ])
    func `a page of another origin reads and changes nothing, even with a session`(
        change: [String: String]
    ) async throws {
        try await with { server in
            let before = server.memory.functions.current
            let grants = Privilege.allCases.map(\.rawValue).joined(separator: "|")
            var headers = StubSessions.headers(grants).merging(change) { $1 }
            headers["Content-Type"] = "application/yaml"
            for route in server.consoleRoutes where route.origin != .anywhere {
                let path = route.path.replacing("{name}", with: "hello").replacing("{provider}", with: "acme")
                let answer = try await server.sendToConsole(
                    String(route.name.prefix { $0 != " " }), path, headers: headers, body: manifest("other"))
                #expect(answer.status == 403, "\(route.name)")
                #expect(answer.headers["set-cookie"] == nil)
            }
            #expect(server.memory.functions.current == before)
        }
    }

    @Test func `a browser goes to the provider with a cookie for its return`() async throws {
        let sessions = StubSessions()
        try await with(sessions) { server in
            let answer = try await server.sendToConsole("GET", Self.begin, headers: Self.navigation)
            #expect(answer.status == 302)
            #expect(answer.headers["location"] == "https://id.example/authorize?state=s")
            #expect(
                answer.headers["set-cookie"]
                    == "f2s-signin=pending; Path=/session/callback; Max-Age=600; HttpOnly; SameSite=Lax")
            #expect(sessions.callbacks.withLock { $0 } == ["http://localhost:8090/session/callback"])
            for path in ["/session/begin", "/session/begin?provider=https%3A%2F%2Fevil.example"] {
                let unknown = try await server.sendToConsole("GET", path)
                #expect(unknown.status == 404 && unknown.headers["location"] == nil)
                #expect(unknown.body.contains("No provider with this URL") && unknown.body.contains("href=\"/\""))
                checkPolicy(unknown)
            }
        }
    }

    @Test func `the page after a sign-in is the same for every query and sets nothing`() async throws {
        let sessions = StubSessions()
        try await with(sessions) { server in
            let headers = Self.navigation.merging(Self.cookie) { $1 }
            let answer = try await server.sendToConsole("GET", Self.callback, headers: headers)
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "text/html; charset=utf-8")
            #expect(answer.headers["location"] == nil && answer.headers["refresh"] == nil)
            #expect(answer.headers["set-cookie"] == nil)
            #expect(answer.body.contains(#"<script type="module" src="/callback.js"></script>"#))
            #expect(answer.headers["referrer-policy"] == "no-referrer")
            #expect(answer.headers["cache-control"] == "no-store")
            checkPolicy(answer)
            let other = try await server.sendToConsole("GET", "/session/callback?error=%3Cscript%3E", headers: headers)
            #expect(other.body == answer.body)
            #expect(sessions.callbacks.withLock { $0.isEmpty }, "any site can lead a browser here")
        }
    }

    /// Sends the end of a sign-in as the page does.
    private func finish(
        _ server: TestServer, _ query: String, _ headers: [String: String], tab: String = "the-tab-of-the-console",
        at path: String = "/session/callback"
    ) async throws -> Answer {
        let own = ["Content-Type": "application/json", "Origin": "http://localhost:8090"]
        return try await server.sendToConsole(
            "POST", path, headers: own.merging(headers) { $1 },
            body: #"{"query":"\#(query)","tab":"\#(tab)"}"#)
    }

    /// Returns the headers of a sign-in that has begun with another one.
    private static func changed(_ name: String, _ value: String) -> [String: String] {
        cookie.merging([name: value]) { $1 }
    }

    private static let query = "code=a+b%2Bc%2Fd&state=s"

    @Test func `a sign-in begins a session`() async throws {
        let sessions = StubSessions()
        try await with(sessions) { server in
            let answer = try await finish(server, Self.query, Self.cookie)
            #expect(answer.status == 200, "\(answer.body)")
            #expect(answer.body.contains("3600") && answer.body.contains("proof"), "\(answer.body)")
            let cookies = answer.headers["set-cookie"] ?? ""
            #expect(
                cookies.contains("f2s-session=functions:list; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict"))
            #expect(cookies.contains("f2s-signin=; Path=/session/callback; Max-Age=0; HttpOnly; SameSite=Lax"))
            #expect(sessions.callbacks.withLock { $0 } == ["http://localhost:8090/session/callback"])
        }
    }

    @Test func `a provider may have a URL of its own, which the sign-in is checked by`() async throws {
        let sessions = StubSessions()
        try await with(sessions) { server in
            let own = "/session/callback/acme"
            let page = try await server.sendToConsole("GET", own + "?code=c&state=s", headers: Self.navigation)
            #expect(page.status == 200 && page.body.contains(#"src="/callback.js""#))
            checkPolicy(page)
            #expect(try await finish(server, Self.query, Self.cookie, at: own).status == 200)
            #expect(sessions.callbacks.withLock { $0 } == ["http://localhost:8090" + own])
            #expect(try await finish(server, Self.query, Self.cookie, at: own + "/x").status == 404)
        }
    }

    @Test(arguments: [
        (query, [:], "the-tab-of-the-console", 400, "no sign-in that waits"),
        (query, ["Cookie": "f2s-signin=other"], "the-tab-of-the-console", 400, "no sign-in that waits"),
        (query, ["Cookie": "__Host-f2s-signin=pending"], "the-tab-of-the-console", 400, "no sign-in that waits"),
        (query, cookie, "another", 400, "This tab has not begun the sign-in"),
        ("code=a&state=t", cookie, "the-tab-of-the-console", 400, "another sign-in"),
        ("error=denied", cookie, "the-tab-of-the-console", 403, "refused the sign-in: denied."),
        (query, changed("Origin", "http://localhost:8080"), "the-tab-of-the-console", 403, "Only pages of the console"),
        (query, changed("Sec-Fetch-Site", "same-site"), "the-tab-of-the-console", 403, "Only pages of the console"),
    ])
    func `a sign-in that fails says why and sets nothing`(
        query: String, headers: [String: String], tab: String, status: Int, reason: String
    ) async throws {
        try await with { server in
            let answer = try await finish(server, query, headers, tab: tab)
            #expect(answer.status == status, "\(answer.body)")
            #expect(answer.problem?.contains(reason) == true, "\(answer.body)")
            #expect(answer.headers["set-cookie"] == nil)
        }
    }

    @Test func `the console invokes nothing, and names the listeners that do`() async throws {
        try await with { server in
            for method in ["GET", "POST"] {
                let answer = try await server.sendToConsole(
                    method, "/invoke/hello", headers: StubSessions.headers("functions:invoke"))
                #expect(answer.status == 404)
                #expect(answer.problem?.contains("http://127.0.0.1:8080/invoke/hello (--listen)") == true)
            }
            #expect(!server.consoleRoutes.contains { $0.path.hasPrefix("/invoke") })
            let metrics = try await server.sendToConsole("GET", "/metrics")
            #expect(metrics.problem?.contains("(--operations)") == true)
            let elsewhere = try await server.send("GET", "/session", headers: ["Authorization": "Bearer "])
            #expect(elsewhere.problem?.contains("http://127.0.0.1:8090/session (--console)") == true)
            // URLs of functions name the public listener, and not the console.
            let services = try await server.sendToConsole(
                "GET", "/services", headers: StubSessions.headers("functions:list"))
            #expect(services.body.contains("http://localhost:8080/invoke/hello"))
        }
    }

    @Test func `the listener of the API leads to the console`() async throws {
        try await with { server in
            for headers in [["Origin": "http://localhost"], ["Sec-Fetch-Site": "same-origin"]] {
                let answer = try await server.send("GET", "/functions", headers: headers)
                #expect(answer.problem?.contains("Use the console at http://localhost:8090/, or f2s") == true)
            }
            let home = try await server.send(
                "GET", "/", headers: ["Accept": "text/html", "Authorization": "Bearer functions:list"])
            #expect(home.body.contains("<a href=\"http://localhost:8090/\">Console</a>"))
        }
        try await TestServer.with { server in
            let answer = try await server.send("GET", "/functions", headers: ["Origin": "null"])
            #expect(answer.problem?.contains("console") == false)
            let home = try await server.send("GET", "/", headers: ["Accept": "text/html"])
            #expect(!home.body.contains("Console"))
        }
    }

    /// Checks that a page runs scripts of the console only, and that it and its URL stay within the console's origin.
    private func checkPolicy(_ answer: Answer) {
        let policy = answer.headers["content-security-policy"]
        #expect(
            policy
                == "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
                + "base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
        #expect(answer.headers["referrer-policy"] == "no-referrer")
        #expect(answer.headers["cross-origin-opener-policy"] == "same-origin")
        #expect(answer.headers["cross-origin-resource-policy"] == "same-origin")
        #expect(answer.headers["x-content-type-options"] == "nosniff")
    }
}
