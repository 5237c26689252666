import F2SModel
import Testing

@testable import F2SOperator

@Suite struct ScaleSignalTests {
    private func reading(_ replicas: Int?, age: Duration = .seconds(1)) -> ScaleReading {
        ScaleReading(
            replicas: replicas, age: age, reason: replicas == nil ? "the server is down" : "queue_length is 42")
    }

    /// Returns a bench whose load requires two replicas, which are ready.
    private func busyBench(max: Int = 5) -> ScaleBench {
        var bench = ScaleBench(Samples.policy(max: max, concurrency: 1))
        _ = bench.run(seconds: 100, inFlight: 1)
        return bench
    }

    @Test(
        arguments: [
            (nil, 2, .load), (-1, 2, .load), (0, 2, .load), (2, 2, .load), (3, 3, .signal), (5, 5, .signal),
            (9, 5, .maximum), (Int.max, 5, .maximum),
        ] as [(Int?, Int, ScaleDecision.Reason)])
    func `a current signal raises the number up to the maximum, and never lowers it`(
        replicas: Int?, desired: Int, reason: ScaleDecision.Reason
    ) {
        var bench = busyBench()
        bench.signal.reading = replicas.map { reading($0) }
        let decision = bench.step(inFlight: 1)
        #expect(decision.desired == desired)
        #expect(decision.reason == reason)
    }

    @Test(arguments: [(0, 0, .idle), (1, 1, .signal), (4, 4, .signal)] as [(Int, Int, ScaleDecision.Reason)])
    func `a signal starts replicas of a function without invocations`(
        replicas: Int, desired: Int, reason: ScaleDecision.Reason
    ) {
        var bench = ScaleBench(Samples.policy())
        bench.signal.reading = reading(replicas)
        #expect(bench.step().desired == desired)
        #expect(bench.step().reason == reason)
    }

    @Test func `a signal below the minimum changes nothing`() {
        var bench = ScaleBench(Samples.policy(min: 2))
        bench.signal.reading = reading(1)
        let decision = bench.step()
        #expect(decision.desired == 2)
        #expect(decision.reason == .minimum)
    }

    @Test(
        arguments: [
            (nil, .seconds(1)), (nil, .seconds(3600)), (4, ScalePolicy.readingLifetime), (1, .seconds(3600)),
        ] as [(Int?, Duration)])
    func `a signal without a current value stops no replica, whatever the load is`(replicas: Int?, age: Duration) {
        var bench = busyBench()
        bench.signal.reading = reading(4)
        #expect(bench.step(inFlight: 1).desired == 4)
        bench.signal.reading = reading(replicas, age: age)
        for decision in bench.run(seconds: 200, inFlight: 1) + bench.run(seconds: 200) {
            #expect(decision.desired == 4)
            #expect(decision.reason == .noSignal)
        }
        // The load may still raise the number.
        #expect(bench.step(.milliseconds(1), inFlight: 4, queued: 10).desired == 5)
    }

    @Test func `a value that is too old raises nothing, and one that is just current does`() {
        var bench = busyBench()
        bench.signal.reading = reading(4, age: ScalePolicy.readingLifetime)
        #expect(bench.step(inFlight: 1).desired == 2)
        bench.signal.reading = reading(4, age: ScalePolicy.readingLifetime - .milliseconds(1))
        #expect(bench.step(inFlight: 1).desired == 4)
    }

    @Test func `a signal that falls at most halves the number, and zero replicas follow after the idle time`() {
        var bench = ScaleBench(Samples.policy(max: 16, scaling: Scaling(idle: .seconds(5), window: .seconds(6))))
        bench.signal.reading = reading(16)
        #expect(bench.run(seconds: 10).map(\.desired) == Array(repeating: 16, count: 10))
        bench.signal.reading = reading(1)
        #expect(bench.run(seconds: 5).map(\.desired) == [8, 4, 2, 1, 1])
        bench.signal.reading = reading(0)
        #expect(bench.run(seconds: 5).map(\.desired) == [1, 1, 1, 1, 0])
    }

    @Test func `a function without a signal follows its load again`() {
        var bench = busyBench()
        bench.signal.reading = reading(4)
        #expect(bench.step(inFlight: 1).desired == 4)
        bench.signal.reading = nil
        #expect(bench.run(seconds: 5, inFlight: 1).last?.desired == 2)
    }

    @Test(
        arguments: [
            (3, "3 replicas: an outside signal requires 3 (queue_length is 42)."),
            (9, "5 replicas: an outside signal requires 9 (queue_length is 42), target.maxReplicas is 5."),
            (
                nil,
                "4 replicas: the outside signal has no current value (the server is down), so no replica is stopped."
            ),
        ] as [(Int?, String)])
    func `the message contains the reason of the signal`(replicas: Int?, message: String) {
        var bench = busyBench()
        if replicas == nil {
            bench.signal.reading = reading(4)
            _ = bench.step(inFlight: 1)
        }
        bench.signal.reading = reading(replicas)
        #expect(bench.step(inFlight: 1).message(by: bench.policy) == message)
    }

    @Test func `a failed start limits a signal too, and the message names both`() {
        var bench = ScaleBench(Samples.policy())
        bench.hasStartFailure = true
        bench.signal.reading = reading(4)
        let decision = bench.step(follows: false)
        #expect(decision.desired == 1)
        #expect(
            decision.message(by: bench.policy)
                == "1 replica: the last start failed, so replicas are started one at a time; an outside signal "
                + "requires 4 (queue_length is 42).")
    }
}
