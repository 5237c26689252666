import F2SDispatcher
import F2SMetrics
import F2SModel
import NIOPosix
import Testing

/// Tests the listener of the console: the server behind it, and the requests and clients that it rejects.
@Suite struct ConsoleListenerTests {
    /// Runs a dispatcher with a console, an API, and the function `/hello`. Console and API respond with their name and
    /// the request line.
    private func withConsole(
        loops: Int = usualLoops, hasManagement: Bool = false, limits: Limits = .ofTests,
        _ body: (Testbed, _ console: StubServer, _ api: StubServer) async throws -> Void
    ) async throws {
        let (consolePath, apiPath) = (temporarySocketPath(), temporarySocketPath())
        let console = try await StubServer.start(path: consolePath) { $0.connection.send(ok("console \($0.line)")) }
        let api = try await StubServer.start(path: apiPath) { $0.connection.send(ok("api \($0.line)")) }
        let server = try await StubServer.answering(ok("hi"))
        try await withTestbed(
            loops: loops, apiPath: apiPath, hasManagement: hasManagement, consolePath: consolePath, limits: limits
        ) { bed in
            try await bed.serve(server)
            try await body(bed, console, api)
            // Only requests of `get` have this host, so none of the console's requests has reached the function.
            #expect(server.requests.allSatisfy { $0.field("Host") == "f2s.test" })
        }
        await server.stop()
        await api.stop()
        await console.stop()
    }

    private func request(_ target: String, _ fields: String = "") -> String {
        "GET \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
    }

    @Test(arguments: testedLoops, [false, true])
    func `every path but that of functions goes to the console's server unchanged`(
        loops: Int, hasManagement: Bool
    ) async throws {
        try await withConsole(loops: loops, hasManagement: hasManagement) { bed, console, api in
            let client = try await bed.browser()
            for target in [
                "/", "/index.html?a=%2F", "/functions", "/health", "/invoked", "//invoke/hello", "/x/../invoke",
            ] {
                let answer = try await client.ask(request(target))
                #expect(answer.body == "console GET \(target) HTTP/1.1")
                #expect(answer.field("Server-Timing") == nil)
            }
            let body = String(repeating: "x", count: 300_000)
            let upload = "POST /api/functions HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            #expect(try await client.ask(upload).body == "console POST /api/functions HTTP/1.1")
            #expect(console.requests.last?.body == body)
            #expect(console.requests.last?.fields("X-Forwarded-For") == ["127.0.0.1"])
            #expect(api.requests.isEmpty)
            #expect(bed.isIdle())
            // The other listeners still use the API's socket.
            #expect(try await bed.client().ask(request("/health")).body == "api GET /health HTTP/1.1")
        }
    }

    @Test(arguments: testedLoops)
    func `an invocation gets 404 that names the public listener, and reaches no server`(loops: Int) async throws {
        try await withConsole(loops: loops) { bed, console, api in
            let client = try await bed.browser()
            let paths = [
                "/invoke", "/invoke/", "/invoke/hello", "/invoke/hello/a?b", "/invoke/nothing", "/%69nvoke/hello",
            ]
            for path in paths {
                let answer = try await client.ask(request(path))
                #expect(answer.status == 404, "\(path)")
                #expect(answer.field("Content-Type") == Problem.mediaType)
                #expect(answer.body.contains("\"title\":\"The console does not serve functions\""), "\(answer.body)")
                #expect(answer.body.contains("public listener"), "\(answer.body)")
            }
            #expect(console.requests.isEmpty && api.requests.isEmpty)
            // A refusal is counted after its response is sent, and before the next request of the connection is read.
            _ = try await client.ask(request("/functions"))
            #expect(await bed.metric("f2s_requests_refused_total{stage=\"route\"}") == Double(paths.count))
            #expect(await bed.metric("f2s_requests_incoming_total{function=\"hello\"}") == 0)
            #expect(try await bed.client().ask(get()).body == "hi")
        }
    }

    @Test(arguments: testedLoops)
    func `a replica may not use the console, even over an earlier connection`(loops: Int) async throws {
        try await withConsole(loops: loops) { bed, console, _ in
            let early = try await bed.browser(from: "127.0.0.7")
            #expect(try await early.ask(request("/")).status == 200)
            bed.dispatcher.refuse(atManagement: ["127.0.0.7"])
            for client in [early, try await bed.browser(from: "127.0.0.7")] {
                for text in [request("/"), request("/health"), request("/invoke/hello")] {
                    let answer = try await client.ask(text)
                    #expect(answer.status == 403)
                    #expect(answer.body.contains("127.0.0.7 is a replica of a function"), "\(answer.body)")
                }
            }
            #expect(console.requests.count == 1)
            #expect(try await bed.browser(from: "127.0.0.8").ask(request("/")).status == 200)
        }
    }

    @Test(arguments: testedLoops)
    func `browsers at the console do not use the connections that are kept for operators`(loops: Int) async throws {
        var limits = Limits.ofTests
        limits.connectionsMax = 1
        try await withConsole(loops: loops, limits: limits) { bed, _, _ in
            let first = try await bed.browser()
            try await eventually("the browser is counted") { bed.clientConnections == 1 }
            try await bed.browser().closed()
            first.close()
        }
    }

    @Test(arguments: testedLoops)
    func `requests get 503 while the console's server is down, and the API is no replacement`(loops: Int) async throws {
        let apiPath = temporarySocketPath()
        let api = try await StubServer.start(path: apiPath) { $0.connection.send(ok()) }
        try await withTestbed(loops: loops, apiPath: apiPath, consolePath: temporarySocketPath()) { bed in
            let client = try await bed.browser()
            for _ in 0..<2 {
                let answer = try await client.ask(request("/"))
                #expect(answer.status == 503)
                #expect(answer.field("Retry-After") == "1")
            }
            #expect(api.requests.isEmpty)
        }
        await api.stop()
    }

    @Test(arguments: testedLoops)
    func `the cookies of the console pass at its listener only`(loops: Int) async throws {
        let (consolePath, apiPath) = (temporarySocketPath(), temporarySocketPath())
        let set = "Set-Cookie: f2s-session=new; HttpOnly\r\nSet-Cookie: a=b\r\n"
        let console = try await StubServer.start(path: consolePath) { $0.connection.send(ok(fields: set)) }
        let api = try await StubServer.start(path: apiPath) { $0.connection.send(ok(fields: set)) }
        try await withTestbed(loops: loops, apiPath: apiPath, hasManagement: true, consolePath: consolePath) { bed in
            let sent = "Cookie: a=1; f2s-session=secret; b=2\r\n"
            let own = try await bed.browser().ask(request("/", sent))
            #expect(own.fields("Set-Cookie") == ["f2s-session=new; HttpOnly", "a=b"])
            #expect(console.requests.last?.fields("Cookie") == ["a=1; f2s-session=secret; b=2"])
            for client in [try await bed.client(), try await bed.manager()] {
                let other = try await client.ask(request("/health", sent))
                #expect(other.fields("Set-Cookie") == ["a=b"])
                #expect(api.requests.last?.fields("Cookie") == ["a=1; b=2"])
            }
        }
        await api.stop()
        await console.stop()
    }

    @Test(arguments: testedLoops) func `draining also closes the console's listener`(loops: Int) async throws {
        try await withConsole(loops: loops) { bed, _, _ in
            let port = try #require(bed.dispatcher.consolePort)
            await bed.dispatcher.beginDraining()
            #expect(await bed.refuses(at: port))
        }
    }

    @Test func `without settings there is no console`() async throws {
        try await withTestbed { bed in #expect(bed.dispatcher.consolePort == nil) }
    }

    @Test func `a console address in use makes the start fail, and no listener is open then`() throws {
        let (descriptor, port) = try Wire.occupy()
        defer { Wire.reset(descriptor) }
        let settings = DispatcherSettings(
            host: "127.0.0.1", port: 0, loops: 1, apiSocketPath: temporarySocketPath(),
            management: ManagementSettings(host: "127.0.0.1", port: 0),
            console: ConsoleSettings(host: "127.0.0.1", port: port, socketPath: temporarySocketPath()))
        let dispatcher = try Dispatcher(settings, metrics: MetricRegistry())
        defer { dispatcher.stop() }
        #expect(throws: (any Error).self) { _ = try dispatcher.start() }
        #expect(dispatcher.consolePort == nil && dispatcher.managementPort == nil)
    }

    @Test func `the console's listener may be inherited`() async throws {
        let (main, port) = try Wire.listen()
        let (own, consolePort) = try Wire.listen()
        var settings = DispatcherSettings(
            host: "127.0.0.1", port: port, loops: usualLoops, apiSocketPath: temporarySocketPath(),
            console: ConsoleSettings(host: "127.0.0.1", port: consolePort, socketPath: temporarySocketPath()))
        settings.inherited = InheritedListeners(main: main, console: own)
        #expect(settings.inherited?.descriptors == [main, own])
        let dispatcher = try Dispatcher(settings, metrics: MetricRegistry())
        #expect(try dispatcher.start() == port)
        #expect(dispatcher.consolePort == consolePort)
        let client = try await RawClient.connect(to: consolePort)
        #expect(try await client.ask(request("/")).status == 503)
        try await NIOThreadPool.singleton.runIfActive { dispatcher.stop() }
    }
}
