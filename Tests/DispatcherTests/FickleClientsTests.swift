import F2SDispatcher
import F2SModel
import Glibc
import Testing

extension DispatcherSerial {
    /// Tests that `concurrency: 1` is exact, as counted in the replicas, while clients leave at random moments.
    @Suite struct FickleClientsTests {
        /// The number of requests of each case. The six cases together send about 20,000.
        private static let requests = getenv("F2S_FICKLE_REQUESTS").flatMap { Int(String(cString: $0)) } ?? 3400
        private static let functions = 20
        private static let replicasEach = 10

        private static let declared: [Function] = (0..<functions).map { number in
            // Every fifth function has a timeout that is shorter than many of its responses.
            makeFunction("f\(number)", concurrency: 1, timeout: number % 5 == 0 ? .milliseconds(200) : nil)
        }

        private func run(_ bed: Testbed, _ ports: [Int]) async throws {
            let each = Self.replicasEach
            bed.dispatcher.apply(FunctionSnapshot(functions: Self.declared))
            let replicas = ports.enumerated().map { location, port in
                makeReplica("r\(location)", of: Self.declared[location / each], port: port)
            }
            bed.dispatcher.apply(ReplicaSnapshot(replicas: replicas))
            try await eventually("every replica accepts") { bed.accepting == ports.count }
        }

        private func check(_ beds: [Testbed], _ replicas: LeanReplicas, _ what: String) async throws {
            let names = Self.declared.map { $0.draft.name.text }
            let requests = Self.requests
            let load = FickleLoad(ports: beds.map(\.port), functions: names, seed: UInt64(beds.count))
            let outcome = try await onThread { try load.run(requests: requests, atOnce: 300) }
            let answered = outcome.statuses.values.reduce(0, +)
            print("\(what): \(outcome.statuses), \(outcome.left) left, longest \(outcome.longest) ms")
            #expect(answered + outcome.left == requests)
            #expect(outcome.broken == 0)
            #expect(Set(outcome.statuses.keys).isSubset(of: [200, 504]))
            // By design a third, including timeouts. On a busy machine fewer clients leave in time.
            let cutShort = outcome.left + outcome.statuses[504, default: 0]
            #expect(cutShort > requests / 5)
            try await eventually("no invocation is left") {
                beds.allSatisfy { bed in names.allSatisfy { bed.isIdle($0) } }
            }
            let most = replicas.tally.most
            #expect(most.allSatisfy { $0 <= 1 }, "at once: \(most.filter { $0 > 1 })")
            // On average 15 clients share 10 slots; the longest queue takes about three rounds of 300 ms. The promised
            // bound is 1.5 s; the test fails at five times it.
            #expect(outcome.longest < 7500)
        }

        @Test(arguments: testedLoops) func `no replica has two requests at once while a third of the clients leave`(
            loops: Int
        ) async throws {
            let replicas = try LeanReplicas(Self.functions * Self.replicasEach)
            try await withTestbed(loops: loops) { bed in
                try await run(bed, replicas.ports)
                try await check([bed], replicas, "\(loops) loops")
            }
            replicas.stop()
        }

        @Test(arguments: testedLoops) func `the limit holds with two processes that own half of the functions each`(
            loops: Int
        ) async throws {
            let replicas = try LeanReplicas(Self.functions * Self.replicasEach)
            try await withPair(loops: loops) { first, second in
                for (bed, other, share) in [(first, second, 0), (second, first, 1)] {
                    try await run(bed, replicas.ports)
                    let away = Self.declared.enumerated().filter { $0.offset % 2 == share }.map(\.element.id)
                    bed.dispatcher.apply(
                        Ownership(
                            elsewhere: Dictionary(uniqueKeysWithValues: away.map { ($0, other.internalAddress) }),
                            withheld: Set(away)))
                }
                try await check([first, second], replicas, "two processes, \(loops) loops")
            }
            replicas.stop()
        }
    }
}
