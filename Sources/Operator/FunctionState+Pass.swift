import F2SModel

extension FunctionState {
    /// The inputs that one reconcile pass applies to every function.
    struct Pass: Sendable {
        /// The platform's replicas, the start failures, and the reasons for restarts.
        let observed: ReplicaSnapshot
        /// The sum of the load reports of all F2S processes.
        let load: LoadReport
        /// True if every process has reported its load.
        let isComplete: Bool
        /// Defines whether F2S or the platform chooses the replicas to stop.
        let retirement: Retirement
        /// The replicas that earlier passes are draining or have stopped.
        let drainState: DrainState
        /// The monotonic time of the previous pass; `nil` in the first one.
        let passedAt: Duration?
        /// The monotonic time of this pass.
        let now: Duration
        /// The time of day, in seconds since 1970.
        let wall: Double
    }

    /// Decides how many replicas the function should run, plans how to get there, and records its status and events.
    /// - Parameter wasActive: False if the function was idle, so that earlier ticks did not reconcile it.
    mutating func reconcile(_ pass: Pass, wasActive: Bool, _ metrics: OperatorMetrics, _ events: inout [Event]) {
        let observed = pass.observed[function.id]
        let own = observed.replicas
        let startFailure = observed.startFailure.flatMap { $0.revision == revision.text ? $0 : nil }
        if !wasActive, let passedAt = pass.passedAt, let lookedAt, lookedAt < passedAt {
            memory.window.rest(until: passedAt, keeping: policy.stableWindow)
        }
        lookedAt = pass.now
        let functionLoad = pass.load.functions[function.id]
        hasStartFailure = startFailure != nil
        isUrgent = functionLoad?.wantsActivation == true
        replicas = own.count { $0.state != .gone }

        let census = census(of: own, pass)
        let before = decision?.desired ?? census.existing
        let policy = policy
        let decided =
            routeHolder != nil
            ? policy.yielded(&memory)
            : policy.decide(
                ScaleObservation(
                    load: functionLoad, isComplete: pass.isComplete, existing: census.existing, ready: census.ready,
                    down: census.down, hasStartFailure: hasStartFailure, now: pass.now), &memory)
        decision = decided
        plan = plan(desiredReplicas(decided, policy), own, pass)
        isPlanned = true
        if decided.desired != before {
            metrics.count(decided.reason)
            history.record(
                ScaleChange(
                    time: pass.wall, from: before, to: decided.desired, reason: decided.reason.rawValue,
                    message: decided.cause(by: policy)))
            note("Scaled", "From \(before) to \(decided.message(by: policy))", pass, &events)
        }
        noteUnresponsive(pass, &events)
        noteRollout(pass, &events)
        noteStatus(startFailure, pass, &events)
    }

    /// Returns true if another pass would change nothing until an event occurs: no replica runs, no start is requested,
    /// and no window or backoff can expire.
    func isReconciled(_ pass: Pass) -> Bool {
        guard let decision, decision.desired == 0, !hasStartFailure, !isRollingOut, reported.isEmpty,
            pass.load.functions[function.id] == nil, pass.observed[function.id].restart == nil,
            pass.observed[function.id].replicas.isEmpty
        else { return false }
        return decision.stableConcurrency == 0 && decision.panicConcurrency == 0 && memory.isAtRest
    }

    private func plan(_ desired: DesiredReplicas, _ own: [Replica], _ pass: Pass) -> ReconcilePlan {
        switch pass.retirement {
        case .named: ReconcilePlan(desired, replicas: own, load: pass.load.replicas, drainState: pass.drainState)
        case .byPlatform: ReconcilePlan(byPlatform: desired, replicas: own, load: pass.load.replicas)
        }
    }

    /// Counts the replicas that are neither draining nor being stopped.
    private func census(of replicas: [Replica], _ pass: Pass) -> (existing: Int, ready: Int, down: Int) {
        var existing = 0
        var ready = 0
        var down = 0
        var isOfBoth = (old: false, current: false)
        for replica in replicas where replica.state == .starting || replica.state == .ready {
            guard !pass.drainState.isLeaving(replica.id), pass.load.replicas[replica.id]?.isUnresponsive != true else {
                continue
            }
            existing += 1
            if replica.revision == revision { isOfBoth.current = true } else { isOfBoth.old = true }
            if replica.state == .ready || pass.load.replicas[replica.id]?.isAccepting == true { ready += 1 }
            if replica.isDown, pass.load.replicas[replica.id]?.isAccepting != true { down += 1 }
        }
        // A new leader that takes over in the middle of the platform's rollout begins with the desired number. The
        // surge replica does not count.
        if pass.retirement == .byPlatform, memory.desired == nil, isOfBoth == (true, true),
            function.status.desiredReplicas == existing - 1
        {
            existing -= 1
        }
        return (existing, ready, down)
    }

    private mutating func noteUnresponsive(_ pass: Pass, _ events: inout [Event]) {
        guard !(plan.unresponsive.isEmpty && reported.isEmpty) else { return }
        for id in plan.unresponsive where !reported.contains(id) {
            note(
                "ReplicaUnresponsive",
                "Replica \(id) did not finish an abandoned invocation in time, so it is replaced. Raise "
                    + "f2s.timeouts.abandoned_timeout if the function needs longer.", pass, &events)
        }
        reported = Set(plan.unresponsive)
        replacedAt = replacedAt.filter { reported.contains($0.key) }
    }

    private mutating func noteRollout(_ pass: Pass, _ events: inout [Event]) {
        if plan.older > 0, plan.count > 0, !isRollingOut {
            isRollingOut = true
            note("RollingOut", "Revision \(revision) is rolled out. Older replicas: \(plan.older).", pass, &events)
        } else if plan.older == 0, isRollingOut, plan.isCurrentReady || plan.count == 0 {
            isRollingOut = false
            if plan.isCurrentReady { note("RolledOut", "Every replica runs revision \(revision).", pass, &events) }
        }
    }

    private mutating func noteStatus(_ startFailure: StartFailure?, _ pass: Pass, _ events: inout [Event]) {
        let newer = StatusInputs(
            generation: function.generation, route: function.route, replicas: replicas, ready: plan.ready,
            updated: plan.current, updatedReady: plan.currentReady, older: plan.older, desired: decision?.desired ?? 0,
            minimum: function.target.minReplicas,
            isRolloutStuck: hasStartFailure && plan.ready > 0 && !plan.isCurrentReady,
            startFailure: startFailure.map(StatusInputs.Failure.init),
            restart: pass.observed[function.id].restart.flatMap {
                $0.revision == revision.text ? StatusInputs.Failure($0) : nil
            }, routeHolder: routeHolder,
            rejection: function.status.conditions.first { $0.kind == .refused && $0.isTrue },
            keepsFailures: pass.retirement == .byPlatform)
        guard newer != statusInputs else { return }
        statusInputs = newer
        let before = status
        status = newer.status(after: before, at: pass.wall)
        events += status.events(since: before, of: function.name, at: pass.wall)
    }

    private func note(_ reason: String, _ message: String, _ pass: Pass, _ events: inout [Event]) {
        events.append(Event(time: pass.wall, function: function.name.text, reason: reason, message: message))
    }
}
