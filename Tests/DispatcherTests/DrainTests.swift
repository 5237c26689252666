import F2SDispatcher
import F2SMetrics
import F2SModel
import NIOPosix
import Testing

/// Ending without losing anything.
@Suite struct DrainTests {
    @Test func `what is in hand ends, what is idle is closed, and nobody new comes in`() async throws {
        let server = try await StubServer.start { _ in }
        try await withTestbed { bed in
            try await bed.serve(server, function: makeFunction(concurrency: 1))
            let (working, waiting, idle) = (try await bed.client(), try await bed.client(), try await bed.client())
            #expect(try await idle.ask(get("/nothing")).status == 404)
            working.send(get())
            try await eventually("one works") { server.requests.count == 1 }
            waiting.send(get())
            try await eventually("one waits") { bed.load().queued == 1 }
            #expect(bed.dispatcher.currentInvocations == 2)
            await bed.dispatcher.beginDraining()
            try await idle.closed()
            #expect(await bed.refuses(at: bed.port))
            for (number, client) in [working, waiting].enumerated() {
                try await eventually("it works") { server.requests.count == number + 1 }
                server.requests[number].connection.send(ok())
                let answer = try await client.answer()
                #expect(answer.status == 200)
                #expect(answer.field("Connection") == "close")
                try await client.closed()
            }
            try await eventually("nothing is left") { bed.dispatcher.currentInvocations == 0 }
            try await eventually("no connection is left") { bed.upstreamConnections == 0 && bed.clientConnections == 0 }
            #expect(bed.dispatcher.currentReport().isDraining)
        }
        await server.stop()
    }

    @Test func `an answer that had begun without Connection close is followed by the end`() async throws {
        let server = try await StubServer.start {
            $0.connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")
        }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            client.send(get())
            try await eventually("the beginning") { client.inbox.text.contains("abc") }
            await bed.dispatcher.beginDraining()
            server.requests[0].connection.send("def")
            #expect(try await client.answer().body == "abcdef")
            try await client.closed()
            #expect(bed.dispatcher.currentInvocations == 0)
        }
        await server.stop()
    }

    @Test(arguments: testedLoops) func `once draining has begun no connection is accepted`(loops: Int) async throws {
        for _ in 0..<50 {
            try await withTestbed(loops: loops) { bed in
                bed.declare()
                let early = try await bed.client()
                #expect(try await early.ask(get("/nothing")).status == 404)
                await bed.dispatcher.beginDraining()
                #expect(await bed.refuses(at: bed.port))
                try await early.closed()
                // It may be asked again, and while it stops.
                await bed.dispatcher.beginDraining()
            }
        }
    }

    @Test func `a dispatcher that has stopped can be told to drain`() async throws {
        let settings = DispatcherSettings(
            host: "127.0.0.1", port: 0, loops: 1, apiSocketPath: temporarySocketPath())
        let dispatcher = try Dispatcher(settings, metrics: MetricRegistry())
        _ = try dispatcher.start()
        try await NIOThreadPool.singleton.runIfActive { dispatcher.stop() }
        // Returns. Its port may be another test's by now.
        await dispatcher.beginDraining()
    }

    @Test func `stopping in the middle of everything ends`() async throws {
        let server = try await StubServer.start { _ in }
        try await withTestbed { bed in
            try await bed.serve(server, function: makeFunction(concurrency: 2))
            for _ in 0..<20 { try await bed.client().send(get()) }
            try await eventually("all are in") { bed.load().queued == 18 }
            bed.declare(makeFunction(concurrency: 2), makeFunction("dialled", age: 2))
            bed.run(makeReplica("r0", port: server.port), makeReplica("x", of: makeFunction("dialled"), port: 1))
        }
        await server.stop()
    }
}
