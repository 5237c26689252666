import F2SModel
import Synchronization
import Testing

extension DispatcherSerial {
    /// Tests that a flood of requests to one function does not affect another function.
    @Suite struct FairnessTests {
        private final class Stop: Sendable { let isSet = Atomic<Bool>(false) }

        @Test func `a flood of requests to one function neither delays nor rejects those to another`() async throws {
            let slow = try LeanReplicas(1, delay: 20_000_000)
            let fast = try LeanReplicas(1)
            let flooded = makeFunction("flooded", concurrency: 1)
            let normal = makeFunction("normal", concurrency: 10, age: 2)
            var limits = Limits()
            limits.queueLengthMax = 300
            try await withTestbed(limits: limits) { bed in
                bed.declare(flooded, normal)
                bed.run(
                    makeReplica("slow", of: flooded, port: slow.ports[0]),
                    makeReplica("fast", of: normal, port: fast.ports[0]))
                try await eventually("both replicas accept") { bed.accepting == 2 }
                let load = PacedLoad(port: bed.port, function: "normal")
                _ = try await load.run(seconds: 0.2)
                var comparison = PacedLoad.Comparison()
                while comparison.isOpen {
                    let alone = try await measure(load)
                    let stop = Stop()
                    async let flood = onThread {
                        try LeanLoad(port: bed.port, function: "flooded", pause: 100)
                            .run(connections: 500, count: .max) { stop.isSet.load(ordering: .relaxed) }
                    }
                    try await eventually("the queue is full") { bed.load("flooded").queued == 300 }
                    // Skips the first burst. The test is about the sustained load.
                    let refused = "f2s_requests_failed_total{function=\"flooded\",stage=\"queue\"}"
                    let first = await bed.metric(refused)
                    try await eventually("rejected clients return") { bed.metric(refused) > first + 400 }
                    comparison.add(alone: alone, beside: try await measure(load))
                    #expect(bed.load("flooded").queued > 250)
                    stop.isSet.store(true, ordering: .relaxed)
                    let outcome = try await flood
                    #expect(outcome.statuses[503, default: 0] > 100)
                    #expect(outcome.foreign == 0)
                    try await eventually("the flood is over") { bed.isIdle("flooded") }
                }
                report(5, "a function beside the flood of another (500 connections, queue full): \(comparison.text)")
                #expect(!comparison.isDelayed)
                #expect(await bed.metric("f2s_requests_failed_total{function=\"normal\",stage=\"queue\"}") == 0)
            }
            slow.stop()
            fast.stop()
        }

        private func measure(_ load: PacedLoad) async throws -> PacedLoad.Outcome {
            let outcome = try await load.run(seconds: 0.75)
            #expect(outcome.statuses == [200: 150])
            return outcome
        }
    }
}
