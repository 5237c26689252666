import F2SDispatcher
import F2SModel
import Testing

/// Requests of web pages of other origins to functions with `spec.cors`, over real sockets.
@Suite struct CORSTests {
    private static let page = "https://app.example.org"

    private static func rule(
        _ origins: [String] = [page], _ methods: [Function.Method] = [], _ headers: [String] = [],
        credentials: Bool = false
    ) -> Function.CORS {
        var cors = Function.CORS(origins: origins)
        cors.methods = methods
        cors.headers = headers
        cors.allowsCredentials = credentials
        return cors
    }

    private func with(
        _ cors: Function.CORS?, method: Function.Method? = nil, authenticator: StubAuthenticator? = nil,
        fields: String = "", _ body: (Testbed, StubServer) async throws -> Void
    ) async throws {
        let server = try await StubServer.start { $0.connection.send(ok(fields: fields)) }
        try await withTestbed(authenticator: authenticator) { bed in
            try await bed.serve(server, function: makeFunction(method: method, cors: cors))
            try await body(bed, server)
            try await eventually("no invocation is left") { bed.isIdle() }
        }
        await server.stop()
    }

    private func preflight(
        _ method: String, headers: String? = nil, from origin: String = page, path: String = "/hello"
    ) -> String {
        let asked = headers.map { "Access-Control-Request-Headers: \($0)\r\n" } ?? ""
        return "OPTIONS /invoke\(path) HTTP/1.1\r\nHost: a\r\nOrigin: \(origin)\r\n"
            + "Access-Control-Request-Method: \(method)\r\n\(asked)\r\n"
    }

    @Test func `a preflight request is answered without a replica and without credentials`() async throws {
        try await withTestbed(authenticator: StubAuthenticator()) { bed in
            // A cold function: no replica runs, and none is started.
            bed.declare(makeFunction(method: .post, cors: Self.rule(credentials: true)))
            let client = try await bed.client()
            for _ in 0..<3 {
                let answer = try await client.ask(preflight("POST", headers: "content-type,authorization"))
                #expect(answer.status == 204 && answer.body.isEmpty)
                #expect(answer.fields("Access-Control-Allow-Origin") == [Self.page])
                #expect(answer.fields("Access-Control-Allow-Credentials") == ["true"])
                #expect(answer.fields("Access-Control-Allow-Methods") == ["POST"])
                #expect(answer.fields("Access-Control-Allow-Headers") == ["content-type,authorization"])
                #expect(answer.fields("Access-Control-Max-Age") == ["600"])
                #expect(answer.fields("Vary").joined(separator: ", ").contains("Origin"))
                #expect(answer.fields("Date").count == 1 && answer.fields("Content-Length").isEmpty)
            }
            #expect(bed.load().queued == 0)
            #expect(await bed.metric("f2s_activations_total{function=\"hello\"}") == 0)
        }
    }

    @Test(
        arguments: [
            (rule(), "GET", nil, "https://evil.example", "spec.cors.origins does not contain https://evil.example"),
            (rule(), "GET", nil, "null", "spec.cors.origins does not contain null"),
            (rule(), "GET", nil, "https://app.example.org.evil.example", "spec.cors.origins"),
            (rule([page], [.get]), "PUT", nil, page, "spec.cors.methods does not contain PUT"),
            (rule([page], [.get]), "PROPFIND", nil, page, "spec.cors.methods does not contain PROPFIND"),
            (rule([page], [], ["X-A"]), "GET", "x-a,x-b", page, "spec.cors.headers does not contain x-b"),
            (rule([page], [.get, .put]), "GET/PUT", nil, page, "does not contain GET/PUT"),
            (rule(), "GET PUT", nil, page, "does not answer GET PUT"),
            (rule(), "GET", String(repeating: "a,", count: 101), page, "names over 100 fields"),
            (rule([page], [], ["X-A"]), "GET", String(repeating: "a,", count: 101), page, "names over 100 fields"),
        ] as [(Function.CORS, String, String?, String, String)])
    func `a page that may not send the request learns why`(
        cors: Function.CORS, method: String, headers: String?, origin: String, reason: String
    ) async throws {
        try await with(cors) { bed, server in
            let answer = try await bed.client().ask(preflight(method, headers: headers, from: origin))
            #expect(answer.status == 403 && answer.body.contains(reason), "\(answer.body)")
            #expect(answer.fields("Access-Control-Allow-Methods").isEmpty)
            #expect(server.requests.isEmpty)
        }
    }

    @Test(
        arguments: [
            (Function.Method.get, "GET", 204), (.get, "HEAD", 204), (.get, "PUT", 405), (.options, "PUT", 403),
            (nil, "PUT", 204),
        ] as [(Function.Method?, String, Int)])
    func `a preflight request permits the requested method only, and only if the function answers it`(
        answered: Function.Method?, method: String, status: Int
    ) async throws {
        let cors = Self.rule([Self.page], [.get, .head, .put])
        try await with(cors, method: answered) { bed, _ in
            let answer = try await bed.client().ask(preflight(method))
            #expect(answer.status == status, "\(answer.body)")
            #expect(answer.fields("Access-Control-Allow-Methods") == (status == 204 ? [method] : []))
        }
    }

    @Test(
        arguments: [
            (rule(), page, [page], [String](), ["Origin"]), (rule(), "https://evil.example", [], [], ["Origin"]),
            (rule(), nil, [], [], ["Origin"]), (rule(credentials: true), page, [page], ["true"], ["Origin"]),
            (rule(["*"]), "https://any.example", ["*"], [], []), (rule(["*"]), nil, ["*"], [], []),
        ] as [(Function.CORS, String?, [String], [String], [String])])
    func `a response names the page, in place of what the function says`(
        cors: Function.CORS, origin: String?, allowed: [String], credentials: [String], vary: [String]
    ) async throws {
        let fields =
            "Access-Control-Allow-Origin: *\r\naccess-control-allow-credentials: true\r\n"
            + "Access-Control-Expose-Headers: X\r\n"
        try await with(cors, fields: fields) { bed, server in
            let client = try await bed.client()
            let line = origin.map { "Origin: \($0)\r\n" } ?? ""
            for request in [get("/hello", line), post(body: "x", line)] {
                let answer = try await client.ask(request)
                #expect(answer.status == 200)
                #expect(answer.fields("Access-Control-Allow-Origin") == allowed)
                #expect(answer.fields("Access-Control-Allow-Credentials") == credentials)
                #expect(answer.fields("Access-Control-Expose-Headers") == ["X"])
                #expect(answer.fields("Vary") == vary)
            }
            #expect(try server.requests.last.orThrow().fields("Origin") == [origin].compactMap(\.self))
        }
    }

    @Test func `a page may read the errors of F2S`() async throws {
        try await with(Self.rule(), method: .get, authenticator: StubAuthenticator()) { bed, _ in
            let line = "Origin: \(Self.page)\r\n"
            for (request, status) in [(get("/hello", line), 401), (post(body: "x", line), 405)] {
                let answer = try await bed.client().ask(request)
                #expect(answer.status == status)
                #expect(answer.fields("Access-Control-Allow-Origin") == [Self.page])
            }
            let client = try await bed.client()
            #expect(try await client.ask(get("/hello", line)).status == 401)
            let unknown = try await client.ask(get("/unknown", line))
            #expect(unknown.status == 404 && unknown.fields("Access-Control-Allow-Origin").isEmpty)
            client.send("x y\r\n\r\n")
            #expect(try await client.answer().fields("Access-Control-Allow-Origin").isEmpty)
        }
    }

    @Test func `without the rule the function answers browsers itself`() async throws {
        try await with(nil, fields: "Access-Control-Allow-Origin: own\r\n") { bed, server in
            let client = try await bed.client()
            let answer = try await client.ask(preflight("GET"))
            #expect(answer.status == 200 && answer.fields("Access-Control-Allow-Origin") == ["own"])
            #expect(answer.fields("Vary").isEmpty)
            #expect(try server.requests.last.orThrow().line.hasPrefix("OPTIONS"))
        }
    }

    @Test func `OPTIONS that is no preflight request reaches the function`() async throws {
        try await with(Self.rule()) { bed, server in
            let client = try await bed.client()
            for fields in ["", "Origin: \(Self.page)\r\n", "Access-Control-Request-Method: GET\r\n"] {
                let answer = try await client.ask("OPTIONS /invoke/hello HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
                #expect(answer.status == 200, "\(fields)")
            }
            #expect(server.requests.count == 3)
        }
    }

    @Test func `a preflight request with content leaves the connection in order`() async throws {
        try await with(Self.rule()) { bed, server in
            let client = try await bed.client()
            // A line end is one character.
            client.send("\(preflight("GET").dropLast())Content-Length: 5\r\n\r\n")
            let answer = try await client.answer()
            #expect(answer.status == 204 && answer.fields("Connection") == ["close"])
            let next = try await bed.client()
            next.send(preflight("GET") + get() + preflight("GET") + get("/hello/2"))
            for status in [204, 200, 204, 200] { #expect(try await next.answer().status == status) }
            #expect(server.requests.count == 2)
        }
    }

    @Test func `the process that the page has called adds the fields, and its owner does not`() async throws {
        let server = try await StubServer.start { $0.connection.send(ok()) }
        try await withPair { first, second in
            let function = makeFunction(concurrency: 1, cors: Self.rule())
            try await second.serve(server, function: function)
            try await first.serve(server, function: function)
            first.setOwnership(elsewhere: second.internalAddress, isHeld: true)
            let client = try await first.client()
            #expect(try await client.ask(preflight("GET")).status == 204)
            let answer = try await client.ask(get("/hello", "Origin: \(Self.page)\r\n"))
            #expect(answer.status == 200 && answer.fields("Access-Control-Allow-Origin") == [Self.page])
            #expect(answer.fields("Vary") == ["Origin"])
        }
        await server.stop()
    }
}
