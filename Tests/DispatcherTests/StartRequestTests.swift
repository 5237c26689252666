import F2SDispatcher
import F2SModel
import Testing

/// A replica that is asked for without an invocation.
@Suite struct StartRequestTests {
    @Test(arguments: testedLoops)
    func `a start that is asked for is reported until a replica takes invocations`(loops: Int) async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed(loops: loops) { bed in
            let function = makeFunction()
            bed.declare(function)
            let counter = SignalCounter(bed.changes)
            try await eventually("the counter has begun") { counter.count == 1 }
            #expect(!bed.load().wantsActivation)
            bed.dispatcher.requestStart(of: function.id)
            bed.dispatcher.requestStart(of: Function.ID("unknown"))
            #expect(bed.load().wantsActivation)
            #expect(bed.load().queued == 0)
            try await eventually("the operator is woken") { counter.count > 1 }
            bed.run(makeReplica("r", of: function, port: server.port))
            try await eventually("it takes invocations") { bed.accepting == 1 }
            #expect(!bed.load().wantsActivation)
            // Where one takes invocations, there is nothing to start.
            bed.dispatcher.requestStart(of: function.id)
            #expect(!bed.load().wantsActivation)
            #expect(bed.dispatcher.currentLoad().functions[Function.ID("unknown")] == nil)
        }
        await server.stop()
    }
}
