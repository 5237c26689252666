import F2SModel

/// The rules of one function's autoscaling. The two windows are those of Knative's autoscaler. The rules are pure: time
/// and load are arguments, and the caller keeps the state that the next decision needs.
struct ScalePolicy: Sendable, Hashable {
    /// The part of a replica's target concurrency that is used. The rest is left for the next jump.
    static let utilisation = 0.7
    /// The ratio of required to ready replicas from which the load counts as a jump.
    static let panicThreshold = 2
    /// A decision raises the number by at most this factor.
    static let raiseFactorMax = 1000
    /// The shortest time between two decisions that lower the number. Each of them at most halves it. Passes may follow
    /// each other within a millisecond.
    static let lowerInterval = Duration.seconds(1)
    /// The age from which a reading of an outside signal has no current value.
    static let readingLifetime = Duration.seconds(60)

    /// The lower bound of the number.
    let minReplicas: Int
    /// The upper bound of the number.
    let maxReplicas: Int
    /// The exact number of slots of a replica; `nil` for no limit.
    let concurrency: Int?
    /// The target number of invocations in flight and queued per replica, including utilisation.
    let concurrencyPerReplica: Double
    /// The time without invocations after which the function is scaled to its minimum.
    let idle: Duration
    /// The stable window.
    let stableWindow: Duration

    /// Creates the rules of a declaration.
    init(_ target: Target) {
        minReplicas = target.minReplicas
        concurrency = target.concurrency
        let limit = target.concurrency.map(Double.init)
        let aim = target.scaling.targetConcurrency ?? limit ?? Scaling.targetConcurrencyDefault
        // A target above the number of a replica's slots could never be reached.
        let perReplica = min(aim, limit ?? aim) * Self.utilisation
        concurrencyPerReplica = perReplica
        // The function's own limit of invocations in flight never needs more replicas than this, however many callers
        // wait.
        let useful = target.limits.inFlight.map { Int((Double($0) / perReplica).rounded(.up)) } ?? .max
        maxReplicas = max(min(target.maxReplicas, useful), minReplicas, 1)
        idle = target.scaling.idle
        stableWindow = target.scaling.window
    }

    /// The panic window: a tenth of the stable window, but at least a second.
    var panicWindow: Duration { max(stableWindow / 10, .seconds(1)) }

    /// Makes a decision, and stores in `memory` what the next decision needs.
    func decide(_ seen: ScaleObservation, _ memory: inout ScaleMemory) -> ScaleDecision {
        let current = memory.desired ?? seen.existing
        // Replicas that existed before the first decision have been in use, so their idle time begins now.
        if memory.desired == nil, seen.existing > 0 { memory.activeAt = seen.now }
        var decision = unbounded(seen, current, &memory)
        let asked = decision.desired
        decision.desired = bounded(asked)
        if decision.desired != asked { decision.reason = decision.desired > asked ? .minimum : .maximum }
        // Replicas that are starting already may continue. No further start is tried beside them until one succeeds.
        let triable = max(seen.ready + 1, seen.existing)
        if seen.hasStartFailure, decision.desired > triable {
            decision.desired = triable
            decision.reason = .startFailure
        }
        if decision.desired < current { memory.loweredAt = seen.now }
        memory.desired = decision.desired
        return decision
    }

    /// Returns the decision for a function that lost its route to an older one: it runs no replicas.
    func yielded(_ memory: inout ScaleMemory) -> ScaleDecision {
        memory = ScaleMemory(desired: 0)
        return ScaleDecision(desired: 0, wanted: 0, reason: .routeConflict)
    }

    /// Returns the decision before the bounds of the declaration apply.
    private func unbounded(_ seen: ScaleObservation, _ current: Int, _ memory: inout ScaleMemory) -> ScaleDecision {
        let isActive = memory.window.observe(seen.load, at: seen.now, keeping: stableWindow)
        let load = seen.load ?? LoadReport.FunctionLoad()
        var signal = seen.signal
        if let age = signal?.age, age >= Self.readingLifetime { signal?.replicas = nil }
        if isActive || signal?.replicas ?? 0 > 0 { memory.activeAt = seen.now }
        var decision = ScaleDecision(desired: current, wanted: 0, reason: .idle)
        decision.inFlight = load.inFlight
        decision.queued = load.queued
        decision.stableConcurrency = memory.window.average(over: stableWindow)
        decision.panicConcurrency = memory.window.average(over: panicWindow)
        if let activeAt = memory.activeAt, seen.now - activeAt < idle {
            ask(&decision, load, seen, current, &memory)
            raise(&decision, to: signal)
            // The last replica is removed only after the idle time.
            if current > 0 { decision.wanted = max(decision.wanted, 1) }
            decision.wanted = min(decision.wanted, Self.raiseFactorMax * max(seen.ready, current, 1))
            decision.desired = decision.wanted
            if decision.wanted < current { slow(&decision, seen, current, memory) }
        } else {
            // No invocation has arrived for a long time, so the windows and a panic are out of date.
            memory.calmDown()
            decision.desired = 0
        }
        // A restart may take long. Waiting invocations and a minimum must not depend on it alone.
        if seen.down > 0, seen.ready == 0, load.queued > 0 || minReplicas > 0, decision.desired <= seen.down {
            decision.wanted = max(decision.wanted, seen.down + 1)
            decision.desired = decision.wanted
            decision.reason = .replicaDown
            decision.signal = nil
        }
        // Without the load of every process, no replica is stopped.
        if !seen.isComplete, decision.desired < current {
            decision.desired = current
            decision.reason = .noData
        }
        // A HorizontalPodAutoscaler treats a missing metric alike: it may raise the number, but does not lower it.
        if let signal, signal.replicas == nil, decision.desired < current {
            decision.desired = current
            decision.reason = .noSignal
            decision.signal = signal
        }
        return decision
    }

    /// Applies the requirements of the windows and the queue to a decision.
    private func ask(
        _ decision: inout ScaleDecision, _ load: LoadReport.FunctionLoad, _ seen: ScaleObservation, _ current: Int,
        _ memory: inout ScaleMemory
    ) {
        let byStable = replicas(for: decision.stableConcurrency)
        let byPanic = replicas(for: decision.panicConcurrency)
        let byQueue = replicas(forQueueOf: load)
        memory.remember(ask: byQueue, at: seen.now, for: panicWindow)
        let jump = min(max(byPanic, byQueue), maxReplicas)
        if jump >= Self.panicThreshold * max(seen.ready, 1) { memory.panicAt = seen.now }
        decision.isPanicking = memory.panicAt.map { seen.now - $0 < stableWindow } ?? false
        if !decision.isPanicking { memory.panicAt = nil }

        let byRecentQueue = memory.recentAsk
        decision.wanted = max(byStable, byRecentQueue)
        decision.reason = byRecentQueue > byStable ? .queue : .load
        if decision.isPanicking, max(byPanic, current) > decision.wanted {
            decision.wanted = max(byPanic, current)
            decision.reason = .panic
        }
        if current == 0, load.queued > 0 || load.wantsActivation {
            decision.reason = .activation
            decision.wanted = max(decision.wanted, 1)
        }
    }

    /// Raises the required number to that of the outside signal.
    private func raise(_ decision: inout ScaleDecision, to signal: ScaleReading?) {
        guard let required = signal?.replicas, required > decision.wanted else { return }
        decision.wanted = required
        decision.reason = .signal
        decision.signal = signal
    }

    /// Limits how far the number falls at once.
    private func slow(
        _ decision: inout ScaleDecision, _ seen: ScaleObservation, _ current: Int, _ memory: ScaleMemory
    ) {
        if memory.window.length < stableWindow {
            decision.desired = current
            decision.reason = .noHistory
        } else if let loweredAt = memory.loweredAt, seen.now - loweredAt < Self.lowerInterval {
            decision.desired = current
        } else {
            decision.desired = max(decision.wanted, (current + 1) / 2)
        }
    }

    private func bounded(_ count: Int) -> Int { max(minReplicas, min(count, maxReplicas)) }

    private func replicas(for concurrency: Double) -> Int {
        // An average that exceeds a whole number of replicas by a rounding error counts as that number.
        Int(min((concurrency / concurrencyPerReplica - 1e-6).rounded(.up), Double(Target.replicasMax * 10)))
    }

    /// Returns the number of replicas that the queue requires at once. With a hard limit no average is needed to know
    /// that slots are missing.
    private func replicas(forQueueOf load: LoadReport.FunctionLoad) -> Int {
        guard load.queued > 0 else { return 0 }
        let demand = load.inFlight + load.queued
        guard let concurrency else { return max(replicas(for: Double(demand)), 1) }
        return (demand + concurrency - 1) / concurrency
    }

    /// The number of slots of a replica, as text.
    var slotsText: String { concurrency.map { "\($0) slot\($0 == 1 ? "" : "s")" } ?? "no limit of slots" }
}
