import F2SModel
import NIOCore
import Testing

/// Tests that the resources of a client are released when it leaves, in each state of its request.
@Suite struct ClientGoneTests {
    @Test(arguments: [true, false])
    func `without a limit, a client that leaves ends the connection to the replica`(
        halfClosing: Bool
    ) async throws {
        let server = try await StubServer.start { _ in }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            client.send(get())
            try await eventually("the replica has the request") { server.requests.count == 1 }
            #expect(bed.load().inFlight == 1)
            if halfClosing { client.finishSending() } else { client.close() }
            try await eventually("the replica's connection ends") { server.hasEnded(0) }
            try await eventually("the slot is free") { bed.isIdle() }
            #expect(await bed.metric("f2s_requests_abandoned_total{function=\"hello\"}") == 1)
            try await eventually("the client's connection is released") { bed.clientConnections == 0 }
        }
        await server.stop()
    }

    @Test func `clients that leave the queue are skipped`() async throws {
        let server = try await StubServer.start { _ in }
        try await withTestbed { bed in
            try await bed.serve(server, function: makeFunction(concurrency: 1))
            let holder = try await bed.client()
            holder.send(get("/hello/0"))
            try await eventually("the slot is in use") { server.requests.count == 1 }
            var clients: [RawClient] = []
            for number in 1...30 {
                let client = try await bed.client()
                client.send(get("/hello/\(number)"))
                clients.append(client)
                try await eventually("the invocation is queued") { bed.load().queued == number }
            }
            for (index, client) in clients.enumerated() where index != 17 { client.close() }
            try await eventually("only one is left") { bed.load().queued == 1 }
            server.requests[0].connection.send(ok())
            try await eventually("the remaining client's request reaches the replica") { server.requests.count == 2 }
            #expect(server.requests[1].line == "GET /18 HTTP/1.1")
            server.requests[1].connection.send(ok("at last"))
            #expect(try await clients[17].answer().body == "at last")
            try await eventually("no invocation is left") { bed.isIdle() }
            #expect(await bed.metric("f2s_requests_abandoned_total{function=\"hello\"}") == 29)
        }
        await server.stop()
    }

    @Test func `the reset of an upload that the replica does not read is noticed`() async throws {
        let server = try await StubServer.start(call: .onHead) { $0.connection.setReading(false) }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            client.send("PUT /invoke/hello HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
            client.send(ByteBuffer(repeating: 0, count: 30 << 20))
            try await eventually("the request has begun") { server.requests.count == 1 }
            // A FIN would be read only after the undelivered bytes; a reset is seen at once.
            client.reset()
            try await eventually("the slot is free") { bed.isIdle() }
            try await eventually("the client's connection is released") { bed.clientConnections == 0 }
        }
        await server.stop()
    }

    @Test func `a client that leaves within a response ends the connection to the replica`() async throws {
        let server = try await StubServer.start {
            $0.connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            client.send(get())
            try await eventually("the first bytes of the response") { client.inbox.text.contains("abc") }
            client.close()
            try await eventually("the replica's connection ends") { server.hasEnded(0) }
            try await eventually("the slot is free") { bed.isIdle() }
        }
        await server.stop()
    }

    @Test func `clients that come and leave at random lose no slot`() async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            try await bed.serve(server, function: makeFunction(concurrency: 2))
            var generator = SplitMix64(seed: 5)
            for _ in 0..<40 {
                var clients: [RawClient] = []
                for _ in 0..<8 {
                    let client = try await bed.client()
                    client.send(get())
                    if Bool.random(using: &generator) { client.close() } else { clients.append(client) }
                }
                for client in clients { #expect(try await client.answer().status == 200) }
                for client in clients { client.close() }
            }
            try await eventually("no invocation is left") { bed.isIdle() && bed.clientConnections == 0 }
            let client = try await bed.client()
            #expect(try await client.ask(get()).status == 200)
        }
        await server.stop()
    }

    @Test func `a full queue rejects with 503 and Retry-After`() async throws {
        let server = try await StubServer.start { _ in }
        var limits = Limits()
        limits.queueLengthMax = 1
        try await withTestbed(limits: limits) { bed in
            try await bed.serve(server, function: makeFunction(concurrency: 1))
            let clients = [try await bed.client(), try await bed.client(), try await bed.client()]
            clients[0].send(get())
            try await eventually("the slot is in use") { server.requests.count == 1 }
            clients[1].send(get())
            try await eventually("one invocation is queued") { bed.load().queued == 1 }
            let refused = try await clients[2].ask(get())
            #expect(refused.status == 503)
            #expect(refused.field("Retry-After") == "1")
            #expect(refused.body.contains("\"stage\":\"queue\""))
            #expect(refused.field("Connection") == nil)
            server.requests[0].connection.send(ok())
            #expect(try await clients[0].answer().status == 200)
            try await eventually("the next request reaches the replica") { server.requests.count == 2 }
            server.requests[1].connection.send(ok())
            #expect(try await clients[1].answer().status == 200)
        }
        await server.stop()
    }

    @Test func `a connection over the limit gets 503, and a closed connection makes room for another`() async throws {
        var limits = Limits()
        limits.connectionsMax = 2
        let server = try await StubServer.answering(ok())
        try await withTestbed(limits: limits) { bed in
            try await bed.serve(server)
            let clients = [try await bed.client(), try await bed.client()]
            for client in clients { #expect(try await client.ask(get()).status == 200) }
            let third = try await bed.client()
            third.send(get())
            let refused = try await third.answer()
            #expect(refused.status == 503)
            #expect(refused.body.hasSuffix("}\n"))
            #expect(refused.field("Retry-After") == "1")
            try await third.closed()
            clients[0].close()
            try await eventually("one connection is closed") { bed.clientConnections == 1 }
            let fourth = try await bed.client()
            #expect(try await fourth.ask(get()).status == 200)
            #expect(await bed.metric("f2s_connections_refused_total") == 1)
            limits.connectionsMax = 3
            bed.tune(limits: limits)
            #expect(try await fourth.ask(get()).status == 200)
            #expect(try await bed.client().ask(get()).status == 200)
        }
        await server.stop()
    }
}
