import F2SDispatcher
import F2SModel
import Glibc
import Testing

extension DispatcherSerial {
    /// `concurrency: 1` is exact as the function itself counts it, whatever its callers do.
    @Suite struct FickleClientsTests {
        /// Requests of each case; all six together make 20,000.
        private static let requests = getenv("F2S_FICKLE_REQUESTS").flatMap { Int(String(cString: $0)) } ?? 3400
        private static let functions = 20
        private static let replicasEach = 10

        private static let declared: [Function] = (0..<functions).map { number in
            // Every fifth function's time is over before many of its answers are there.
            makeFunction("f\(number)", concurrency: 1, timeout: number % 5 == 0 ? .milliseconds(200) : nil)
        }

        private func run(_ bed: Testbed, _ ports: [Int]) async throws {
            let each = Self.replicasEach
            bed.dispatcher.apply(FunctionSnapshot(functions: Self.declared))
            let replicas = ports.enumerated().map { place, port in
                makeReplica("r\(place)", of: Self.declared[place / each], port: port)
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
            // A third by design, those that are timed out included. On a busy machine fewer leave in time.
            let cutShort = outcome.left + outcome.statuses[504, default: 0]
            #expect(cutShort > requests / 5)
            try await eventually("all is free") { beds.allSatisfy { bed in names.allSatisfy { bed.isIdle($0) } } }
            let most = replicas.tally.most
            #expect(most.allSatisfy { $0 <= 1 }, "at once: \(most.filter { $0 > 1 })")
            // Fifteen callers of ten slots on average, three rounds of 300 ms for the longest queue: the bar is 1.5 s.
            #expect(outcome.longest < 7500)
        }

        @Test(arguments: testedLoops) func `a third of the callers leave, and never are two at once in a replica`(
            loops: Int
        ) async throws {
            let replicas = try LeanReplicas(Self.functions * Self.replicasEach)
            try await withTestbed(loops: loops) { bed in
                try await run(bed, replicas.ports)
                try await check([bed], replicas, "\(loops) loops")
            }
            replicas.stop()
        }

        @Test(arguments: testedLoops) func `the same with two processes, each of which owns half of the functions`(
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
                            held: Set(away)))
                }
                try await check([first, second], replicas, "two processes, \(loops) loops")
            }
            replicas.stop()
        }
    }
}
