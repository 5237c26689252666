import F2SDispatcher
import F2SModel
import Testing

/// The access log and the audit log of the dispatcher, over real sockets.
@Suite struct AccessLogTests {
    private func with(
        _ function: Function = makeFunction(), authenticator: StubAuthenticator? = nil,
        trustedProxies: [AddressRange] = [], timeouts: Timeouts = Timeouts(),
        _ handler: @escaping @Sendable (StubRequest) -> Void = { $0.connection.send(ok("six by")) },
        _ body: (Testbed, SampleRequestLog, StubServer) async throws -> Void
    ) async throws {
        let server = try await StubServer.start(handler)
        let log = SampleRequestLog()
        try await withTestbed(
            timeouts: timeouts, authenticator: authenticator, log: log, trustedProxies: trustedProxies
        ) { bed in
            try await bed.serve(server, function: function)
            try await body(bed, log, server)
        }
        await server.stop()
    }

    /// Waits for the record of the only invocation.
    private func only(_ log: SampleRequestLog) async throws -> AccessRecord {
        try await eventually("the invocation is recorded") { log.records.count == 1 }
        return log.records[0]
    }

    @Test func `each invocation of a connection has a record with its request and response`() async throws {
        try await with { bed, log, server in
            let client = try await bed.client()
            let fields = "User-Agent: test/1\r\nReferer: http://a/b\r\nX-Request-Id: given\r\n"
            #expect(try await client.ask(get("/hello/a?b=c", fields)).status == 200)
            #expect(try await client.ask(post(body: "x")).status == 200)
            try await eventually("both are recorded") { log.records.count == 2 }
            let (first, second) = (log.records[0], log.records[1])
            #expect(first.method == "GET" && first.target == "/invoke/hello/a?b=c" && first.minorVersion == 1)
            #expect(first.function == "hello" && first.client == "127.0.0.1" && first.user == nil)
            #expect(first.userAgent == "test/1" && first.referer == "http://a/b" && first.requestID == "given")
            #expect(first.status == 200 && first.contentBytes == 6 && first.outcome == .completed && first.stage == nil)
            #expect(first.durationMicroseconds > 0 && first.time > 1_700_000_000)
            #expect(second.method == "POST" && second.userAgent == nil && second.referer == nil)
            let sent = try server.requests.last.orThrow().fields("X-Request-Id")
            #expect(second.requestID?.count == 32 && sent == [second.requestID])
        }
    }

    @Test func `requests to the API and to the server have no record`() async throws {
        try await with { bed, log, _ in
            let client = try await bed.client()
            _ = try await client.ask(get("/hello"))
            client.send("GET /functions HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.answer().status == 503)
            client.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await client.answer()
            #expect(log.records.count == 1)
            #expect(log.entries.isEmpty)
        }
    }

    @Test func `without the setting there are no records, and it applies at once`() async throws {
        try await with { bed, log, _ in
            bed.dispatcher.apply(DispatcherSettings.Tuning(limits: .ofTests))
            await bed.dispatcher.waitForLoops()
            let client = try await bed.client()
            #expect(try await client.ask(get("/hello")).status == 200)
            bed.dispatcher.apply(DispatcherSettings.Tuning(limits: .ofTests, logsAccess: true))
            await bed.dispatcher.waitForLoops()
            #expect(try await client.ask(get("/hello?second")).status == 200)
            #expect(try await only(log).target == "/invoke/hello?second")
        }
    }

    @Test func `an unknown path is recorded without a function`() async throws {
        try await with { bed, log, _ in
            #expect(try await bed.client().ask(get("/unknown")).status == 404)
            let record = try await only(log)
            #expect(record.function == nil && record.status == 404 && record.outcome == .failed)
            #expect(record.stage == .route && record.contentBytes == 0)
        }
    }

    @Test func `a response that breaks off is recorded as such`() async throws {
        try await with { request in
            request.connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            request.connection.close()
        } _: { bed, log, _ in
            let client = try await bed.client()
            client.send(get())
            let record = try await only(log)
            #expect(record.status == 200 && record.outcome == .brokenOff && record.stage == .function)
            #expect(record.contentBytes == 3)
            client.close()
        }
    }

    @Test(arguments: [true, false])
    func `a client that leaves is recorded`(hasBegun: Bool) async throws {
        try await with { request in
            if hasBegun { request.connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc") }
        } _: { bed, log, server in
            let client = try await bed.client()
            client.send(get())
            try await eventually("the replica has the request") { server.requests.count == 1 }
            if hasBegun { try await eventually("the response has begun") { client.inbox.total > 0 } }
            client.close()
            let record = try await only(log)
            #expect(record.status == (hasBegun ? 200 : 499) && record.outcome == .clientGone)
        }
    }

    @Test func `a timeout is recorded with its stage and the waits`() async throws {
        try await with(makeFunction(timeout: .milliseconds(300))) { _ in
        } _: { bed, log, _ in
            #expect(try await bed.client().ask(get()).status == 504)
            let record = try await only(log)
            #expect(record.status == 504 && record.outcome == .failed && record.stage == .function)
            #expect(record.durationMicroseconds >= 300_000 && record.queueMicroseconds < 300_000)
        }
    }

    @Test func `a tunnel is recorded when it ends`() async throws {
        try await with { request in
            request.connection.send("HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nabc")
        } _: { bed, log, _ in
            let client = try await bed.client()
            client.send(get("/hello", "Connection: Upgrade\r\nUpgrade: websocket\r\n"))
            try await eventually("the tunnel is open") { client.inbox.text.contains("abc") }
            #expect(log.records.isEmpty)
            client.close()
            let record = try await only(log)
            #expect(record.status == 101 && record.outcome == .completed)
        }
    }

    @Test(arguments: [
        ("", "127.0.0.1"), ("X-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1"),
        ("X-Forwarded-For: 198.51.100.7, 192.0.2.1, 127.0.0.9\r\n", "192.0.2.1"),
        ("Forwarded: for=\"[2001:db8::1]:4711\"\r\n", "2001:db8::1"), ("X-Forwarded-For: hidden\r\n", "hidden"),
    ])
    func `behind trusted proxies the client is the one that they report`(fields: String, client: String) async throws {
        let proxies = [try #require(AddressRange("127.0.0.0/8"))]
        try await with(authenticator: StubAuthenticator(), trustedProxies: proxies) { bed, log, server in
            let ann = "Authorization: Bearer ann functions:invoke\r\n"
            #expect(try await bed.client().ask(get("/hello", fields + ann)).status == 200)
            let record = try await only(log)
            #expect(record.client == client && record.user == "ann")
            #expect(try await bed.client().ask(get("/hello", fields)).status == 401)
            #expect(log.entries.map(\.client) == [client])
            // The fields that F2S passes on do not depend on the log.
            let forwarded = try server.requests.last.orThrow().fields("X-Forwarded-For")
            #expect(forwarded.allSatisfy { $0.hasSuffix("127.0.0.1") })
        }
    }

    @Test func `each refused invocation has an entry with its caller, before and after the check`() async throws {
        try await with(authenticator: StubAuthenticator()) { bed, log, _ in
            let client = try await bed.client()
            let requests = [
                ("", 401), ("Authorization: Basic x\r\n", 401), ("Authorization: Basic x\r\n", 401),
                ("Authorization: Bearer eve\r\n", 403), ("Authorization: Bearer eve\r\n", 403),
                ("Authorization: Bearer ann functions:invoke\r\n", 200),
            ]
            for (fields, status) in requests {
                #expect(try await client.ask(get("/hello", fields)).status == status)
            }
            let entries = log.entries
            #expect(entries.map(\.status) == [401, 401, 401, 403, 403])
            #expect(entries.map(\.user) == [nil, nil, nil, "eve", "eve"])
            #expect(entries.map(\.claimedUser) == [nil, "claimed", "claimed", nil, nil])
            #expect(entries.allSatisfy { $0.function == "hello" && $0.action == "functions:invoke" })
            #expect(entries.allSatisfy { $0.client == "127.0.0.1" && $0.reason?.isEmpty == false })
            try await eventually("all are recorded") { log.records.count == 6 }
            #expect(log.records.map(\.user) == [nil, nil, nil, "eve", "eve", "ann"])
        }
    }

    @Test func `a forwarded invocation is recorded by the process that the client has called`() async throws {
        let server = try await StubServer.start { $0.connection.send(ok()) }
        let logs = (SampleRequestLog(), SampleRequestLog())
        try await withPair(logs: logs) { first, second in
            let function = makeFunction(concurrency: 1)
            try await second.serve(server, function: function)
            try await first.serve(server, function: function)
            first.setOwnership(elsewhere: second.internalAddress, isHeld: true)
            #expect(try await first.client().ask(get("/hello")).status == 200)
            #expect(try await only(logs.0).function == "hello")
            await second.dispatcher.waitForLoops()
            #expect(logs.1.records.isEmpty)
        }
        await server.stop()
    }
}
