import F2SModel
import Testing

/// What is too much of something that ``HostileTests`` does not look at.
@Suite struct OversizedTests {
    private static let chunked = "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    private static let long = String(repeating: "x", count: 17_000)

    /// Framing around a body, which no limit of bodies counts.
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

    // By number, because a test's name tells its arguments.
    @Test(arguments: framings.indices) func `framing that is larger than what it frames is refused`(number: Int)
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
            try await eventually("all is free") { bed.isIdle() }
        }
        await server.stop()
    }

    @Test func `framing within its bounds passes, with a body of single bytes`() async throws {
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

    @Test func `empty lines are no request, however many there are, and do not prolong the time`() async throws {
        var limits = Limits()
        limits.idleTimeout = .milliseconds(400)
        try await withTestbed(limits: limits) { bed in
            let client = try await bed.client()
            client.send(String(repeating: "\r\n", count: 100_000))
            try await eventually("the end") {
                client.send("\r\n")
                return client.isClosed
            }
            #expect(client.inbox.total == 0)
        }
    }

    @Test func `a flood of connections over the limit costs those within it nothing`() async throws {
        let replicas = try LeanReplicas(1)
        var limits = Limits()
        limits.connectionsMax = 20
        try await withTestbed(limits: limits) { bed in
            try await bed.serve(ports: replicas.ports)
            let inside = try await bed.client()
            #expect(try await inside.ask(get()).status == 200)
            var clients: [Int32] = []
            for _ in 0..<1000 { clients.append(try Wire.connect(to: bed.port)) }
            try await eventually("they are refused") { bed.metric("f2s_connections_refused_total") >= 980 }
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
            report(5, "1000 connections over a limit of 20: \(told) told so, those within it served")
            try await eventually("there is room again") { bed.clientConnections == 1 }
            #expect(try await bed.client().ask(get()).status == 200)
        }
        replicas.stop()
    }

    @Test func `a full queue refuses whoever comes, however many, and serves those who wait`() async throws {
        let server = try await StubServer.start { _ in }
        var limits = Limits()
        limits.queueLengthMax = 50
        try await withTestbed(limits: limits) { bed in
            try await bed.serve(server, function: makeFunction(concurrency: 1))
            var clients: [RawClient] = []
            for number in 0..<51 {
                clients.append(try await bed.client())
                clients[number].send(get())
                try await eventually("it is in") { bed.load().inFlight + bed.load().queued == number + 1 }
            }
            let outcome = try await LeanLoad(port: bed.port).run(threads: 2, connections: 20, count: 20)
            #expect(outcome.statuses == [503: 400])
            #expect(bed.load().queued == 50)
            for number in 0..<51 {
                try await eventually("the next one arrives") { server.requests.count == number + 1 }
                server.requests[number].connection.send(ok("\(number)"))
                #expect(try await clients[number].answer().body == "\(number)")
            }
            try await eventually("all is free") { bed.isIdle() }
        }
        await server.stop()
    }
}
