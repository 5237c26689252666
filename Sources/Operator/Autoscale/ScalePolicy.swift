import F2SModel

/// The rules of one function's autoscaling (DESIGN section 6; the two windows are those of Knative's autoscaler). Pure:
/// time and load are arguments, what must be remembered is a value that the caller keeps.
struct ScalePolicy: Sendable, Hashable {
    /// Share of a replica's aim that is used on purpose: the rest is there for the next jump.
    static let utilisation = 0.7
    /// Demand on the panic window, over what is ready, from which on load is taken to have jumped.
    static let panicThreshold = 2
    /// A decision at most multiplies by this.
    static let raiseFactorMax = 1000
    /// A decision at most halves, and only so often: passes may follow each other within a millisecond.
    static let lowerInterval = Duration.seconds(1)

    /// Never fewer.
    let minReplicas: Int
    /// Never more.
    let maxReplicas: Int
    /// Exact number of slots of a replica; `nil`: no limit.
    let concurrency: Int?
    /// In flight and waiting per replica to aim at, utilisation included.
    let concurrencyPerReplica: Double
    /// Silence after which the function goes to its minimum.
    let idle: Duration
    /// The long window.
    let stableWindow: Duration

    /// The rules that a declaration asks for.
    init(_ target: Target) {
        minReplicas = target.minReplicas
        concurrency = target.concurrency
        let limit = target.concurrency.map(Double.init)
        let aim = target.scaling.targetConcurrency ?? limit ?? Scaling.targetConcurrencyDefault
        // An aim above the slots that a replica has could never be reached.
        let perReplica = min(aim, limit ?? aim) * Self.utilisation
        concurrencyPerReplica = perReplica
        // What the function itself lets through needs no more replicas than this, however many callers wait.
        let useful = target.limits.inFlight.map { Int((Double($0) / perReplica).rounded(.up)) } ?? .max
        maxReplicas = max(min(target.maxReplicas, useful), minReplicas, 1)
        idle = target.scaling.idle
        stableWindow = target.scaling.window
    }

    /// The short window: a tenth of the long one.
    var panicWindow: Duration { max(stableWindow / 10, .seconds(1)) }

    /// Decides, and remembers what the next decision needs.
    func decide(_ seen: ScaleObservation, _ memory: inout ScaleMemory) -> ScaleDecision {
        let current = memory.desired ?? seen.existing
        // Replicas that were there before anybody looked have had their callers: their idle time begins now.
        if memory.desired == nil, seen.existing > 0 { memory.activeAt = seen.now }
        var decision = unbounded(seen, current, &memory)
        let asked = decision.desired
        decision.desired = bounded(asked)
        if decision.desired != asked { decision.reason = decision.desired > asked ? .minimum : .maximum }
        // What starts already may go on; no further start is tried beside it until one succeeds.
        let triable = max(seen.ready + 1, seen.existing)
        if seen.hasTrouble, decision.desired > triable {
            decision.desired = triable
            decision.reason = .startTrouble
        }
        if decision.desired < current { memory.loweredAt = seen.now }
        memory.desired = decision.desired
        return decision
    }

    /// The decision for a function that lost its route to an older one: it runs nothing.
    func yielded(_ memory: inout ScaleMemory) -> ScaleDecision {
        memory = ScaleMemory(desired: 0)
        return ScaleDecision(desired: 0, wanted: 0, reason: .routeConflict)
    }

    /// The number before the bounds of the declaration.
    private func unbounded(_ seen: ScaleObservation, _ current: Int, _ memory: inout ScaleMemory) -> ScaleDecision {
        let isActive = memory.window.observe(seen.load, at: seen.now, keeping: stableWindow)
        let load = seen.load ?? LoadReport.FunctionLoad()
        if isActive { memory.activeAt = seen.now }
        var decision = ScaleDecision(desired: current, wanted: 0, reason: .idle)
        decision.inFlight = load.inFlight
        decision.queued = load.queued
        decision.stableConcurrency = memory.window.average(over: stableWindow)
        decision.panicConcurrency = memory.window.average(over: panicWindow)
        if let activeAt = memory.activeAt, seen.now - activeAt < idle {
            ask(&decision, load, seen, current, &memory)
            decision.desired = decision.wanted
            if decision.wanted < current { slow(&decision, seen, current, memory) }
        } else {
            // Nobody has called for long: whatever the windows and a panic say is history.
            memory.calmDown()
            decision.desired = 0
        }
        // A replica that starts again may take long. Whoever waits, and a minimum, must not depend on it alone.
        if seen.down > 0, seen.ready == 0, load.queued > 0 || minReplicas > 0, decision.desired <= seen.down {
            decision.wanted = max(decision.wanted, seen.down + 1)
            decision.desired = decision.wanted
            decision.reason = .replicaDown
        }
        // Who does not know the whole load stops nothing.
        if !seen.isComplete, decision.desired < current {
            decision.desired = current
            decision.reason = .noData
        }
        return decision
    }

    /// What the windows and the queue ask for.
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
        } else if current > 0 {
            // The last replica goes by idleness alone, which has been asked about before.
            decision.wanted = max(decision.wanted, 1)
        }
        decision.wanted = min(decision.wanted, Self.raiseFactorMax * max(seen.ready, current, 1))
    }

    /// How far a number may fall at once.
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
        // An average that is a hair over a whole number of replicas is that number: it comes from adding up fractions.
        Int(min((concurrency / concurrencyPerReplica - 1e-6).rounded(.up), Double(Target.replicasMax * 10)))
    }

    /// Who waits asks for a slot, at once: with a hard limit no average is needed to know that slots are missing.
    private func replicas(forQueueOf load: LoadReport.FunctionLoad) -> Int {
        guard load.queued > 0 else { return 0 }
        let demand = load.inFlight + load.queued
        guard let concurrency else { return max(replicas(for: Double(demand)), 1) }
        return (demand + concurrency - 1) / concurrency
    }

    /// Slots of a replica, for people.
    var slotsText: String { concurrency.map { "\($0) slot\($0 == 1 ? "" : "s")" } ?? "no limit of slots" }
}
