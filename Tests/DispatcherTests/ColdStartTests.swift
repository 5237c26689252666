import F2SDispatcher
import F2SMetrics
import F2SModel
import NIOCore
import Testing

/// From no replica to one, with what is told on the way.
@Suite struct ColdStartTests {
    private func trouble(_ function: Function, attempts: Int = 1, nextAttempt: Double) -> StartTrouble {
        StartTrouble(
            stage: .start, reason: "ExitedAtStart", message: "The process ended at once.", exitStatus: 127,
            logTail: ["no such program"], revision: function.revision, attempts: attempts, nextAttempt: nextAttempt,
            retryAfterSeconds: 7)
    }

    @Test func `before the first declarations every invocation gets 503, afterwards 404 for an unknown path`()
        async throws
    {
        try await withTestbed { bed in
            let client = try await bed.client()
            let early = try await client.ask(get())
            #expect(early.status == 503)
            #expect(early.field("Retry-After") == "1")
            bed.declare(makeFunction("other"))
            // The loops take declarations over a moment later; for a new connection they have.
            let unknown = try await bed.client().ask(get())
            #expect(unknown.status == 404)
            #expect(unknown.body.contains("/hello"))
            #expect(unknown.field("Server-Timing") == nil)
        }
    }

    /// One entry of Server-Timing.
    private func milliseconds(_ name: String, _ answer: Answer) -> Double {
        let entries = answer.field("Server-Timing")?.split(separator: ",") ?? []
        return entries.first { $0.contains(name) }?.split(separator: "=").last.flatMap { Double($0) } ?? -1
    }

    @Test func `a hundred waiters raise one signal, and a replica that appears serves them all`() async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            let function = makeFunction(concurrency: 1)
            bed.declare(function)
            let counter = SignalCounter(bed.changes)
            try await eventually("the counter listens") { counter.count == 1 }
            var clients: [RawClient] = []
            for number in 0..<100 {
                let client = try await bed.client()
                client.send(get())
                clients.append(client)
                // Only where one has been noticed before the next one comes is their order known.
                if [0, 98].contains(number) { try await eventually("it waits") { bed.load().queued == number + 1 } }
            }
            try await eventually("all wait") { bed.load().queued == 100 }
            try await eventually("the signal") { counter.count == 2 }
            #expect(bed.load().wantsActivation)
            #expect(server.connections.isEmpty)
            bed.run(makeReplica("r", of: function, state: .starting, port: server.port))
            var answers: [Answer] = []
            for client in clients { answers.append(try await client.answer()) }
            #expect(answers.allSatisfy { $0.status == 200 })
            let starts = answers.map { milliseconds("start", $0) }
            let queues = answers.map { milliseconds("queue", $0) }
            #expect(starts.allSatisfy { $0 > 0 })
            // Who came last waited longest for a slot, and not for a start: that was the same for all.
            #expect(starts[99] <= starts[0])
            #expect(queues[99] > queues[0])
            try await eventually("all is free") { bed.isIdle() }
            #expect(counter.count > 2)
            counter.stop()
            #expect(bed.metric("f2s_cold_start_seconds_count{function=\"hello\"}") == 100)
        }
        await server.stop()
    }

    @Test(arguments: testedLoops) func `a declared start time prolongs the wait for a first replica`(loops: Int)
        async throws
    {
        let server = try await StubServer.answering(ok())
        try await withTestbed(loops: loops, timeouts: Timeouts(scaling: .milliseconds(100))) { bed in
            let patient = makeFunction(startTimeout: .seconds(20))
            bed.declare(patient, makeFunction("other", age: 2))
            let client = try await bed.client()
            client.send(get())
            try await eventually("it waits") { bed.load().queued == 1 }
            // The other one shows that the setting's time is over.
            let other = try await bed.client().ask(get("/other"))
            #expect(other.status == 504)
            #expect(other.body.contains("target.startTimeout"))
            #expect(bed.load().queued == 1)
            bed.run(makeReplica("r", of: patient, port: server.port))
            #expect(try await client.answer().status == 200)
        }
        await server.stop()
    }

    @Test func `a replica is dialled before it listens and used as soon as it does`() async throws {
        let probe = try await StubServer.answering(ok())
        let port = probe.port
        await probe.stop()
        try await withTestbed { bed in
            let function = makeFunction(concurrency: 1)
            bed.declare(function)
            let client = try await bed.client()
            client.send(get())
            try await eventually("it waits") { bed.load().queued == 1 }
            bed.run(makeReplica("r", of: function, state: .starting, port: port))
            let server = try await StubServer.start(port: port) { $0.connection.send(ok("awake")) }
            #expect(try await client.answer().body == "awake")
            // The connection that the dial got is the one that is used.
            #expect(server.connections.count == 1)
            await server.stop()
        }
    }

    @Test func `a replica that awaits readiness is left alone until it is ready`() async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            let function = makeFunction()
            bed.declare(function)
            let client = try await bed.client()
            client.send(get())
            try await eventually("it waits") { bed.load().queued == 1 }
            bed.run(makeReplica("r", of: function, state: .starting, port: server.port, awaitsReadiness: true))
            // Another function's replica is dialled in the meantime, so there was time to make the mistake.
            let other = makeFunction("other", age: 2)
            bed.declare(function, other)
            bed.run(
                makeReplica("r", of: function, state: .starting, port: server.port, awaitsReadiness: true),
                makeReplica("o", of: other, state: .starting, port: server.port))
            try await eventually("the other accepts") { bed.accepting == 1 }
            #expect(bed.load().queued == 1)
            bed.run(makeReplica("r", of: function, state: .ready, port: server.port, awaitsReadiness: true))
            #expect(try await client.answer().status == 200)
        }
        await server.stop()
    }

    @Test func `a start that failed is 502 with exit status and last lines, at once, until the next attempt`()
        async throws
    {
        try await withTestbed(timeouts: Timeouts(scaling: .milliseconds(200))) { bed in
            let function = makeFunction()
            bed.declare(function)
            let waiting = try await bed.client()
            waiting.send(get())
            try await eventually("it waits") { bed.load().queued == 1 || waiting.inbox.total > 0 }
            bed.run(troubles: [function.id: trouble(function, nextAttempt: 4e9)])
            let client = try await bed.client()
            try await eventually("the trouble is known") { bed.load().queued == 0 }
            for asking in [client, client] {
                let answer = try await asking.ask(get())
                #expect(answer.status == 502)
                #expect(answer.field("Retry-After") == "7")
                #expect(
                    answer.body.contains(
                        "\"stage\":\"start\",\"reason\":\"ExitedAtStart\",\"function\":\"hello\",\"exitStatus\":127"))
                #expect(answer.body.contains("no such program"))
            }
            #expect(try await waiting.answer().status >= 502)
            // Once another attempt is due, invocations wait for it again, and for no longer than scaling_timeout.
            bed.run(troubles: [function.id: trouble(function, attempts: 2, nextAttempt: 0)])
            let answer = try await client.ask(get())
            #expect(answer.body.contains("ExitedAtStart"))
            #expect(answer.field("Server-Timing")?.contains("start;dur=0.000") == false)
        }
    }

    @Test(arguments: testedLoops)
    func `who waits in vain for a replica that is started again hears why it ended`(loops: Int) async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed(loops: loops, timeouts: Timeouts(scaling: .milliseconds(300))) { bed in
            let function = makeFunction()
            bed.declare(function)
            var restart = trouble(function, nextAttempt: 0)
            (restart.reason, restart.message, restart.isTimeout) = ("OOMKilled", "Raise target.resources.memory.", true)
            var down = makeReplica("r", of: function, state: .starting, port: server.port)
            (down.address, down.isDown) = (nil, true)
            bed.dispatcher.apply(ReplicaSnapshot(replicas: [down], restarts: [function.id: restart]))
            let client = try await bed.client()
            let answer = try await client.ask(get())
            #expect(answer.status == 504 && answer.body.contains("OOMKilled"))
            #expect(answer.body.contains("target.resources.memory"))
        }
        // A caller that still waits when it is back gets its answer, and no reason.
        try await withTestbed(loops: loops) { bed in
            let function = makeFunction()
            bed.declare(function)
            var down = makeReplica("r", of: function, state: .starting, port: server.port)
            (down.address, down.isDown) = (nil, true)
            let restart = trouble(function, nextAttempt: 0)
            bed.dispatcher.apply(ReplicaSnapshot(replicas: [down], restarts: [function.id: restart]))
            let client = try await bed.client()
            client.send(get())
            try await eventually("it waits") { bed.load().queued == 1 }
            bed.run(makeReplica("r", of: function, port: server.port))
            #expect(try await client.answer().status == 200)
        }
        await server.stop()
    }

    @Test func `a trouble of an older revision says nothing`() async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            let function = makeFunction()
            bed.declare(function)
            var old = trouble(function, nextAttempt: 4e9)
            old.revision = "another"
            bed.run(troubles: [function.id: old])
            let client = try await bed.client()
            client.send(get())
            try await eventually("it waits") { bed.load().queued == 1 }
            bed.run(makeReplica("r", of: function, port: server.port), troubles: [function.id: old])
            #expect(try await client.answer().status == 200)
        }
        await server.stop()
    }

    @Test func `who waits for a function that is removed gets 404, who is being answered gets the answer`() async throws
    {
        let server = try await StubServer.start { _ in }
        try await withTestbed { bed in
            try await bed.serve(server, function: makeFunction(concurrency: 1))
            let served = try await bed.client()
            served.send(get())
            try await eventually("it works") { server.requests.count == 1 }
            var clients: [RawClient] = []
            for _ in 0..<10 {
                let client = try await bed.client()
                client.send(get())
                clients.append(client)
            }
            try await eventually("all wait") { bed.load().queued == 10 }
            bed.dispatcher.apply(FunctionSnapshot())
            for client in clients { #expect(try await client.answer().status == 404) }
            #expect(try await clients[0].ask(get()).status == 404)
            // The operator must still see it, or it would stop the replica in the middle of the answer.
            #expect(bed.dispatcherLoad("r0")?.inFlight == 1)
            server.requests[0].connection.send(ok("in time"))
            #expect(try await served.answer().body == "in time")
            try await eventually("all is free") { bed.dispatcher.currentInvocations == 0 }
            #expect(bed.dispatcherLoad("r0") == nil)
            #expect(!bed.registry.exposition().contains("function=\"hello\""))
            // It comes back with counters that count.
            try await bed.serve(server)
            let again = try await bed.client()
            again.send(get())
            try await eventually("it works") { server.requests.count == 2 }
            server.requests[1].connection.send(ok())
            #expect(try await again.answer().status == 200)
            #expect(bed.metric("f2s_requests_incoming_total{function=\"hello\"}") == 1)
        }
        await server.stop()
    }

    @Test func `a draining replica gets nothing new, and its last invocation's end is told`() async throws {
        let (old, new) = (try await StubServer.start { _ in }, try await StubServer.answering(ok("new")))
        try await withTestbed { bed in
            let function = makeFunction()
            try await bed.serve(old, function: function)
            let slow = try await bed.client()
            slow.send(get())
            try await eventually("it works") { old.requests.count == 1 }
            bed.run(makeReplica("r0", state: .draining, port: old.port), makeReplica("r1", port: new.port))
            try await eventually("the new one accepts") { bed.dispatcherLoad("r1")?.isAccepting == true }
            let client = try await bed.client()
            for _ in 0..<10 { #expect(try await client.ask(get()).body == "new") }
            #expect(old.requests.count == 1)
            let counter = SignalCounter(bed.changes)
            try await eventually("the counter listens") { counter.count == 1 }
            #expect(bed.dispatcherLoad("r0")?.inFlight == 1)
            old.requests[0].connection.send(ok("old"))
            #expect(try await slow.answer().body == "old")
            try await eventually("the end is told") { counter.count == 2 }
            #expect(bed.dispatcherLoad("r0")?.inFlight == 0)
            counter.stop()
            bed.run(makeReplica("r1", port: new.port))
            try await eventually("its connections are closed") { old.openConnections == 0 }
        }
        await old.stop()
        await new.stop()
    }

    @Test func `snapshots that come from many threads at once end in a whole state`() async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            let function = makeFunction(concurrency: 2)
            try await bed.serve(server, function: function)
            let client = try await bed.client()
            await withTaskGroup(of: Void.self) { group in
                for task in 0..<6 {
                    group.addTask {
                        for round in 0..<60 {
                            if task == 0 { bed.tune() }
                            if task < 3 { bed.declare(function, makeFunction("f\(round % 5)-\(task)", age: 2)) }
                            if task >= 3 {
                                bed.run(
                                    makeReplica("r0", port: server.port),
                                    makeReplica("s\(round % 3)", port: server.port))
                            }
                        }
                    }
                }
                for _ in 0..<50 { #expect((try? await client.ask(get()).status) == 200) }
            }
            bed.declare(function)
            bed.run(makeReplica("r0", port: server.port))
            try await eventually("one is left") { bed.dispatcher.currentLoad().replicas.count == 1 && bed.isIdle() }
            #expect(try await client.ask(get()).status == 200)
        }
        await server.stop()
    }
}
