import Glibc
import Testing

extension DispatcherSerial {
    /// Tests the queue with random sequences of all events, and checks its invariants after each step.
    @Suite struct QueueSimulationTests {
        /// Returns the number in an environment variable. `F2S_QUEUE_SEEDS=10000 swift test --filter QueueSimulation`
        /// runs more seeds, `F2S_QUEUE_SEED=7` runs one seed again.
        private static func number(_ variable: String) -> UInt64? {
            getenv(variable).flatMap { UInt64(String(cString: $0)) }
        }

        @Test func `no waiter is lost, and no slot is lost or granted twice`() throws {
            let stepsPerSeed = 20_000
            let seeds = Self.number("F2S_QUEUE_SEED").map { $0...$0 } ?? 1...(Self.number("F2S_QUEUE_SEEDS") ?? 20)
            var total = QueueSimulation.Counts()
            let time = try ContinuousClock().measure {
                for seed in seeds {
                    var simulation = try QueueSimulation(seed: seed)
                    for step in 0..<stepsPerSeed {
                        do {
                            try simulation.step()
                            try simulation.check()
                        } catch {
                            throw Late(description: "F2S_QUEUE_SEED=\(seed), step \(step): \(error)")
                        }
                    }
                    do {
                        try simulation.finishEverything()
                    } catch {
                        throw Late(description: "F2S_QUEUE_SEED=\(seed), at the end: \(error)")
                    }
                    total.add(simulation.counts)
                }
            }
            print(
                "must hold 6 (data plane): \(seeds.count * stepsPerSeed) steps over \(seeds.count) seeds in \(time):",
                total)
            // Each event must have occurred often; otherwise the simulation would prove nothing.
            #expect(total.rarest > seeds.count * 20, "\(total)")
        }
    }
}
