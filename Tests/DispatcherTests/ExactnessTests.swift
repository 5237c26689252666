import F2SDispatcher
import F2SModel
import NIOCore
import Synchronization
import Testing

extension DispatcherSerial {
    /// Tests under load that the limit is exact and that every request gets a response.
    @Suite struct ExactnessTests {
        /// Counts the concurrent requests of a replica.
        private final class Gauge: Sendable {
            let inside = Atomic<Int>(0)
            let most = Atomic<Int>(0)
            let served = Atomic<Int>(0)

            func enter() {
                let now = inside.add(1, ordering: .sequentiallyConsistent).newValue
                _ = most.max(now, ordering: .sequentiallyConsistent)
            }

            func leave() {
                inside.subtract(1, ordering: .sequentiallyConsistent)
                served.add(1, ordering: .sequentiallyConsistent)
            }
        }

        private func replicas(_ count: Int, delay: TimeAmount) async throws -> [(server: StubServer, gauge: Gauge)] {
            var made: [(server: StubServer, gauge: Gauge)] = []
            for number in 0..<count {
                let gauge = Gauge()
                let server = try await StubServer.start { request in
                    gauge.enter()
                    request.connection.schedule(in: delay) {
                        gauge.leave()
                        request.connection.send(ok("r\(number)"))
                    }
                }
                made.append((server, gauge))
            }
            return made
        }

        private func hammer(_ bed: Testbed, clients: Int, count: Int) async throws -> [Int: Int] {
            try await withThrowingTaskGroup(of: Hammer.Outcome.self) { group in
                for _ in 0..<clients {
                    group.addTask { try await Hammer.run(get(), count: count, port: bed.port) }
                }
                return try await group.reduce(into: [:]) { $0.merge($1.statuses, uniquingKeysWith: +) }
            }
        }

        @Test(arguments: [1, 3]) func `a replica never exceeds its limit, and every request gets a response`(
            concurrency: Int
        ) async throws {
            let made = try await replicas(3, delay: .microseconds(200))
            try await withTestbed { bed in
                try await bed.serve(
                    made[0].server, made[1].server, made[2].server, function: makeFunction(concurrency: concurrency))
                let count = concurrency == 1 ? 100 : 40
                let statuses = try await hammer(bed, clients: 64, count: count)
                #expect(statuses == [200: 64 * count])
                for (_, gauge) in made {
                    #expect(gauge.most.load(ordering: .relaxed) == concurrency)
                    // Each replica serves about a third, or less if the machine delays it.
                    #expect(gauge.served.load(ordering: .relaxed) > 64 * count / 12)
                }
                try await eventually("no invocation is left") { bed.isIdle() }
                #expect(await bed.metric("f2s_requests_completed_total{function=\"hello\"}") == Double(64 * count))
                #expect(bed.load().admitted == UInt64(64 * count))
            }
            for (server, _) in made { await server.stop() }
        }

        @Test func `no request fails while replicas start, drain and end under load`() async throws {
            let made = try await replicas(4, delay: .microseconds(100))
            let function = makeFunction(concurrency: 1)
            try await withTestbed { bed in
                try await bed.serve(made[0].server, function: function)
                let isOver = Atomic<Bool>(false)
                async let statuses = hammer(bed, clients: 16, count: 100)
                async let changes: Void = {
                    var generator = SplitMix64(seed: 3)
                    while !isOver.load(ordering: .relaxed) {
                        // The first replica stays. The others drain before they end.
                        let states = made.indices.dropFirst().map { ($0, Int.random(in: 0..<3, using: &generator)) }
                        let others = states.filter { $0.1 > 0 }.map { index, state in
                            makeReplica(
                                "r\(index)", state: state == 1 ? .draining : .ready, port: made[index].server.port)
                        }
                        let stays = makeReplica("r0", port: made[0].server.port)
                        bed.dispatcher.apply(ReplicaSnapshot(replicas: [stays] + others))
                        try await ContinuousClock().sleep(for: .milliseconds(5))
                    }
                }()
                #expect(try await statuses == [200: 1600])
                isOver.store(true, ordering: .relaxed)
                try await changes
                try await eventually("no invocation is left") { bed.isIdle() }
            }
            for (server, _) in made { await server.stop() }
        }
    }
}
