import F2SModel
import NIOCore
import TestSupport
import Testing

/// A client that leaves gives back what it holds, whatever its request was doing.
@Suite struct ClientGoneTests {
    @Test(arguments: [true, false])
    func `a client that leaves while its function without a limit works ends that connection`(
        halfClosing: Bool
    ) async throws {
        let server = try await StubServer.start { _ in }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            client.send(get())
            try await eventually("it works") { server.requests.count == 1 }
            #expect(bed.load().inFlight == 1)
            if halfClosing { client.finishSending() } else { client.close() }
            try await eventually("the replica sees it") { server.hasEnded(0) }
            try await eventually("the slot is free") { bed.isIdle() }
            #expect(bed.metric("f2s_requests_abandoned_total{function=\"hello\"}") == 1)
            try await eventually("its entry is free") { bed.clientConnections == 0 }
        }
        await server.stop()
    }

    @Test func `clients that leave while they wait are passed over`() async throws {
        let server = try await StubServer.start { _ in }
        try await withTestbed { bed in
            try await bed.serve(server, function: makeFunction(concurrency: 1))
            let holder = try await bed.client()
            holder.send(get("/hello/0"))
            try await eventually("the slot is taken") { server.requests.count == 1 }
            var clients: [RawClient] = []
            for number in 1...30 {
                let client = try await bed.client()
                client.send(get("/hello/\(number)"))
                clients.append(client)
                try await eventually("it waits") { bed.load().queued == number }
            }
            for (index, client) in clients.enumerated() where index != 17 { client.close() }
            try await eventually("one is left") { bed.load().queued == 1 }
            server.requests[0].connection.send(ok())
            try await eventually("the one that stayed is served") { server.requests.count == 2 }
            #expect(server.requests[1].line == "GET /18 HTTP/1.1")
            server.requests[1].connection.send(ok("at last"))
            #expect(try await clients[17].answer().body == "at last")
            try await eventually("all is free") { bed.isIdle() }
            #expect(bed.metric("f2s_requests_abandoned_total{function=\"hello\"}") == 29)
        }
        await server.stop()
    }

    @Test func `a client that breaks off within an upload that nobody takes is noticed`() async throws {
        let server = try await StubServer.start(call: .onHead) { $0.connection.setReading(false) }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            client.send("PUT /invoke/hello HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
            client.send(ByteBuffer(repeating: 0, count: 30 << 20))
            try await eventually("it has begun") { server.requests.count == 1 }
            // An end would stand behind what nobody takes; a reset does not.
            client.reset()
            try await eventually("the slot is free") { bed.isIdle() }
            try await eventually("its entry is free") { bed.clientConnections == 0 }
        }
        await server.stop()
    }

    @Test func `a client that leaves within an answer ends it at the replica`() async throws {
        let server = try await StubServer.start {
            $0.connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            client.send(get())
            try await eventually("the beginning") { client.inbox.text.contains("abc") }
            client.close()
            try await eventually("the replica sees it") { server.hasEnded(0) }
            try await eventually("the slot is free") { bed.isIdle() }
        }
        await server.stop()
    }

    @Test func `clients that come and leave at random lose no slot`() async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            try await bed.serve(server, function: makeFunction(concurrency: 2))
            var generator = SeededGenerator(seed: 5)
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
            try await eventually("all is free") { bed.isIdle() && bed.clientConnections == 0 }
            let client = try await bed.client()
            #expect(try await client.ask(get()).status == 200)
        }
        await server.stop()
    }

    @Test func `one too many in the queue gets 503 and when to come back`() async throws {
        let server = try await StubServer.start { _ in }
        var limits = Limits()
        limits.queueLengthMax = 1
        try await withTestbed(limits: limits) { bed in
            try await bed.serve(server, function: makeFunction(concurrency: 1))
            let clients = [try await bed.client(), try await bed.client(), try await bed.client()]
            clients[0].send(get())
            try await eventually("the slot is taken") { server.requests.count == 1 }
            clients[1].send(get())
            try await eventually("one waits") { bed.load().queued == 1 }
            let refused = try await clients[2].ask(get())
            #expect(refused.status == 503)
            #expect(refused.field("Retry-After") == "1")
            #expect(refused.body.contains("\"stage\":\"queue\""))
            #expect(refused.field("Connection") == nil)
            server.requests[0].connection.send(ok())
            #expect(try await clients[0].answer().status == 200)
            try await eventually("the next is served") { server.requests.count == 2 }
            server.requests[1].connection.send(ok())
            #expect(try await clients[1].answer().status == 200)
        }
        await server.stop()
    }

    @Test func `a connection over the limit is told so, and a place that is free again is given away`() async throws {
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
            try await eventually("a place is free") { bed.clientConnections == 1 }
            let fourth = try await bed.client()
            #expect(try await fourth.ask(get()).status == 200)
            #expect(bed.metric("f2s_connections_refused_total") == 1)
            limits.connectionsMax = 3
            bed.tune(limits: limits)
            #expect(try await fourth.ask(get()).status == 200)
            #expect(try await bed.client().ask(get()).status == 200)
        }
        await server.stop()
    }
}
