import F2SDispatcher
import F2SModel
import NIOCore
import Testing

/// Requires the header on connections from these addresses.
private func require(
    _ bed: Testbed, _ isRequired: Bool = true, limits: Limits = Limits(), from ranges: String...
) async {
    bed.dispatcher.apply(
        DispatcherSettings.Tuning(
            limits: limits, trustedProxies: ranges.compactMap { AddressRange($0) }, requiresProxyHeader: isRequired))
    await bed.dispatcher.waitForLoops()
}

/// Tests connections that begin with a header of the PROXY protocol.
@Suite struct ProxyProtocolTests {
    private static let line = ProxyHeaderSample.line("TCP4 192.0.2.7 198.51.100.1 4711 443")

    private func refused(_ bed: Testbed) async -> Double { await bed.metric("f2s_connections_refused_total") }

    @Test(arguments: [
        (line, "192.0.2.7", "for=192.0.2.7;proto=http"),
        (
            ProxyHeaderSample.line("TCP6 2001:DB8:0:0::7 ::1 4711 443"), "2001:db8::7",
            "for=\"[2001:db8::7]\";proto=http"
        ),
        (ProxyHeaderSample.line("UNKNOWN"), "127.0.0.1", "for=127.0.0.1;proto=http"),
        (ProxyHeaderSample.v4, "192.0.2.7", "for=192.0.2.7;proto=http"),
        (ProxyHeaderSample.v6, "2001:db8:1:2::7", "for=\"[2001:db8:1:2::7]\";proto=http"),
        (ProxyHeaderSample.local, "127.0.0.1", "for=127.0.0.1;proto=http"),
        (ProxyHeaderSample.binary(family: 0), "127.0.0.1", "for=127.0.0.1;proto=http"),
    ])
    func `the header names the client of every request of its connection`(
        header: [UInt8], address: String, node: String
    ) async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            await require(bed, from: "127.0.0.1")
            try await bed.serve(server)
            let client = try await bed.client()
            // The bytes behind the header belong to the first request.
            client.send(ByteBuffer(bytes: header + Array(get("/hello/1").utf8)))
            #expect(try await client.answer().status == 200)
            #expect(try await client.ask(get("/hello/2")).status == 200)
            #expect(server.requests.map(\.line) == ["GET /1 HTTP/1.1", "GET /2 HTTP/1.1"])
            for request in server.requests {
                #expect(request.fields("X-Forwarded-For") == [address])
                #expect(request.fields("Forwarded") == [node])
            }
            #expect(await refused(bed) == 0)
        }
        await server.stop()
    }

    @Test(arguments: [line, ProxyHeaderSample.v6], testedLoops)
    func `a header and the first request may arrive byte by byte`(header: [UInt8], loops: Int) async throws {
        let server = try await StubServer.start { $0.connection.send(ok($0.body)) }
        try await withTestbed(loops: loops) { bed in
            await require(bed, from: "127.0.0.0/8")
            try await bed.serve(server)
            let client = try await bed.client()
            try await client.dribble(header + Array(post(body: "content").utf8))
            #expect(try await client.answer().body == "content")
        }
        await server.stop()
    }

    // MARK: Connections without a header

    @Test func `connections of other addresses have no header, and may not have one`() async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            await require(bed, from: "127.0.0.1", "10.0.0.0/8")
            try await bed.serve(server)
            let client = try await RawClient.connect(to: bed.port, from: "127.0.0.2")
            #expect(try await client.ask(get()).status == 200)
            #expect(server.requests.last?.fields("X-Forwarded-For") == ["127.0.0.2"])
            let claimant = try await RawClient.connect(to: bed.port, from: "127.0.0.2")
            claimant.send(ByteBuffer(bytes: Self.line + Array(get().utf8)))
            #expect(try await claimant.answer().status == 400)
            #expect(server.requests.count == 1)
            #expect(await refused(bed) == 0)
        }
        await server.stop()
    }

    @Test func `without the setting, trusted proxies may not send a header`() async throws {
        try await withTestbed { bed in
            bed.declare()
            await require(bed, false, from: "127.0.0.1")
            #expect(try await bed.client().ask(get("/nothing")).status == 404)
            let client = try await bed.client()
            client.send(ByteBuffer(bytes: Self.line + Array(get("/nothing").utf8)))
            #expect(try await client.answer().status == 400)
        }
    }

    @Test(arguments: [
        get(), "G", "POST / HTTP/1.1\r\n", "PROPFIND /invoke/hello HTTP/1.1\r\nHost: a\r\n\r\n",
    ])
    func `a request instead of the header gets 400 with the reason`(request: String) async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            await require(bed, from: "127.0.0.1")
            try await bed.serve(server)
            let client = try await bed.client()
            let answer = try await client.ask(request)
            #expect(answer.status == 400)
            #expect(answer.field("Content-Type") == Problem.mediaType)
            #expect(answer.field("Connection") == "close")
            #expect(answer.body.contains("f2s.proxy_protocol"), "\(answer.body)")
            try await client.closed()
            #expect(await refused(bed) == 1)
            #expect(await bed.metric("f2s_requests_refused_total{stage=\"route\"}") == 1)
            #expect(server.requests.isEmpty)
        }
        await server.stop()
    }

    @Test(arguments: [
        ProxyHeaderSample.line("TCP4 192.0.2.256 198.51.100.1 1 2"), Array("PROXY UNKNOWN\n".utf8),
        Array("PROXY UNKNOWN ".utf8) + [UInt8](repeating: 120, count: 200),
        ProxyHeaderSample.binary(command: 0x31, family: 0x11, ProxyHeaderSample.v4Content),
        ProxyHeaderSample.binary(family: 0x00, [UInt8](repeating: 0, count: 4097)),
        // A TLS handshake, and a request after empty lines.
        [22, 3, 1, 0, 1], Array("\r\n\r\n\(get())".utf8),
    ])
    func `a malformed or too long header closes the connection without a response`(bytes: [UInt8]) async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            await require(bed, from: "127.0.0.1")
            try await bed.serve(server)
            let client = try await bed.client()
            client.send(ByteBuffer(bytes: bytes + Array(get().utf8)))
            try await client.closed()
            #expect(client.inbox.total == 0)
            #expect(await refused(bed) == 1)
            #expect(server.requests.isEmpty)
            try await eventually("the connection is not counted any more") { bed.clientConnections == 0 }
        }
        await server.stop()
    }

    @Test func `a change of the setting applies to new connections`() async throws {
        try await withTestbed { bed in
            bed.declare()
            await require(bed, false, from: "127.0.0.1")
            let early = try await bed.client()
            #expect(try await early.ask(get("/nothing")).status == 404)
            await require(bed, from: "127.0.0.1")
            #expect(try await early.ask(get("/nothing")).status == 404)
            #expect(try await bed.client().ask(get("/nothing")).status == 400)
        }
    }

    @Test func `a drain closes a connection that waits for its header`() async throws {
        try await withTestbed { bed in
            await require(bed, from: "127.0.0.1")
            let client = try await bed.client()
            try await eventually("the client is counted") { bed.clientConnections == 1 }
            await bed.dispatcher.beginDraining()
            try await client.closed()
            #expect(await refused(bed) == 0)
        }
    }

    // MARK: The address

    @Test func `the address in the header decides whether the request's fields are trusted`() async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            await require(bed, from: "127.0.0.1", "10.0.0.0/8")
            try await bed.serve(server)
            for (header, expected) in [
                (ProxyHeaderSample.line("TCP4 10.1.1.1 198.51.100.1 1 2"), "1.2.3.4, 10.1.1.1"),
                (ProxyHeaderSample.local, "1.2.3.4, 127.0.0.1"), (ProxyHeaderSample.v4, "192.0.2.7"),
            ] {
                let client = try await bed.client()
                client.send(ByteBuffer(bytes: header + Array(get("/hello", "X-Forwarded-For: 1.2.3.4\r\n").utf8)))
                #expect(try await client.answer().status == 200)
                #expect(server.requests.last?.fields("X-Forwarded-For") == [expected])
            }
        }
        await server.stop()
    }

    @Test(arguments: testedLoops) func `each client in a header has its own bucket`(loops: Int) async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed(loops: loops) { bed in
            await require(bed, from: "127.0.0.1")
            try await bed.serve(server, function: makeFunction(limits: FunctionLimits(rate: 0.001, burst: 1)))
            for (header, expected) in [
                (Self.line, 200), (Self.line, 429), (ProxyHeaderSample.v4, 429),
                (ProxyHeaderSample.line("TCP6 ::ffff:192.0.2.7 ::1 1 2"), 429),
                (ProxyHeaderSample.line("TCP4 192.0.2.8 198.51.100.1 1 2"), 200),
                (ProxyHeaderSample.v6, 200), (ProxyHeaderSample.line("TCP6 2001:db8:1:2::9 ::1 1 2"), 429),
                (ProxyHeaderSample.line("TCP6 2001:db8:1:3::9 ::1 1 2"), 200),
                (ProxyHeaderSample.local, 200), (ProxyHeaderSample.line("UNKNOWN"), 429),
            ] {
                let client = try await bed.client()
                client.send(ByteBuffer(bytes: header + Array(get().utf8)))
                #expect(try await client.answer().status == expected, "\(header)")
            }
        }
        await server.stop()
    }

    // MARK: Listeners

    @Test(arguments: [false, true])
    func `the listeners for management and the console take the header, and reject a function by the address in it`(
        isConsole: Bool
    ) async throws {
        let path = temporarySocketPath()
        let server = try await StubServer.start(path: path) { $0.connection.send(ok($0.line)) }
        try await withTestbed(
            apiPath: isConsole ? nil : path, hasManagement: true, consolePath: isConsole ? path : nil
        ) { bed in
            await require(bed, from: "127.0.0.1")
            bed.dispatcher.refuse(atManagement: ["192.0.2.7"])
            let request = Array("GET /functions HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            for (header, expected) in [
                (Self.line, 403), (ProxyHeaderSample.v4, 403), (ProxyHeaderSample.v6, 200),
                (ProxyHeaderSample.local, 200),
                ([], 400),
            ] {
                let client = try await isConsole ? bed.browser() : bed.manager()
                client.send(ByteBuffer(bytes: header + request))
                #expect(try await client.answer().status == expected, "\(header)")
            }
            #expect(server.requests.count == 2)
        }
        await server.stop()
    }

    @Test func `the internal listener takes no header`() async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed(internal: makeInternal()) { bed in
            await require(bed, from: "127.0.0.1")
            try await bed.serve(server)
            let shown = "X-F2S-Token: \(token)\r\n"
            #expect(try await bed.peer().ask(get("/hello", shown)).status == 200)
            let other = try await bed.peer()
            other.send(ByteBuffer(bytes: Self.line + Array(get("/hello", shown).utf8)))
            #expect(try await other.answer().status == 400)
            #expect(server.requests.count == 1)
        }
        await server.stop()
    }
}

extension DispatcherSerial {
    /// Tests the time limit of the header.
    @Suite struct ProxyTimeoutTests {
        private static var limits: Limits {
            var limits = Limits()
            limits.headTimeout = .seconds(1)
            return limits
        }

        @Test(
            arguments: [
                ([], 0), (Array("PROXY TCP4 192.0.2.7".utf8), 1), (Array(ProxyHeaderSample.v4.prefix(20)), 1),
                ([13], 1),
                // A complete header without a request.
                (ProxyHeaderSample.v4, 0),
            ] as [([UInt8], Double)])
        func `the head's time limit includes the header`(bytes: [UInt8], refused: Double) async throws {
            try await withTestbed { bed in
                await require(bed, limits: Self.limits, from: "127.0.0.1")
                let client = try await bed.client()
                client.send(ByteBuffer(bytes: bytes))
                try await client.closed()
                #expect(client.inbox.total == 0)
                #expect(await bed.metric("f2s_connections_refused_total") == refused)
            }
        }

        @Test func `a request that does not arrive in time after the header gets 408`() async throws {
            try await withTestbed { bed in
                await require(bed, limits: Self.limits, from: "127.0.0.1")
                let client = try await bed.client()
                client.send(ByteBuffer(bytes: ProxyHeaderSample.v4 + Array("GET /invoke".utf8)))
                #expect(try await client.answer().status == 408)
            }
        }
    }
}
