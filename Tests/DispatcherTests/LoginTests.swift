import F2SDispatcher
import F2SModel
import Testing

/// The sign-in of users at a function (`spec.login`), over real sockets.
@Suite struct LoginTests {
    private static let opens = "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n"
    private static let own = "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n"

    private func with(
        _ function: Function = makeFunction(offersLogin: true), hasManagement: Bool = false,
        log: SampleRequestLog? = nil, isBehindProxy: Bool = false,
        _ body: (Testbed, StubLogins, StubServer, StubServer) async throws -> Void
    ) async throws {
        let path = temporarySocketPath()
        let api = try await StubServer.start(path: path) { request in
            request.connection.send(ok(request.line, fields: "Set-Cookie: f2s-login=new\r\n"))
        }
        let server = try await StubServer.answering(ok("hi", fields: "Set-Cookie: f2s-login=evil\r\n"))
        let logins = StubLogins()
        try await withTestbed(
            apiPath: path, hasManagement: hasManagement, authenticator: StubAuthenticator(), logins: logins, log: log,
            trustedProxies: isBehindProxy ? [AddressRange("127.0.0.0/8")].compactMap(\.self) : []
        ) { bed in
            try await bed.serve(server, function: function)
            try await body(bed, logins, server, api)
            try await eventually("no invocation is left") { bed.isIdle() }
        }
        await server.stop()
        await api.stop()
    }

    private let secureName = "__Secure-f2s-login"

    private func cookie(_ value: String, _ name: String = "f2s-login") -> String { "Cookie: \(name)=\(value)\r\n" }

    // MARK: Without a sign-in

    @Test(arguments: [
        (opens, "/hello", "/login?to=%2Finvoke%2Fhello"),
        ("Accept: text/html,*/*;q=0.8\r\n", "/hello", "/login?to=%2Finvoke%2Fhello"),
        (opens, "/hello/a%20b?x=1&y=%2F", "/login?to=%2Finvoke%2Fhello%2Fa%2520b%3Fx%3D1%26y%3D%252F"),
        // A raw byte returns percent-encoded.
        (opens, "/hello?\u{e4}", "/login?to=%2Finvoke%2Fhello%3F%25C3%25A4"),
    ])
    func `a browser that opens the function is led to the sign-in, and back`(
        fields: String, path: String, location: String
    ) async throws {
        let log = SampleRequestLog()
        try await with(log: log) { bed, logins, server, _ in
            let client = try await bed.client()
            for _ in 1...2 {
                let answer = try await client.ask(get(path, fields))
                #expect(answer.status == 302)
                #expect(answer.field("Location") == location)
                #expect(answer.field("Cache-Control") == "no-store")
                #expect(answer.fields("WWW-Authenticate").isEmpty)
            }
            #expect(server.requests.isEmpty && logins.questions.isEmpty)
            #expect(log.entries.isEmpty, "nothing is refused: the console asks for the user")
        }
    }

    @Test(arguments: [
        "", "Accept: */*\r\n", "Accept: application/json\r\n", own,
        "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n",
        "Sec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\nAccept: text/html\r\n",
    ])
    func `other requests without credentials get 401`(fields: String) async throws {
        try await with { bed, _, server, _ in
            let answer = try await bed.client().ask(get("/hello", fields))
            #expect(answer.status == 401 && answer.field("Location") == nil)
            // A browser that gets another challenge asks for a password by itself.
            let isOfPage = fields.contains("Sec-Fetch")
            #expect(answer.fields("WWW-Authenticate").count == (isOfPage ? 1 : 2))
            #expect((answer.field("WWW-Authenticate")?.hasPrefix("F2S-Session") == true) == isOfPage)
            #expect(answer.body.contains("Open the function in the browser") == isOfPage)
            let posted = try await bed.client().ask(post(body: "x", Self.opens))
            #expect(posted.status == 401)
            #expect(server.requests.isEmpty)
        }
    }

    @Test func `a function without login, or with other credentials, leads nowhere`() async throws {
        try await with(makeFunction()) { bed, logins, _, _ in
            let client = try await bed.client()
            #expect(try await client.ask(get("/hello", Self.opens)).status == 401)
            #expect(try await client.ask(get("/hello", Self.opens + cookie("ann@hello"))).status == 401)
            #expect(logins.questions.isEmpty)
        }
        try await with { bed, logins, _, _ in
            let client = try await bed.client()
            let wrong = "Authorization: Basic wrong\r\n"
            #expect(try await client.ask(get("/hello", Self.opens + wrong + cookie("ann@hello"))).status == 401)
            let ann = "Authorization: Bearer ann functions:invoke\r\n"
            #expect(try await client.ask(get("/hello", Self.opens + ann)).body == "hi")
            #expect(logins.questions.isEmpty)
        }
        try await with(makeFunction(access: .everybody, offersLogin: true)) { bed, logins, server, _ in
            let client = try await bed.client()
            #expect(try await client.ask(get("/hello", Self.opens + cookie("x"))).body == "hi")
            #expect(logins.questions.isEmpty && server.requests.last?.field("Cookie") == nil)
        }
    }

    @Test func `a path that is too long for the way back gets 401`() async throws {
        try await with { bed, _, _, _ in
            let client = try await bed.client()
            let longest = "/hello?" + String(repeating: "a", count: 2048 - "/invoke/hello?".utf8.count)
            #expect(try await client.ask(get(longest, Self.opens)).status == 302)
            #expect(try await client.ask(get(longest + "a", Self.opens)).status == 401)
        }
    }

    // MARK: With a sign-in

    @Test(arguments: [false, true], [opens, own, "", "Origin: SCHEME://f2s.test\r\n"])
    func `the cookie of a sign-in names the caller, and reaches no function`(
        isSecure: Bool, origin: String
    ) async throws {
        let name = isSecure ? "__Secure-f2s-login" : "f2s-login"
        let scheme = isSecure ? "X-Forwarded-Proto: https\r\n" : ""
        let fields = scheme + origin.replacing("SCHEME", with: isSecure ? "https" : "http")
        try await with(isBehindProxy: true) { bed, logins, server, _ in
            let client = try await bed.client()
            let cookies = "Cookie: a=1; \(name)=ann@hello; b=2\r\n"
            for text in [get("/hello", fields + cookies), post(body: "text", fields + cookies)] {
                let answer = try await client.ask(text)
                #expect(answer.body == "hi")
                #expect(answer.fields("Set-Cookie").isEmpty, "no function sets the cookie")
                #expect(answer.fields("Cache-Control") == ["private"] && answer.fields("Vary") == ["Cookie"])
                let request = try server.requests.last.orThrow()
                #expect(request.fields("X-F2S-User") == ["ann"] && request.fields("X-F2S-Groups") == ["team"])
                #expect(request.fields("Cookie") == ["a=1; b=2"])
            }
            #expect(logins.questions == [["ann@hello"], ["ann@hello"]])
        }
    }

    @Test(arguments: [
        "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n",
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\n",
        "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n",
        "Origin: http://f2s.test:8090\r\n", "Origin: https://evil.example\r\n", "Origin: null\r\n", "Origin: x\r\n",
    ])
    func `a page of another origin cannot use the sign-in`(fields: String) async throws {
        try await with { bed, logins, server, _ in
            let client = try await bed.client()
            #expect(try await client.ask(get("/hello", fields + cookie("ann@hello"))).status == 401)
            #expect(try await client.ask(post(body: "x", fields + cookie("ann@hello"))).status == 401)
            #expect(logins.questions.isEmpty && server.requests.isEmpty)
        }
    }

    @Test func `over https, a cookie that a page without https can set is of no use`() async throws {
        let secure = "X-Forwarded-Proto: https\r\n"
        try await with(isBehindProxy: true) { bed, logins, server, _ in
            let client = try await bed.client()
            for fields in [
                secure + cookie("eve@hello"), secure + "Origin: http://f2s.test\r\n" + cookie("ann@hello", secureName),
                cookie("ann@hello", secureName),
            ] {
                #expect(try await client.ask(get("/hello", fields)).status == 401)
            }
            #expect(logins.questions.isEmpty && server.requests.isEmpty)
        }
        // Only a trusted proxy knows that the browser uses https.
        try await with { bed, logins, _, _ in
            let client = try await bed.client()
            #expect(try await client.ask(get("/hello", secure + cookie("ann@hello", secureName))).status == 401)
            #expect(try await client.ask(get("/hello", secure + cookie("ann@hello"))).body == "hi")
            #expect(logins.questions == [["ann@hello"]])
        }
    }

    @Test func `a form of another site cannot use the sign-in, and a link can`() async throws {
        try await with { bed, logins, server, _ in
            let client = try await bed.client()
            let fields = "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n"
            #expect(try await client.ask(post(body: "x", fields + cookie("ann@hello"))).status == 401)
            #expect(logins.questions.isEmpty && server.requests.isEmpty)
            let next = try await bed.client()
            #expect(try await next.ask(get("/hello", fields + cookie("ann@hello"))).body == "hi")
        }
    }

    @Test func `a sign-in that is not valid leads to the console, and gives other requests 401`() async throws {
        let log = SampleRequestLog()
        try await with(log: log) { bed, _, server, _ in
            let client = try await bed.client()
            for value in ["ann@other", "x", ""] {
                let opened = try await client.ask(get("/hello?a", Self.opens + cookie(value)))
                #expect(opened.status == 302 && opened.field("Location") == "/login?to=%2Finvoke%2Fhello%3Fa")
                let called = try await client.ask(get("/hello", Self.own + cookie(value)))
                #expect(called.status == 401 && called.field("WWW-Authenticate")?.hasPrefix("F2S-Session") == true)
            }
            let busy = try await client.ask(get("/hello", Self.opens + cookie("busy@hello")))
            #expect(busy.status == 503 && busy.field("Location") == nil)
            let eve = try await client.ask(get("/hello", Self.opens + cookie("eve@hello")))
            #expect(eve.status == 403, "another sign-in would not help")
            #expect(server.requests.isEmpty)
            #expect(log.entries.map(\.status) == [401, 401, 401, 403])
        }
    }

    @Test func `of several cookies at most four are tried`() async throws {
        try await with { bed, logins, _, _ in
            let client = try await bed.client()
            let others = (1...3).map { "f2s-login=u\($0)@other" }
            let good = "Cookie: \(others.joined(separator: "; "))\r\nCookie:  f2s-login = ann@hello ; a=1\r\n"
            #expect(try await client.ask(get("/hello", Self.own + good)).body == "hi")
            #expect(logins.questions.last?.count == 4)
            let many = "Cookie: \((others + others).joined(separator: "; ")); f2s-login=ann@hello\r\n"
            #expect(try await client.ask(get("/hello", Self.own + many)).status == 401)
            #expect(logins.questions.last?.count == 4)
        }
    }

    // MARK: The API server

    @Test(arguments: [false, true])
    func `the paths of the sign-in reach the API server with the cookies, and no other path does`(
        hasManagement: Bool
    ) async throws {
        try await with(hasManagement: hasManagement) { bed, _, _, api in
            let client = try await bed.client()
            let cookies = "Cookie: f2s-login-state=s; a=1\r\n"
            for target in ["/login?to=x", "/login/callback?ticket=t"] {
                let answer = try await client.ask("GET \(target) HTTP/1.1\r\nHost: a\r\n\(cookies)\r\n")
                #expect(answer.body == "GET \(target) HTTP/1.1")
                #expect(answer.fields("Set-Cookie") == ["f2s-login=new"])
                #expect(api.requests.last?.field("Cookie") == "f2s-login-state=s; a=1")
            }
            let count = api.requests.count
            for target in ["/login/", "/login/other", "/logins", "/Login"] {
                let answer = try await client.ask("GET \(target) HTTP/1.1\r\nHost: a\r\n\(cookies)\r\n")
                #expect(answer.status == (hasManagement ? 404 : 200), "\(target)")
                if !hasManagement { #expect(api.requests.last?.field("Cookie") == "a=1") }
            }
            #expect(hasManagement == (api.requests.count == count))
        }
    }
}
