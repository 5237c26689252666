import F2SDispatcher
import F2SModel
import Testing

extension DispatcherSerial {
    /// A function that is deleted and declared again before its replicas have finished has the same replicas, and they
    /// have the same work.
    @Suite struct DeclaredAgainTests {
        /// How a function loses its route and gets it back.
        enum Absence: CaseIterable {
            case deleted
            /// An older function has its route for a while.
            case displaced

            func begin(_ bed: Testbed) {
                switch self {
                case .deleted: bed.declare()
                case .displaced:
                    bed.declare(makeFunction("older", route: "/hello", age: 0), makeFunction(concurrency: 1))
                }
            }
        }

        @Test(arguments: Absence.allCases, testedLoops)
        func `a function that is declared again keeps to its limit beside what its replica has in flight`(
            absence: Absence, loops: Int
        ) async throws {
            let server = try await StubServer.start { _ in }
            let function = makeFunction(concurrency: 1)
            try await withTestbed(loops: loops) { bed in
                try await bed.serve(server, function: function)
                let first = try await bed.client()
                first.send(get("/hello/1"))
                try await eventually("it works") { server.requests.count == 1 }
                absence.begin(bed)
                #expect(bed.dispatcherLoad("r0")?.inFlight == 1)
                bed.declare(function)
                let next = try await bed.client()
                next.send(get("/hello/2"))
                try await eventually("the next one waits") { bed.load().queued == 1 }
                #expect(server.requests.count == 1)
                server.requests[0].connection.send(ok("one"))
                #expect(try await first.answer().body == "one")
                try await eventually("its turn") { server.requests.count == 2 }
                server.requests[1].connection.send(ok("two"))
                #expect(try await next.answer().body == "two")
                try await eventually("all is free") { bed.isIdle() }
            }
            await server.stop()
        }

        @Test(arguments: [true, false], testedLoops)
        func `a replica that did not finish in time is not used by a function that is declared again`(
            isGivenUpBefore: Bool, loops: Int
        ) async throws {
            let server = try await StubServer.start { _ in }
            let function = makeFunction(concurrency: 1)
            try await withTestbed(loops: loops, timeouts: Timeouts(abandoned: .milliseconds(200))) { bed in
                try await bed.serve(server, function: function)
                let client = try await bed.client()
                client.send(get())
                try await eventually("it works") { server.requests.count == 1 }
                client.close()
                if isGivenUpBefore {
                    try await eventually("it is given up") { bed.dispatcherLoad("r0")?.isUnresponsive == true }
                    bed.declare()
                } else {
                    try await eventually("it is abandoned") { bed.clientConnections == 0 }
                    bed.declare()
                    try await eventually("its connection is closed") { server.hasEnded(0) }
                }
                bed.declare(function)
                try await eventually("it is known again") { bed.dispatcherLoad("r0")?.isUnresponsive == true }
                let next = try await bed.client()
                next.send(get())
                try await eventually("the next one waits") { bed.load().queued == 1 }
                #expect(server.requests.count == 1)
                bed.run()
                try await eventually("only the next one is left") { bed.load().inFlight == 0 }
                next.close()
                try await eventually("all is free") { bed.isIdle() }
            }
            await server.stop()
        }

        @Test func `nothing of a deleted function is left once its replicas are gone`() async throws {
            let server = try await StubServer.start { _ in }
            let function = makeFunction(concurrency: 1)
            try await withTestbed(timeouts: Timeouts(abandoned: .milliseconds(200))) { bed in
                try await bed.serve(server, function: function)
                let client = try await bed.client()
                client.send(get())
                try await eventually("it works") { server.requests.count == 1 }
                client.close()
                bed.declare()
                try await eventually("its connection is closed") { server.hasEnded(0) }
                try await eventually("it has nothing left to wait for") {
                    bed.dispatcherLoad("r0")?.inFlight ?? 0 == 0
                }
                bed.run()
                bed.declare(function)
                let load = bed.load()
                #expect((load.inFlight, load.queued) == (0, 0))
                #expect(bed.dispatcherLoad("r0") == nil)
            }
            await server.stop()
        }
    }
}
