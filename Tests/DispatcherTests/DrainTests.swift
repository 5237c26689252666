import F2SDispatcher
import F2SMetrics
import F2SModel
import NIOPosix
import Testing

/// Tests draining: the dispatcher ends without losing a request.
@Suite struct DrainTests {
    @Test func `draining completes open invocations, closes idle connections and accepts no new ones`() async throws {
        let server = try await StubServer.start { _ in }
        try await withTestbed { bed in
            try await bed.serve(server, function: makeFunction(concurrency: 1))
            let (working, waiting, idle) = (try await bed.client(), try await bed.client(), try await bed.client())
            #expect(try await idle.ask(get("/nothing")).status == 404)
            working.send(get())
            try await eventually("the replica has one request") { server.requests.count == 1 }
            waiting.send(get())
            try await eventually("one invocation is queued") { bed.load().queued == 1 }
            #expect(bed.dispatcher.currentInvocations == 2)
            await bed.dispatcher.beginDraining()
            try await idle.closed()
            #expect(await bed.refuses(at: bed.port))
            for (number, client) in [working, waiting].enumerated() {
                try await eventually("the replica has the request") { server.requests.count == number + 1 }
                server.requests[number].connection.send(ok())
                let answer = try await client.answer()
                #expect(answer.status == 200)
                #expect(answer.field("Connection") == "close")
                try await client.closed()
            }
            try await eventually("no invocation is left") { bed.dispatcher.currentInvocations == 0 }
            try await eventually("no connection is left") { bed.upstreamConnections == 0 && bed.clientConnections == 0 }
            #expect(bed.dispatcher.currentReport().isDraining)
        }
        await server.stop()
    }

    @Test func `a response that began before draining is completed, then the connection is closed`() async throws {
        let server = try await StubServer.start {
            $0.connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")
        }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            client.send(get())
            try await eventually("the first bytes of the response") { client.inbox.text.contains("abc") }
            await bed.dispatcher.beginDraining()
            server.requests[0].connection.send("def")
            #expect(try await client.answer().body == "abcdef")
            try await client.closed()
            #expect(bed.dispatcher.currentInvocations == 0)
        }
        await server.stop()
    }

    @Test(arguments: testedLoops) func `no connection is accepted after draining has begun`(loops: Int) async throws {
        for _ in 0..<50 {
            try await withTestbed(loops: loops) { bed in
                bed.declare()
                let early = try await bed.client()
                #expect(try await early.ask(get("/nothing")).status == 404)
                await bed.dispatcher.beginDraining()
                #expect(await bed.refuses(at: bed.port))
                try await early.closed()
                // `beginDraining` may be called again, also while the dispatcher stops.
                await bed.dispatcher.beginDraining()
            }
        }
    }

    @Test func `a stopped dispatcher can be drained`() async throws {
        let settings = DispatcherSettings(
            host: "127.0.0.1", port: 0, loops: 1, apiSocketPath: temporarySocketPath())
        let dispatcher = try Dispatcher(settings, metrics: MetricRegistry())
        _ = try dispatcher.start()
        try await NIOThreadPool.singleton.runIfActive { dispatcher.stop() }
        // The call must return. The port may belong to another test by now.
        await dispatcher.beginDraining()
    }

    @Test func `stop returns while invocations are queued and in flight`() async throws {
        let server = try await StubServer.start { _ in }
        try await withTestbed { bed in
            try await bed.serve(server, function: makeFunction(concurrency: 2))
            for _ in 0..<20 { try await bed.client().send(get()) }
            try await eventually("all invocations are open") { bed.load().queued == 18 }
            bed.declare(makeFunction(concurrency: 2), makeFunction("dialled", age: 2))
            bed.run(makeReplica("r0", port: server.port), makeReplica("x", of: makeFunction("dialled"), port: 1))
        }
        await server.stop()
    }
}
