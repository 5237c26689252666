import F2SDispatcher
import F2SMetrics
import F2SModel
import Testing

/// Tests a separate management listener: the requests that the public listener then rejects, and the clients that may
/// use management.
@Suite struct ManagementListenerTests {
    /// Runs a dispatcher with both listeners, an API that responds with the request line, and the function `/hello`.
    private func withManagement(
        loops: Int = 1, limits: Limits = .ofTests, _ body: (Testbed, _ api: StubServer) async throws -> Void
    ) async throws {
        let path = temporarySocketPath()
        let api = try await StubServer.start(path: path) { $0.connection.send(ok($0.line)) }
        let server = try await StubServer.answering(ok("hi"))
        try await withTestbed(loops: loops, apiPath: path, hasManagement: true, limits: limits) { bed in
            try await bed.serve(server)
            try await body(bed, api)
        }
        await server.stop()
        await api.stop()
    }

    private func request(_ target: String, _ method: String = "GET") -> String {
        "\(method) \(target) HTTP/1.1\r\nHost: a\r\n\r\n"
    }

    @Test(arguments: testedLoops)
    func `the public listener serves functions and health, and names the management listener`(loops: Int) async throws {
        try await withManagement(loops: loops) { bed, api in
            let client = try await bed.client()
            #expect(try await client.ask(get()).body == "hi")
            #expect(try await client.ask(request("/health")).body == "GET /health HTTP/1.1")
            for target in ["/", "/functions", "/config", "/health/x", "/healthz", "//health", "/Health", "/docs"] {
                let answer = try await client.ask(request(target))
                #expect(answer.status == 404, "\(target)")
                #expect(answer.field("Content-Type") == Problem.mediaType)
                #expect(answer.body.contains("management listener"), "\(answer.body)")
            }
            let declaration = "POST /functions HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
            #expect(try await client.ask(declaration).status == 404)
            #expect(api.requests.map(\.line) == ["GET /health HTTP/1.1"])
            #expect(bed.isIdle())
        }
    }

    @Test(arguments: testedLoops)
    func `the management listener serves management and functions`(loops: Int) async throws {
        try await withManagement(loops: loops) { bed, _ in
            let client = try await bed.manager()
            for target in ["/", "/functions", "/health"] {
                #expect(try await client.ask(request(target)).body == "GET \(target) HTTP/1.1")
            }
            #expect(try await client.ask(get()).body == "hi")
        }
    }

    @Test(arguments: testedLoops)
    func `a replica may not use management, even over an earlier connection`(loops: Int) async throws {
        try await withManagement(loops: loops) { bed, api in
            let early = try await bed.manager(from: "127.0.0.7")
            #expect(try await early.ask(request("/functions")).status == 200)
            bed.dispatcher.refuse(atManagement: ["127.0.0.7", "fd00::7"])
            for client in [early, try await bed.manager(from: "127.0.0.7")] {
                for text in [request("/functions"), request("/health"), get()] {
                    let answer = try await client.ask(text)
                    #expect(answer.status == 403)
                    #expect(answer.body.contains("127.0.0.7 is a replica of a function"), "\(answer.body)")
                }
            }
            #expect(api.requests.count == 1)
            // Other addresses may use management, and a replica may invoke functions.
            #expect(try await bed.manager(from: "127.0.0.8").ask(request("/functions")).status == 200)
            #expect(try await RawClient.connect(to: bed.port, from: "127.0.0.7").ask(get()).body == "hi")
            bed.dispatcher.refuse(atManagement: [])
            #expect(try await bed.manager(from: "127.0.0.7").ask(request("/functions")).status == 200)
        }
    }

    @Test func `operators can connect while clients use all allowed connections`() async throws {
        var limits = Limits()
        limits.connectionsMax = 1
        try await withManagement(limits: limits) { bed, _ in
            let first = try await bed.client()
            try await eventually("the client is counted") { bed.clientConnections == 1 }
            try await bed.client().closed()
            #expect(try await bed.manager().ask(request("/functions")).status == 200)
            first.close()
        }
    }

    @Test func `draining also closes the management listener`() async throws {
        try await withManagement { bed, _ in
            let port = try #require(bed.dispatcher.managementPort)
            await bed.dispatcher.beginDraining()
            #expect(await bed.refuses(at: port))
        }
    }

    @Test func `the public listener serves management if there is no management listener`() async throws {
        let path = temporarySocketPath()
        let api = try await StubServer.start(path: path) { $0.connection.send(ok($0.line)) }
        try await withTestbed(apiPath: path) { bed in
            #expect(bed.dispatcher.managementPort == nil)
            let answer = try await bed.client().ask(request("/functions"))
            #expect(answer.status == 200)
        }
        await api.stop()
    }

    @Test func `a management address in use makes the start fail`() throws {
        let (descriptor, port) = try Wire.occupy()
        defer { Wire.reset(descriptor) }
        let settings = DispatcherSettings(
            host: "127.0.0.1", port: 0, loops: 1, apiSocketPath: temporarySocketPath(),
            management: ManagementSettings(host: "127.0.0.1", port: port))
        let dispatcher = try Dispatcher(settings, metrics: MetricRegistry())
        defer { dispatcher.stop() }
        #expect(throws: (any Error).self) { _ = try dispatcher.start() }
        #expect(dispatcher.managementPort == nil)
    }
}
