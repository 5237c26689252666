import F2SDispatcher
import F2SModel
import Testing

extension DispatcherSerial {
    /// Tests a function that is deleted and declared again before its replicas have finished. It has the same replicas,
    /// with the same requests in flight.
    @Suite struct DeclaredAgainTests {
        /// The event by which a function loses its route for a while.
        enum Absence: CaseIterable {
            case deleted
            /// An older function has the same route.
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
        func `a function that is declared again counts its earlier requests in flight`(
            absence: Absence, loops: Int
        ) async throws {
            let server = try await StubServer.start { _ in }
            let function = makeFunction(concurrency: 1)
            try await withTestbed(loops: loops) { bed in
                try await bed.serve(server, function: function)
                let first = try await bed.client()
                first.send(get("/hello/1"))
                try await eventually("the replica has the request") { server.requests.count == 1 }
                absence.begin(bed)
                #expect(bed.dispatcherLoad("r0")?.inFlight == 1)
                bed.declare(function)
                let next = try await bed.client()
                next.send(get("/hello/2"))
                try await eventually("the next invocation is queued") { bed.load().queued == 1 }
                #expect(server.requests.count == 1)
                server.requests[0].connection.send(ok("one"))
                #expect(try await first.answer().body == "one")
                try await eventually("the next request reaches the replica") { server.requests.count == 2 }
                server.requests[1].connection.send(ok("two"))
                #expect(try await next.answer().body == "two")
                try await eventually("no invocation is left") { bed.isIdle() }
            }
            await server.stop()
        }

        @Test(arguments: [true, false], testedLoops)
        func `an unresponsive replica is not used after its function is declared again`(
            isGivenUpBefore: Bool, loops: Int
        ) async throws {
            let server = try await StubServer.start { _ in }
            let function = makeFunction(concurrency: 1)
            try await withTestbed(loops: loops, timeouts: Timeouts(abandoned: .milliseconds(200))) { bed in
                try await bed.serve(server, function: function)
                let client = try await bed.client()
                client.send(get())
                try await eventually("the replica has the request") { server.requests.count == 1 }
                client.close()
                if isGivenUpBefore {
                    try await eventually("the replica is given up") { bed.dispatcherLoad("r0")?.isUnresponsive == true }
                    bed.declare()
                } else {
                    try await eventually("the invocation is abandoned") { bed.clientConnections == 0 }
                    bed.declare()
                    try await eventually("its connection is closed") { server.hasEnded(0) }
                }
                bed.declare(function)
                try await eventually("the replica is reported as unresponsive") {
                    bed.dispatcherLoad("r0")?.isUnresponsive == true
                }
                let next = try await bed.client()
                next.send(get())
                try await eventually("the next invocation is queued") { bed.load().queued == 1 }
                #expect(server.requests.count == 1)
                bed.run()
                try await eventually("no invocation is in flight") { bed.load().inFlight == 0 }
                next.close()
                try await eventually("no invocation is left") { bed.isIdle() }
            }
            await server.stop()
        }

        @Test func `a deleted function leaves no state once its replicas are gone`() async throws {
            let server = try await StubServer.start { _ in }
            let function = makeFunction(concurrency: 1)
            try await withTestbed(timeouts: Timeouts(abandoned: .milliseconds(200))) { bed in
                try await bed.serve(server, function: function)
                let client = try await bed.client()
                client.send(get())
                try await eventually("the replica has the request") { server.requests.count == 1 }
                client.close()
                bed.declare()
                try await eventually("its connection is closed") { server.hasEnded(0) }
                try await eventually("the replica has nothing in flight") {
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
