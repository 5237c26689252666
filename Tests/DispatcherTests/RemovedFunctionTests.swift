import F2SDispatcher
import F2SModel
import ProcessSupport
import Testing

/// Functions that are removed while their invocations are in flight.
@Suite struct RemovedFunctionTests {
    @Test func `no load report omits an invocation in flight while its function is removed or declared again`()
        async throws
    {
        let server = try await StubServer.start { _ in }
        let function = makeFunction()
        try await withTestbed { bed in
            try await bed.serve(server, function: function)
            let client = try await bed.client()
            client.send(get())
            try await eventually("the invocation is in flight") { bed.load().inFlight == 1 && !server.requests.isEmpty }
            let isOver = Flag()
            let dispatcher = bed.dispatcher
            let omissions = try await atOnce(2) { index in
                if index == 0 {
                    for _ in 0..<20_000 {
                        dispatcher.apply(FunctionSnapshot(functions: []))
                        dispatcher.apply(FunctionSnapshot(functions: [function]))
                    }
                    isOver.raise()
                    return 0
                }
                var omissions = 0
                while !isOver.isRaised {
                    let reports = [dispatcher.currentLoad(), dispatcher.currentLoad(of: [function.id])]
                    omissions += reports.count { ($0.replicas.values.map(\.inFlight).max() ?? 0) == 0 }
                }
                return omissions
            }
            print("\(omissions[1]) load reports omit an invocation in flight; bar 0")
            #expect(omissions[1] == 0)
        }
        await server.stop()
    }
}
