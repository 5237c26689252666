import F2SDispatcher
import F2SModel
import Testing

/// Tests the request for a replica without an invocation.
@Suite struct StartRequestTests {
    @Test(arguments: testedLoops)
    func `a requested start is reported until a replica accepts invocations`(loops: Int) async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed(loops: loops) { bed in
            let function = makeFunction()
            bed.declare(function)
            let counter = SignalCounter(bed.changes)
            try await eventually("the counter has started") { counter.count == 1 }
            #expect(!bed.load().wantsActivation)
            bed.dispatcher.requestStart(of: function.id)
            bed.dispatcher.requestStart(of: Function.ID("unknown"))
            #expect(bed.load().wantsActivation)
            #expect(bed.load().queued == 0)
            try await eventually("the signal is raised") { counter.count > 1 }
            bed.run(makeReplica("r", of: function, port: server.port))
            try await eventually("the replica accepts") { bed.accepting == 1 }
            #expect(!bed.load().wantsActivation)
            // While a replica accepts invocations, the request has no effect.
            bed.dispatcher.requestStart(of: function.id)
            #expect(!bed.load().wantsActivation)
            #expect(bed.dispatcher.currentLoad().functions[Function.ID("unknown")] == nil)
        }
        await server.stop()
    }
}
