import F2SModel
import NIOCore
import Synchronization
import Testing

extension DispatcherSerial {
    /// Tests two processes under load that take turns in owning a function, and whose views of the owner may differ.
    /// The limit must be exact over both, and every request must get a response.
    @Suite struct OwnershipChurnTests {
        /// Changes the owner at random, with views that differ at times, until `isOver` returns true and the first
        /// process owns the function. Returns the number of completed transfers.
        private func takeTurns(_ first: Testbed, _ second: Testbed, seed: UInt64, until isOver: () -> Bool) async throws
            -> Int
        {
            var generator = SplitMix64(seed: seed)
            var sides = [OwnershipSide(first), OwnershipSide(second)]
            var views = [0, 0]
            var turns = 0
            while true {
                let isEnding = isOver()
                for index in sides.indices {
                    let other = 1 - index
                    if isEnding {
                        views[index] = 0
                    } else if Int.random(in: 0..<30, using: &generator) == 0 {
                        views[index] = Int.random(in: 0...1, using: &generator)
                    }
                    let wasHeld = sides[index].isHeld
                    let report = sides[index].step(isOwner: views[index] == index, other: sides[other].bed)
                    if wasHeld, !sides[index].isHeld { turns += 1 }
                    // A report may get lost. The next one contains all of its information.
                    if isEnding || Int.random(in: 0..<5, using: &generator) > 0 { sides[other].take(report) }
                    #expect(sides.contains { $0.isHeld }, "both processes grant slots")
                }
                if isEnding, !sides[0].isHeld { return turns }
                try await ContinuousClock().sleep(for: .milliseconds(Int.random(in: 1...3, using: &generator)))
            }
        }

        /// Counts the processes that still have clients.
        private final class Countdown: Sendable {
            private let count = Atomic<Int>(2)
            var isOver: Bool { count.load(ordering: .relaxed) == 0 }
            func countDown() { count.subtract(1, ordering: .relaxed) }
        }

        private func load(
            _ first: Testbed, _ second: Testbed, connections: Int, count: Int, _ left: Countdown
        ) async throws -> [LeanLoad.Outcome] {
            try await withThrowingTaskGroup(of: LeanLoad.Outcome.self) { group in
                for port in [first.port, second.port] {
                    group.addTask {
                        defer { left.countDown() }
                        return try await onThread {
                            try LeanLoad(port: port).run(connections: connections, count: count)
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }

        @Test(arguments: [1, 2] as [UInt64], testedLoops)
        func `the limit is exact, and every request gets one response`(seed: UInt64, loops: Int) async throws {
            let replicas = try LeanReplicas(3, delay: 300_000)
            let function = makeFunction(concurrency: 1)
            try await withPair(loops: loops) { first, second in
                for bed in [first, second] {
                    bed.setOwnership(isHeld: true)
                    bed.declare(function)
                    bed.run(replicas.ports, of: function)
                }
                let (connections, count) = (12, 250)
                let left = Countdown()
                async let outcomes = load(first, second, connections: connections, count: count, left)
                let turns = try await takeTurns(first, second, seed: seed) { left.isOver }
                for outcome in try await outcomes {
                    #expect(outcome.statuses == [200: connections * count])
                    #expect(outcome.foreign == 0 && outcome.broken == 0)
                }
                #expect(turns > 4, "there were too few transfers")
                let tally = replicas.tally
                #expect(tally.most == [1, 1, 1])
                #expect(tally.served.reduce(0, +) == 2 * connections * count)
                try await eventually("no invocation or connection is left") { first.isIdle() && second.isIdle() }
                let series = "f2s_requests_forwarded_total{function=\"hello\"}"
                let forwarded = await [first.metric(series), second.metric(series)]
                #expect(forwarded.reduce(0, +) > 0)
            }
            replicas.stop()
        }
    }
}
