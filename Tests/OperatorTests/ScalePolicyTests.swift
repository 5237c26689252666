import F2SModel
import Testing

@testable import F2SOperator

@Suite struct ScalePolicyTests {
    @Test(
        arguments: [
            (nil, nil, 70), (1, nil, 0.7), (10, nil, 7), (nil, 5, 3.5), (10, 5, 3.5), (10, 50, 7),
        ] as [(Int?, Double?, Double)])
    func `the target per replica leaves capacity and never exceeds its slots`(
        concurrency: Int?, wanted: Double?, aim: Double
    ) {
        let policy = Samples.policy(concurrency: concurrency, scaling: Scaling(targetConcurrency: wanted))
        #expect(abs(policy.concurrencyPerReplica - aim) < 1e-9)
    }

    @Test func `an idle function runs its minimum`() {
        var bench = ScaleBench(Samples.policy())
        #expect(bench.step().desired == 0)
        #expect(bench.step().reason == .idle)
        var warm = ScaleBench(Samples.policy(min: 2))
        let decision = warm.step()
        #expect(decision.desired == 2)
        #expect(decision.reason == .minimum)
    }

    @Test func `one waiting invocation of a cold function starts one replica`() {
        var bench = ScaleBench(Samples.policy())
        _ = bench.step()
        let decision = bench.step(.microseconds(50), queued: 1)
        #expect(decision.desired == 1)
        #expect(decision.reason == .activation)
    }

    @Test func `a requested start starts one replica, which ends when it is not used`() {
        var bench = ScaleBench(Samples.policy(scaling: Scaling(idle: .seconds(5))))
        #expect(bench.step().desired == 0)
        let decision = bench.step(isAskedFor: true, follows: false)
        #expect(decision.desired == 1)
        #expect(decision.reason == .activation)
        let words = "1 replica: a start was requested, and no replica accepts invocations."
        #expect(decision.message(by: bench.policy) == words)
        // A start that takes longer than the idle time continues as long as it is requested.
        bench.existing = 1
        for _ in 0..<10 { #expect(bench.step(isAskedFor: true, follows: false).desired == 1) }
        bench.ready = 1
        #expect(bench.step().desired == 1)
        bench.existing = nil
        #expect(bench.run(seconds: 6).last?.desired == 0)
    }

    @Test(arguments: [
        (1, "1 replica: 1 invocation waits and no replica accepts any."),
        (3, "1 replica: 3 invocations wait and no replica accepts any."),
    ])
    func `the message of a cold start is English`(queued: Int, message: String) {
        var bench = ScaleBench(Samples.policy())
        _ = bench.step()
        #expect(bench.step(.microseconds(50), queued: queued).message(by: bench.policy) == message)
    }

    @Test(arguments: [
        (1, 1, "3 replicas: 1 invocation waits and 1 is in flight, 2 slots per replica."),
        (2, 3, "3 replicas: 2 invocations wait and 3 are in flight, 2 slots per replica."),
    ])
    func `the message of a full queue is English`(queued: Int, inFlight: Int, message: String) {
        let decision = ScaleDecision(
            desired: 3, wanted: 3, reason: .queue, inFlight: inFlight, queued: queued)
        #expect(decision.message(by: Samples.policy(concurrency: 2)) == message)
    }

    @Test(arguments: [(1, 100, 3), (1, 2, 2), (10, 25, 3), (40, 100, 3), (100, 100, 1), (nil, 100, 2), (nil, 70, 1)])
    func `a cold function starts at once what its queue requires`(concurrency: Int?, queued: Int, desired: Int) {
        var bench = ScaleBench(Samples.policy(max: 3, concurrency: concurrency))
        #expect(bench.step(.microseconds(10), queued: queued).desired == desired)
    }

    @Test func `invocations that wait for full replicas are load, and their new replicas are not stopped at once`() {
        var bench = ScaleBench(Samples.policy(max: 3, concurrency: 1))
        _ = bench.run(seconds: 100, inFlight: 1)
        let before = bench.ready
        let burst = bench.step(.milliseconds(1), inFlight: before, queued: 20)
        #expect(burst.desired == 3)
        #expect(burst.reason == .maximum)
        for decision in bench.run(seconds: 5, inFlight: 1) { #expect(decision.desired == 3) }
    }

    @Test func `free slots require no more replicas than the windows do`() {
        var bench = ScaleBench(Samples.policy(max: 10, concurrency: 10))
        let decisions = bench.run(seconds: 120, inFlight: 6)
        #expect(decisions.allSatisfy { $0.desired <= 1 })
        #expect(decisions.last?.desired == 1)
    }

    @Test func `the stable window leads to load divided by target`() {
        var bench = ScaleBench(Samples.policy(max: 100))
        let last = bench.run(seconds: 200, inFlight: 350).last
        #expect(last?.desired == 5)
        #expect(last?.reason == .load || last?.reason == .panic)
        #expect(abs((last?.stableConcurrency ?? 0) - 350) < 1)
    }

    @Test func `a jump is answered within the panic window, and nothing is stopped while it lasts`() {
        var bench = ScaleBench(Samples.policy(max: 100))
        _ = bench.run(seconds: 100, inFlight: 50)
        #expect(bench.ready == 1)
        let jump = bench.run(seconds: 6, inFlight: 700)
        #expect(jump.last?.desired == 10)
        #expect(jump.last?.isPanicking == true)
        // The load falls to a tenth at once. The number stays until the panic is over.
        let after = bench.run(seconds: 50, inFlight: 50)
        #expect(after.allSatisfy { $0.desired == 10 })
        #expect(after.last?.reason == .panic)
        let calm = bench.run(seconds: 120, inFlight: 50)
        #expect(calm.last?.desired == 1)
        #expect(calm.last?.isPanicking == false)
    }

    @Test func `a decision at most halves, once a second however often it is asked`() {
        var bench = ScaleBench(Samples.policy(max: 16, concurrency: 1, scaling: Scaling(window: .seconds(6))))
        _ = bench.run(seconds: 30, inFlight: 16)
        #expect(bench.ready == 16)
        // Ten seconds later hardly any load is left.
        #expect(bench.step(.seconds(10), inFlight: 1).desired == 8)
        #expect(bench.step(.milliseconds(999), inFlight: 1).desired == 8)
        #expect(bench.step(.milliseconds(1), inFlight: 1).desired == 4)
        #expect(bench.step(inFlight: 1).desired == 2)
        #expect(bench.step(inFlight: 1).desired == 2)
        var changes: [Duration] = []
        var other = ScaleBench(Samples.policy(max: 16, concurrency: 1, scaling: Scaling(window: .seconds(6))))
        _ = other.run(seconds: 30, inFlight: 16)
        for _ in 0..<200 {
            let before = other.ready
            if other.step(.milliseconds(100), inFlight: 1).desired < before { changes.append(other.now) }
        }
        #expect(zip(changes, changes.dropFirst()).allSatisfy { $1 - $0 >= .seconds(1) })
    }

    @Test func `silence leads to the minimum after the idle time, even out of a panic`() {
        var bench = ScaleBench(Samples.policy(max: 8, concurrency: 1, scaling: Scaling(idle: .seconds(3))))
        _ = bench.step(.milliseconds(1), queued: 8)
        #expect(bench.ready == 8)
        let decisions = bench.run(seconds: 4)
        #expect(decisions.map(\.desired) == [8, 8, 0, 0])
        #expect(decisions.last?.reason == .idle)
        #expect(decisions.last?.isPanicking == false)
    }

    @Test func `load from before the idle time does not wake a function up again`() {
        var bench = ScaleBench(Samples.policy(concurrency: 1, scaling: Scaling(idle: .seconds(2))))
        _ = bench.run(seconds: 20, inFlight: 1)
        let decisions = bench.run(seconds: 30)
        #expect(decisions.dropFirst(2).allSatisfy { $0.desired == 0 })
    }

    @Test func `the last replica stays until the idle time is over, even if the window is empty`() {
        var bench = ScaleBench(Samples.policy(scaling: Scaling(idle: .seconds(100), window: .seconds(6))))
        _ = bench.step(queued: 1)
        let decisions = bench.run(seconds: 101)
        #expect(decisions.prefix(99).allSatisfy { $0.desired == 1 })
        #expect(decisions.last?.desired == 0)
    }

    @Test func `a short invocation between two ticks counts as activity`() {
        var bench = ScaleBench(Samples.policy(scaling: Scaling(idle: .seconds(5))))
        _ = bench.step(queued: 1)
        for _ in 0..<10 {
            #expect(bench.step(.seconds(2)).desired == 1)
            #expect(bench.step(.milliseconds(3), inFlight: 1).desired == 1)
            #expect(bench.step(.seconds(2)).desired == 1)
        }
    }

    @Test func `a function that the reports omit is idle`() {
        var bench = ScaleBench(Samples.policy(scaling: Scaling(idle: .seconds(5))))
        _ = bench.run(seconds: 10, inFlight: 1)
        #expect((0..<4).allSatisfy { _ in bench.silence().desired == 1 })
        #expect((0..<2).map { _ in bench.silence() }.last?.desired == 0)
    }

    @Test func `a function that was never invoked is idle, whether it is reported or not`() {
        var bench = ScaleBench(Samples.policy(min: 1))
        #expect(bench.silence().reason == .minimum)
        for _ in 0..<3 { #expect(bench.step().reason == .minimum) }
        #expect(bench.silence().reason == .minimum)
    }

    @Test func `the first report after an assumed silence is no jump, whatever was counted before`() {
        var bench = ScaleBench(Samples.policy(scaling: Scaling(targetConcurrency: 10)))
        (bench.area, bench.admitted) = (500, 10_000)
        for _ in 0..<20 { #expect(bench.silence().desired == 0) }
        #expect(bench.step(queued: 1).desired == 1)
        for _ in 0..<20 {
            let decision = bench.step(.milliseconds(100), inFlight: 1)
            #expect(decision.desired == 1 && !decision.isPanicking)
        }
    }

    @Test func `replicas that existed before are kept for the idle time`() {
        var bench = ScaleBench(Samples.policy(scaling: Scaling(idle: .seconds(5))))
        bench.ready = 3
        let decisions = bench.run(seconds: 7)
        #expect(decisions.first?.desired == 3)
        #expect(decisions.first?.reason == .noHistory)
        #expect(decisions.prefix(5).allSatisfy { $0.desired == 3 })
        #expect(decisions.last?.desired == 0)
    }

    @Test(arguments: [(0, 2, 2), (0, 1, 1), (3, 3, 3), (0, 9, 9)])
    func `edited bounds apply at once, even in a panic`(min: Int, max: Int, desired: Int) {
        var bench = ScaleBench(Samples.policy(max: 3, concurrency: 1))
        #expect(bench.step(.milliseconds(1), queued: 50).desired == 3)
        bench.policy = Samples.policy(min: min, max: max, concurrency: 1)
        #expect(bench.step(.milliseconds(1), inFlight: 1).desired == desired)
    }

    @Test func `a function that does not start is tried once at a time, and no more without invocations`() {
        var bench = ScaleBench(Samples.policy(max: 5, concurrency: 1, scaling: Scaling(idle: .seconds(5))))
        #expect(bench.step(.milliseconds(1), queued: 5, follows: false).desired == 5)
        bench.hasStartFailure = true
        let decision = bench.step(.milliseconds(1), queued: 5, follows: false)
        #expect(decision.desired == 1)
        #expect(decision.reason == .startFailure)
        #expect(decision.message(by: bench.policy).contains("5"))
        for _ in 0..<4 { #expect(bench.step(follows: false).desired == 1) }
        #expect(bench.step(.seconds(2), follows: false).desired == 0)
    }

    @Test func `a failed start of one more replica leaves the others alone`() {
        var bench = ScaleBench(Samples.policy(max: 5, concurrency: 1))
        _ = bench.step(.milliseconds(1), queued: 5, follows: false)
        bench.ready = 3
        bench.hasStartFailure = true
        #expect(bench.step(.milliseconds(1), inFlight: 3, queued: 2, follows: false).desired == 4)
    }

    @Test func `a function that lost its route runs nothing, whatever its minimum, and forgets its history`() {
        let policy = Samples.policy(min: 3)
        var memory = ScaleMemory(desired: 3)
        let decision = policy.yielded(&memory)
        #expect(decision.desired == 0)
        #expect(decision.reason == .routeConflict)
        #expect(memory.desired == 0)
    }

    @Test(arguments: ScaleDecision.Reason.allCases)
    func `every reason has a message that begins with the number`(reason: ScaleDecision.Reason) {
        let one = ScaleDecision(desired: 1, wanted: 4, reason: reason).message(by: Samples.policy())
        #expect(one.hasPrefix("1 replica: "))
        #expect(one.hasSuffix("."))
        let three = ScaleDecision(desired: 3, wanted: 4, reason: reason).message(by: Samples.policy(concurrency: 1))
        #expect(three.hasPrefix("3 replicas: "))
    }

    @Test(arguments: [(0.0, "0"), (1, "1"), (0.5, "0.5"), (2.0 / 3, "0.67"), (1e300, "1e+300"), (.nan, "nan")])
    func `figures are short`(value: Double, text: String) {
        #expect(value.shortText == text)
    }

    @Test(
        arguments: [
            // An invocation waits, and the only replica is being restarted.
            (1, 0, 1, 0, 5, 2, .replicaDown), (2, 0, 1, 0, 5, 3, .replicaDown),
            // No invocation waits, but one replica must run.
            (1, 0, 0, 1, 5, 2, .replicaDown),
            // Another replica serves, or no more are allowed.
            (1, 1, 1, 0, 5, 2, nil), (1, 0, 1, 0, 1, 1, .maximum),
        ] as [(Int, Int, Int, Int, Int, Int, ScaleDecision.Reason?)])
    func `a second replica is started when the only one is down`(
        down: Int, ready: Int, queued: Int, minimum: Int, maximum: Int, desired: Int, reason: ScaleDecision.Reason?
    ) {
        let policy = Samples.policy(min: minimum, max: maximum)
        var memory = ScaleMemory(desired: down + ready)
        let load = LoadReport.FunctionLoad(queued: queued, wantsActivation: queued > 0 && ready == 0, admitted: 1)
        let decision = policy.decide(
            ScaleObservation(
                load: load, existing: down + ready, ready: ready, down: down, hasStartFailure: false, now: .seconds(1)),
            &memory)
        #expect(decision.desired == desired)
        if let reason { #expect(decision.reason == reason) }
    }
}
