import F2SModel
import Testing

/// Tests excesses that ``HostileTests`` does not cover.
@Suite struct OversizedTests {
    private static let chunked = "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    private static let long = String(repeating: "x", count: 17_000)

    /// Excessive framing of a body. The limits for bodies do not include framing.
    static let framings = [
        ("an extension", chunked + "5;\(long)\r\nhello\r\n0\r\n\r\n"),
        (
            "extensions that add up",
            chunked + String(repeating: "1;\(String(repeating: "x", count: 200))\r\na\r\n", count: 90)
        ),
        ("an extension of the last chunk", chunked + "0;\(long)\r\n\r\n"),
        ("a trailer", chunked + "0\r\nX: \(long)\r\n\r\n"), ("a trailer's name", chunked + "0\r\n\(long): x\r\n\r\n"),
        ("trailers that add up", chunked + "0\r\n" + String(repeating: "X: yyyyyyyy\r\n", count: 2000) + "\r\n"),
        ("an extension without end", chunked + "5;\(long)\(long)\(long)\(long)\(long)"),
    ]

    // The argument is a number because the test's report contains its arguments, and these texts are long.
    @Test(arguments: framings.indices) func `excessive framing is rejected`(number: Int)
        async throws
    {
        let (name, text) = Self.framings[number]
        let server = try await StubServer.start { $0.connection.send(ok()) }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            let answer = try await client.ask(text)
            #expect((400..<500).contains(answer.status), "\(name)")
            #expect(answer.field("Connection") == "close")
            try await client.closed()
            #expect(server.requests.isEmpty)
            try await eventually("no invocation is left") { bed.isIdle() }
        }
        await server.stop()
    }

    @Test func `framing within its limits is accepted with a body of single-byte chunks`() async throws {
        let server = try await StubServer.start { $0.connection.send(ok()) }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            let text = Self.chunked + String(repeating: "1;e=x\r\na\r\n", count: 3000) + "0\r\nX: y\r\n\r\n"
            #expect(try await client.ask(text).status == 200)
            #expect(server.requests[0].body.hasSuffix("0\r\nX: y\r\n\r\n"))
        }
        await server.stop()
    }

    @Test func `any number of empty lines is not a request and does not extend the idle timeout`() async throws {
        var limits = Limits()
        limits.idleTimeout = .milliseconds(400)
        try await withTestbed(limits: limits) { bed in
            let client = try await bed.client()
            client.send(String(repeating: "\r\n", count: 100_000))
            try await eventually("the connection ends") {
                client.send("\r\n")
                return client.isClosed
            }
            #expect(client.inbox.total == 0)
        }
    }

    @Test func `a flood of connections over the limit does not affect those within it`() async throws {
        let replicas = try LeanReplicas(1)
        var limits = Limits()
        limits.connectionsMax = 20
        try await withTestbed(limits: limits) { bed in
            try await bed.serve(ports: replicas.ports)
            let inside = try await bed.client()
            #expect(try await inside.ask(get()).status == 200)
            var clients: [Int32] = []
            for _ in 0..<1000 { clients.append(try Wire.connect(to: bed.port)) }
            try await eventually("the connections are rejected") { bed.metric("f2s_connections_refused_total") >= 980 }
            #expect(bed.clientConnections <= 21)
            for _ in 0..<20 { #expect(try await inside.ask(get()).status == 200) }
            var told = 0
            for client in clients {
                let text = String(decoding: Wire.receive(client) ?? [], as: UTF8.self)
                if text.hasPrefix("HTTP/1.1 503"), text.contains("Retry-After: 1"), text.contains("\"title\"") {
                    told += 1
                }
                Wire.reset(client)
            }
            #expect(told >= 980)
            report(5, "1000 connections over a limit of 20: \(told) got 503, those within it were served")
            try await eventually("the other connections are closed") { bed.clientConnections == 1 }
            #expect(try await bed.client().ask(get()).status == 200)
        }
        replicas.stop()
    }

    @Test func `a full queue rejects all newcomers and serves its waiters`() async throws {
        let server = try await StubServer.start { _ in }
        var limits = Limits()
        limits.queueLengthMax = 50
        try await withTestbed(limits: limits) { bed in
            try await bed.serve(server, function: makeFunction(concurrency: 1))
            var clients: [RawClient] = []
            for number in 0..<51 {
                clients.append(try await bed.client())
                clients[number].send(get())
                try await eventually("the client is counted") { bed.load().inFlight + bed.load().queued == number + 1 }
            }
            let outcome = try await LeanLoad(port: bed.port).run(threads: 2, connections: 20, count: 20)
            #expect(outcome.statuses == [503: 400])
            #expect(bed.load().queued == 50)
            for number in 0..<51 {
                try await eventually("the next request reaches the replica") { server.requests.count == number + 1 }
                server.requests[number].connection.send(ok("\(number)"))
                #expect(try await clients[number].answer().body == "\(number)")
            }
            try await eventually("no invocation is left") { bed.isIdle() }
        }
        await server.stop()
    }
}
