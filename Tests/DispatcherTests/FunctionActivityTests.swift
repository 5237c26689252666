import F2SMetrics
import F2SModel
import Testing

@testable import F2SDispatcher

@Suite struct FunctionActivityTests {
    /// Adds up what the dispatcher has counted until a condition holds.
    private func collect(
        _ bed: Testbed, until isEnough: (FunctionActivity) -> Bool
    ) async throws -> FunctionActivity {
        var sum = FunctionActivity(function: Function.ID("hello"))
        try await eventually("the invocations are counted") {
            for activity in bed.dispatcher.collectActivity() {
                #expect(activity.function == sum.function)
                for status in StatusClass.allCases {
                    sum.counts.responses[status] += activity.counts.responses[status]
                }
                sum.counts.coldStarts += activity.counts.coldStarts
                sum.counts.abandoned += activity.counts.abandoned
                if !activity.counts.failures.isEmpty { sum.counts.failures = activity.counts.failures }
                sum.counts.duration = activity.counts.duration ?? sum.counts.duration
                sum.lastColdStart = activity.lastColdStart ?? sum.lastColdStart
                sum.inFlight = activity.inFlight
            }
            return isEnough(sum)
        }
        return sum
    }

    @Test(arguments: testedLoops)
    func `invocations are collected once, by the way in which they ended`(loops: Int) async throws {
        let server = try await StubServer.start { request in
            let status = request.line.contains("bad") ? 404 : 200
            request.connection.send("HTTP/1.1 \(status) X\r\nContent-Length: 0\r\n\r\n")
        }
        try await withTestbed(loops: loops) { bed in
            try await bed.serve(server)
            #expect(bed.dispatcher.collectActivity().isEmpty)
            let client = try await bed.client()
            for path in ["/hello/a", "/hello/bad", "/hello/b"] { _ = try await client.ask(get(path)) }
            let first = try await collect(bed) { $0.counts.ended == 3 }
            #expect(first.counts.responses[.successful] == 2 && first.counts.responses[.clientError] == 1)
            #expect(first.counts.coldStarts == 0 && first.lastColdStart == nil)
            // The slot returns after the invocation was counted.
            try await eventually("the last slot has returned") { bed.isIdle() }
            #expect(bed.dispatcher.collectActivity().isEmpty)
            _ = try await client.ask(get())
            let second = try await collect(bed) { $0.counts.ended == 1 }
            #expect(second.counts.duration?.count == 1)
        }
        await server.stop()
    }

    @Test func `the wait for a first replica is collected with the invocation`() async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            let function = makeFunction()
            bed.declare(function)
            let client = try await bed.client()
            client.send(get())
            try await eventually("the invocation waits") { bed.load().queued == 1 }
            bed.run(makeReplica("r", of: function, port: server.port))
            #expect(try await client.answer().status == 200)
            let activity = try await collect(bed) { $0.counts.coldStarts == 1 }
            #expect(try #require(activity.lastColdStart) > .zero)
            #expect(activity.counts.responses[.successful] == 1)
        }
        await server.stop()
    }

    @Test func `a function with an invocation in flight is collected`() async throws {
        let server = try await StubServer.start { _ in }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            client.send(get())
            let running = try await collect(bed) { $0.inFlight == 1 }
            #expect(running.counts.isZero)
            client.close()
            let ended = try await collect(bed) { $0.counts.abandoned == 1 }
            #expect(ended.counts.ended == 1)
        }
        await server.stop()
    }

    @Test func `the counters of a function stay listed until they are collected`() throws {
        let active = ActiveFunctions()
        let queue = InvocationQueue(.init(concurrency: nil, inFlight: nil, queued: 10), now: 0)
        let handle = FunctionHandle(id: Function.ID("f"), queue: queue, active: active)
        handle.meters.complete(status: 200)
        handle.withActiveQueue(now: 1) { _ in }
        // An invocation that was counted before the function was listed belongs to an earlier activity.
        #expect(active.collectActivity().isEmpty)
        handle.meters.complete(status: 200)
        handle.meters.countFailure(.queue)
        let later = ActiveFunctions.lingering + 1
        #expect(active.currentLoads(now: later).count == 1)
        #expect(active.currentLoads(now: later).count == 1)
        let activity = try #require(active.collectActivity().first)
        #expect(activity.counts.responses[.successful] == 1 && activity.counts.failures(of: .queue) == 1)
        #expect(active.currentLoads(now: later).count == 1)
        #expect(active.currentLoads(now: later).isEmpty)
    }

    @Test func `a function leaves the list in the end although no one collects its counters`() {
        let active = ActiveFunctions()
        let queue = InvocationQueue(.init(concurrency: nil, inFlight: nil, queued: 10), now: 0)
        let handle = FunctionHandle(id: Function.ID("f"), queue: queue, active: active)
        handle.withActiveQueue(now: 0) { _ in }
        handle.meters.complete(status: 200)
        #expect(active.currentLoads(now: ActiveFunctions.uncollectedMax - 1).count == 1)
        #expect(active.currentLoads(now: ActiveFunctions.uncollectedMax).count == 1)
        #expect(active.currentLoads(now: ActiveFunctions.uncollectedMax).isEmpty)
    }
}
