import F2SModel
import Testing

/// Tests which requests are sent again and which are not.
@Suite struct RetryTests {
    /// Starts a stub that closes each connection at its second request without a response.
    private func closesWhenReused() async throws -> StubServer {
        try await StubServer.start { request in
            if request.index == 0 { request.connection.send(ok("first")) } else { request.connection.close() }
        }
    }

    @Test func `a GET goes to another replica if its reused connection ends without a response`() async throws {
        let (broken, good) = (try await closesWhenReused(), try await StubServer.answering(ok("good")))
        try await withTestbed { bed in
            let function = makeFunction()
            try await bed.serve(broken, function: function)
            let client = try await bed.client()
            #expect(try await client.ask(get()).body == "first")
            bed.run(makeReplica("r0", port: broken.port), makeReplica("r1", port: good.port))
            try await eventually("both replicas accept") { bed.accepting == 2 }
            var bodies: [String] = []
            for number in 0..<3 { bodies.append(try await client.ask(get("/hello/\(number)")).body) }
            let retried = try #require(broken.requests.first { $0.index == 1 }, "the connection was used again")
            #expect(good.requests.contains { $0.line == retried.line })
            #expect(bodies.allSatisfy { $0 == "good" || $0 == "first" })
            #expect(await bed.metric("f2s_requests_retried_total{function=\"hello\"}") == 1)
            try await eventually("no invocation is left") { bed.isIdle() }
        }
        await broken.stop()
        await good.stop()
    }

    @Test(arguments: ["PUT", "DELETE"]) func `a small idempotent body is sent again once`(method: String) async throws {
        let server = try await closesWhenReused()
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            _ = try await client.ask(get())
            #expect(try await client.ask(post(body: "abc", method: method)).status == 200)
            #expect(server.requests.map(\.body) == ["", "abc", "abc"])
        }
        await server.stop()
    }

    @Test(arguments: [("POST", 3), ("PATCH", 3), ("PUT", 5000), ("BREW", 3)])
    func `a request with a large body or without idempotence is not retried`(method: String, count: Int) async throws {
        let server = try await closesWhenReused()
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            // Sends both in one write, because a connection that was idle for a second would not be reused.
            client.send(get() + post(body: String(repeating: "x", count: count), method: method))
            #expect(try await client.answer().status == 200)
            let answer = try await client.answer()
            #expect(answer.status == 502)
            #expect(answer.body.contains("\"stage\":\"function\""))
            #expect(answer.field("Server-Timing") != nil)
            #expect(server.requests.count == 2)
            #expect(try await client.ask(get()).status == 200)
            try await eventually("no invocation is left") { bed.isIdle() }
        }
        await server.stop()
    }

    @Test func `a retry uses a new connection and not another idle one`() async throws {
        let server = try await StubServer.start { request in
            if request.index > 0 { return request.connection.close() }
            if !request.line.contains("/hold") { request.connection.send(ok("new")) }
        }
        try await withTestbed { bed in
            try await bed.serve(server)
            var clients: [RawClient] = []
            for _ in 0..<4 { clients.append(try await bed.client()) }
            for client in clients { client.send(get("/hello/hold")) }
            try await eventually("four connections are in use") { server.requests.count == 4 }
            for request in server.requests { request.connection.send(ok("held")) }
            for client in clients { #expect(try await client.answer().body == "held") }
            // The stub closes each of the four connections on its second request.
            for client in clients { #expect(try await client.ask(get()).body == "new") }
            // On a busy machine the delays may look like those of a server with few threads. Then fewer connections or
            // none are kept idle, and fewer requests are retried.
            #expect((0...4).contains(await bed.metric("f2s_requests_retried_total{function=\"hello\"}")))
        }
        await server.stop()
    }

    @Test func `a new connection that closes without a response gets 502 and no retry`() async throws {
        let server = try await StubServer.start { $0.connection.close() }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            let answer = try await client.ask(get())
            #expect(answer.status == 502)
            #expect(answer.body.contains("\"stage\":\"function\""))
            #expect(server.requests.count == 1)
            try await eventually("no invocation is left") { bed.isIdle() }
            // After a broken connection the replica gets no request until it accepts again.
            try await eventually("the replica accepts again") { bed.accepting == 1 }
            #expect(try await client.ask(get()).status == 502)
        }
        await server.stop()
    }

    @Test func `a replica that refuses connections gets no request until it accepts again`() async throws {
        let (gone, good) = (try await StubServer.answering(ok("gone")), try await StubServer.answering(ok("good")))
        let port = gone.port
        try await withTestbed { bed in
            try await bed.serve(gone, good)
            await gone.stop()
            let client = try await bed.client()
            for _ in 0..<6 {
                #expect(try await client.ask(get()).body == "good")
                #expect(try await client.ask(post(body: "x")).body == "good")
            }
            #expect(bed.accepting == 1)
            let back = try await StubServer.start(port: port) { $0.connection.send(ok("back")) }
            try await eventually("the replica accepts again") { bed.accepting == 2 }
            var bodies: Set<String> = []
            for _ in 0..<4 { bodies.insert(try await client.ask(get()).body) }
            #expect(bodies == ["good", "back"])
            await back.stop()
        }
        await good.stop()
    }

    @Test func `invocations wait while every replica refuses connections and continue once one accepts`() async throws {
        let server = try await StubServer.answering(ok("old"))
        let port = server.port
        try await withTestbed { bed in
            try await bed.serve(server)
            await server.stop()
            var clients: [RawClient] = []
            for _ in 0..<6 { clients.append(try await bed.client()) }
            for client in clients { client.send(post(body: "x")) }
            try await eventually("all invocations are queued") { bed.load().queued == 6 }
            #expect(bed.load().wantsActivation)
            let back = try await StubServer.start(port: port) { $0.connection.send(ok("back")) }
            for client in clients { #expect(try await client.answer().body == "back") }
            #expect(back.requests.count == 6)
            await back.stop()
        }
    }

    @Test func `killing a replica under load fails only the requests that were written to it`() async throws {
        let (dying, good) = (try await StubServer.start { _ in }, try await StubServer.answering(ok("good")))
        try await withTestbed { bed in
            try await bed.serve(dying, good, function: makeFunction(concurrency: 4))
            var clients: [RawClient] = []
            for _ in 0..<12 { clients.append(try await bed.client()) }
            for client in clients { client.send(get()) }
            try await eventually("four requests at the replica") {
                dying.requests.count == 4 && bed.load().inFlight == 4
            }
            await dying.stop()
            var statuses: [Int] = []
            for client in clients { statuses.append(try await client.answer().status) }
            #expect(statuses.count { $0 == 502 } == 4)
            #expect(statuses.count { $0 == 200 } == 8)
            try await eventually("no invocation is left") { bed.isIdle() }
        }
        await good.stop()
    }
}
