import F2SModel

@testable import F2SOperator

/// Short factories of test values.
enum Samples {
    static func draft(
        _ name: String = "hello", route: String? = nil, min: Int = 0, max: Int = 5, concurrency: Int? = nil,
        version: Int = 1, timeout: Duration? = nil, drainTimeout: Duration? = nil,
        scaling: Scaling = Scaling()
    ) throws -> FunctionDraft {
        FunctionDraft(
            name: try FunctionName(name), route: try Route(route ?? name),
            target: Target(
                command: ["run", "v\(version)"], minReplicas: min, maxReplicas: max, concurrency: concurrency,
                timeout: timeout, drainTimeout: drainTimeout, scaling: scaling))
    }

    static func function(_ draft: FunctionDraft, generation: Int = 1, age: UInt64 = 1) -> Function {
        Function(
            id: Function.ID(draft.name.text), draft: draft, generation: generation,
            storeRevision: StoreRevision("\(generation)"), age: age,
            origin: Function.Origin(location: "memory", isWritable: true))
    }

    static func policy(
        min: Int = 0, max: Int = 5, concurrency: Int? = nil, scaling: Scaling = Scaling()
    ) -> ScalePolicy {
        ScalePolicy(
            Target(command: ["run"], minReplicas: min, maxReplicas: max, concurrency: concurrency, scaling: scaling))
    }

    static func startFailure(of revision: Revision, reason: String = "ExitedAtStart") -> StartFailure {
        StartFailure(
            stage: .start, reason: reason, message: "It ended with exit status 1. Look at its log.", exitStatus: 1,
            revision: revision, attempts: 1, nextAttempt: 0, retryAfterSeconds: 1)
    }
}

/// An outside signal with the same reading for every function.
struct StubScaleSignal: ScaleSignal {
    var reading: ScaleReading?

    func currentReading(of function: Function.ID) -> ScaleReading? { reading }
}

/// Drives one policy with the load of a function, second by second.
struct ScaleBench {
    var policy: ScalePolicy
    var memory = ScaleMemory()
    var now = Duration.zero
    var ready = 0
    var existing: Int?
    var hasStartFailure = false
    var signal = StubScaleSignal()
    var area = 0.0
    var admitted: UInt64 = 0

    init(_ policy: ScalePolicy) { self.policy = policy }

    /// Lets time pass under this load, and then makes a decision. If `follows` is true, the replicas follow it at once.
    mutating func step(
        _ duration: Duration = .seconds(1), inFlight: Int = 0, queued: Int = 0, isAskedFor: Bool = false,
        follows: Bool = true
    ) -> ScaleDecision {
        area += Double(inFlight + queued) * duration.inSeconds
        if inFlight + queued > 0 { admitted += 1 }
        now += duration
        let load = LoadReport.FunctionLoad(
            inFlight: inFlight, queued: queued, wantsActivation: (queued > 0 || isAskedFor) && ready == 0,
            admitted: admitted,
            concurrencySeconds: area)
        return decide(load, follows: follows)
    }

    /// Lets time pass while the dispatcher's reports omit the function.
    mutating func silence(_ duration: Duration = .seconds(1)) -> ScaleDecision {
        now += duration
        return decide(nil, follows: true)
    }

    /// Makes several steps of one second.
    mutating func run(seconds: Int, inFlight: Int = 0, queued: Int = 0) -> [ScaleDecision] {
        (0..<seconds).map { _ in step(inFlight: inFlight, queued: queued) }
    }

    private mutating func decide(_ load: LoadReport.FunctionLoad?, follows: Bool) -> ScaleDecision {
        let decision = policy.decide(
            ScaleObservation(
                load: load, signal: signal.currentReading(of: Function.ID("hello")), existing: existing ?? ready,
                ready: ready, hasStartFailure: hasStartFailure, now: now),
            &memory)
        if follows { ready = decision.desired }
        return decision
    }
}
