import F2SDispatcher
import F2SMetrics
import F2SModel
import NIOCore
import Testing

/// Tests the start of a function from zero replicas, and the errors and signals on the way.
@Suite struct ColdStartTests {
    private func startFailure(_ function: Function, attempts: Int = 1, nextAttempt: Double) -> StartFailure {
        StartFailure(
            stage: .start, reason: "ExitedAtStart", message: "The process ended at once.", exitStatus: 127,
            logTail: ["no such program"], revision: function.revision, attempts: attempts, nextAttempt: nextAttempt,
            retryAfterSeconds: 7)
    }

    @Test func `an invocation gets 503 before the first declarations, and an unknown path gets 404 afterwards`()
        async throws
    {
        try await withTestbed { bed in
            let client = try await bed.client()
            let early = try await client.ask(get())
            #expect(early.status == 503)
            #expect(early.field("Retry-After") == "1")
            bed.declare(makeFunction("other"))
            // The loops apply declarations asynchronously, but before they serve a new connection.
            let unknown = try await bed.client().ask(get())
            #expect(unknown.status == 404)
            #expect(unknown.body.contains("/hello"))
            #expect(unknown.field("Server-Timing") == nil)
        }
    }

    /// Returns the duration of an entry of `Server-Timing` in milliseconds, or -1 if there is none.
    private func milliseconds(_ name: String, _ answer: Answer) -> Double {
        let entries = answer.field("Server-Timing")?.split(separator: ",") ?? []
        return entries.first { $0.contains(name) }?.split(separator: "=").last.flatMap { Double($0) } ?? -1
    }

    @Test func `a hundred queued invocations raise one signal, and one new replica serves them all`() async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            let function = makeFunction(concurrency: 1)
            bed.declare(function)
            let counter = SignalCounter(bed.changes)
            try await eventually("the counter has started") { counter.count == 1 }
            var clients: [RawClient] = []
            for number in 0..<100 {
                let client = try await bed.client()
                client.send(get())
                clients.append(client)
                // The order of two requests is known only if the first is queued before the second is sent.
                if [0, 98].contains(number) {
                    try await eventually("the invocation is queued") { bed.load().queued == number + 1 }
                }
            }
            try await eventually("all invocations are queued") { bed.load().queued == 100 }
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
            // The last client waited longest for a slot, but no longer for the start than the first one.
            #expect(starts[99] <= starts[0])
            #expect(queues[99] > queues[0])
            try await eventually("no invocation is left") { bed.isIdle() }
            #expect(counter.count > 2)
            counter.stop()
            #expect(await bed.metric("f2s_cold_start_seconds_count{function=\"hello\"}") == 100)
        }
        await server.stop()
    }

    @Test(arguments: testedLoops) func `a declared startTimeout extends the wait for a first replica`(loops: Int)
        async throws
    {
        let server = try await StubServer.answering(ok())
        try await withTestbed(loops: loops, timeouts: Timeouts(scaling: .milliseconds(100))) { bed in
            let patient = makeFunction(startTimeout: .seconds(20))
            bed.declare(patient, makeFunction("other", age: 2))
            let client = try await bed.client()
            client.send(get())
            try await eventually("the invocation is queued") { bed.load().queued == 1 }
            // The other function shows that the default timeout has passed.
            let other = try await bed.client().ask(get("/other"))
            #expect(other.status == 504)
            #expect(other.body.contains("target.startTimeout"))
            #expect(bed.load().queued == 1)
            bed.run(makeReplica("r", of: patient, port: server.port))
            #expect(try await client.answer().status == 200)
        }
        await server.stop()
    }

    @Test func `the dispatcher connects to a replica as soon as it listens`() async throws {
        let probe = try await StubServer.answering(ok())
        let port = probe.port
        await probe.stop()
        try await withTestbed { bed in
            let function = makeFunction(concurrency: 1)
            bed.declare(function)
            let client = try await bed.client()
            client.send(get())
            try await eventually("the invocation is queued") { bed.load().queued == 1 }
            bed.run(makeReplica("r", of: function, state: .starting, port: port))
            let server = try await StubServer.start(port: port) { $0.connection.send(ok("awake")) }
            #expect(try await client.answer().body == "awake")
            // The first request uses the connection of the successful attempt.
            #expect(server.connections.count == 1)
            await server.stop()
        }
    }

    @Test func `a replica with a readiness probe gets no connection until it is ready`() async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            let function = makeFunction()
            bed.declare(function)
            let client = try await bed.client()
            client.send(get())
            try await eventually("the invocation is queued") { bed.load().queued == 1 }
            bed.run(makeReplica("r", of: function, state: .starting, port: server.port, awaitsReadiness: true))
            // The dispatcher connects to another function's replica in the meantime, so it had the time for an error.
            let other = makeFunction("other", age: 2)
            bed.declare(function, other)
            bed.run(
                makeReplica("r", of: function, state: .starting, port: server.port, awaitsReadiness: true),
                makeReplica("o", of: other, state: .starting, port: server.port))
            try await eventually("the other replica accepts") { bed.accepting == 1 }
            #expect(bed.load().queued == 1)
            bed.run(makeReplica("r", of: function, state: .ready, port: server.port, awaitsReadiness: true))
            #expect(try await client.answer().status == 200)
        }
        await server.stop()
    }

    @Test func `a failed start gets 502 with exit status and last lines at once until the next attempt`()
        async throws
    {
        try await withTestbed(timeouts: Timeouts(scaling: .milliseconds(200))) { bed in
            let function = makeFunction()
            bed.declare(function)
            let waiting = try await bed.client()
            waiting.send(get())
            try await eventually("the invocation is queued") { bed.load().queued == 1 || waiting.inbox.total > 0 }
            bed.run(startFailures: [function.id: startFailure(function, nextAttempt: 4e9)])
            let client = try await bed.client()
            try await eventually("the start failure is applied") { bed.load().queued == 0 }
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
            // Once the next attempt is due, invocations wait for it again, but no longer than `scaling_timeout`.
            bed.run(startFailures: [function.id: startFailure(function, attempts: 2, nextAttempt: 0)])
            let answer = try await client.ask(get())
            #expect(answer.body.contains("ExitedAtStart"))
            #expect(answer.field("Server-Timing")?.contains("start;dur=0.000") == false)
        }
    }

    @Test(arguments: testedLoops)
    func `a timeout while a replica restarts contains the reason for the restart`(loops: Int) async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed(loops: loops, timeouts: Timeouts(scaling: .milliseconds(300))) { bed in
            let function = makeFunction()
            bed.declare(function)
            var restart = startFailure(function, nextAttempt: 0)
            (restart.reason, restart.message, restart.isTimeout) = ("OOMKilled", "Raise target.resources.memory.", true)
            var down = makeReplica("r", of: function, state: .starting, port: server.port)
            (down.address, down.isDown) = (nil, true)
            bed.dispatcher.apply(ReplicaSnapshot(replicas: [down], restarts: [function.id: restart]))
            let client = try await bed.client()
            let answer = try await client.ask(get())
            #expect(answer.status == 504 && answer.body.contains("OOMKilled"))
            #expect(answer.body.contains("target.resources.memory"))
        }
        // A client that still waits when the replica is back gets its response without a reason.
        try await withTestbed(loops: loops) { bed in
            let function = makeFunction()
            bed.declare(function)
            var down = makeReplica("r", of: function, state: .starting, port: server.port)
            (down.address, down.isDown) = (nil, true)
            let restart = startFailure(function, nextAttempt: 0)
            bed.dispatcher.apply(ReplicaSnapshot(replicas: [down], restarts: [function.id: restart]))
            let client = try await bed.client()
            client.send(get())
            try await eventually("the invocation is queued") { bed.load().queued == 1 }
            bed.run(makeReplica("r", of: function, port: server.port))
            #expect(try await client.answer().status == 200)
        }
        await server.stop()
    }

    @Test func `a start failure of an older revision is ignored`() async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            let function = makeFunction()
            bed.declare(function)
            var old = startFailure(function, nextAttempt: 4e9)
            old.revision = "another"
            bed.run(startFailures: [function.id: old])
            let client = try await bed.client()
            client.send(get())
            try await eventually("the invocation is queued") { bed.load().queued == 1 }
            bed.run(makeReplica("r", of: function, port: server.port), startFailures: [function.id: old])
            #expect(try await client.answer().status == 200)
        }
        await server.stop()
    }

    @Test func `removing a function rejects its queue with 404 and completes the request in flight`() async throws {
        let server = try await StubServer.start { _ in }
        try await withTestbed { bed in
            try await bed.serve(server, function: makeFunction(concurrency: 1))
            let served = try await bed.client()
            served.send(get())
            try await eventually("the replica has the request") { server.requests.count == 1 }
            var clients: [RawClient] = []
            for _ in 0..<10 {
                let client = try await bed.client()
                client.send(get())
                clients.append(client)
            }
            try await eventually("all invocations are queued") { bed.load().queued == 10 }
            bed.dispatcher.apply(FunctionSnapshot())
            for client in clients { #expect(try await client.answer().status == 404) }
            #expect(try await clients[0].ask(get()).status == 404)
            // The operator must still see the invocation; otherwise it would stop the replica before it responds.
            #expect(bed.dispatcherLoad("r0")?.inFlight == 1)
            server.requests[0].connection.send(ok("in time"))
            #expect(try await served.answer().body == "in time")
            try await eventually("no invocation is left") { bed.dispatcher.currentInvocations == 0 }
            #expect(bed.dispatcherLoad("r0") == nil)
            #expect(!bed.registry.exposition().contains("function=\"hello\""))
            // A function that is declared again has working counters.
            try await bed.serve(server)
            let again = try await bed.client()
            again.send(get())
            try await eventually("the replica has the request") { server.requests.count == 2 }
            server.requests[1].connection.send(ok())
            #expect(try await again.answer().status == 200)
            #expect(await bed.metric("f2s_requests_incoming_total{function=\"hello\"}") == 1)
        }
        await server.stop()
    }

    @Test func `a draining replica gets no new request, and the end of its last one raises a signal`() async throws {
        let (old, new) = (try await StubServer.start { _ in }, try await StubServer.answering(ok("new")))
        try await withTestbed { bed in
            let function = makeFunction()
            try await bed.serve(old, function: function)
            let slow = try await bed.client()
            slow.send(get())
            try await eventually("the replica has the request") { old.requests.count == 1 }
            bed.run(makeReplica("r0", state: .draining, port: old.port), makeReplica("r1", port: new.port))
            try await eventually("the new replica accepts") { bed.dispatcherLoad("r1")?.isAccepting == true }
            let client = try await bed.client()
            for _ in 0..<10 { #expect(try await client.ask(get()).body == "new") }
            #expect(old.requests.count == 1)
            let counter = SignalCounter(bed.changes)
            try await eventually("the counter has started") { counter.count == 1 }
            #expect(bed.dispatcherLoad("r0")?.inFlight == 1)
            old.requests[0].connection.send(ok("old"))
            #expect(try await slow.answer().body == "old")
            try await eventually("a second signal is raised") { counter.count == 2 }
            #expect(bed.dispatcherLoad("r0")?.inFlight == 0)
            counter.stop()
            bed.run(makeReplica("r1", port: new.port))
            try await eventually("its connections are closed") { old.openConnections == 0 }
        }
        await old.stop()
        await new.stop()
    }

    @Test func `concurrent snapshots from many threads lead to a consistent state`() async throws {
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
            try await eventually("only one is left") {
                bed.dispatcher.currentLoad().replicas.count == 1 && bed.isIdle()
            }
            #expect(try await client.ask(get()).status == 200)
        }
        await server.stop()
    }
}
