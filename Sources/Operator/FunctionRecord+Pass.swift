import F2SModel

extension FunctionRecord {
    /// What every function of one pass is looked at with.
    struct Pass: Sendable {
        /// The platform's replicas, why starts failed, and why replicas have ended that are started again.
        let observed: ReplicaSnapshot
        /// The dispatchers' reports, added up.
        let load: LoadReport
        /// Whether all of them have reported.
        let isComplete: Bool
        /// Who chooses the replicas that end.
        let retirement: Retirement
        /// What earlier passes have begun.
        let ledger: DrainLedger
        /// Time of the pass before; `nil`: there was none.
        let passedAt: Duration?
        /// Monotonic time.
        let now: Duration
        /// Seconds since 1970.
        let wall: Double
    }

    /// Decides what the function should run, plans how to get there, and notes what people should know.
    /// - Parameter wasActive: false: the passes did not look at it as time went by, because it was silent.
    mutating func look(_ pass: Pass, wasActive: Bool, _ metrics: OperatorMetrics, _ events: inout [Event]) {
        let observed = pass.observed[function.id]
        let own = observed.replicas
        let trouble = observed.trouble.flatMap { $0.revision == revision.text ? $0 : nil }
        if !wasActive, let passedAt = pass.passedAt, let lookedAt, lookedAt < passedAt {
            memory.window.rest(until: passedAt, keeping: policy.stableWindow)
        }
        lookedAt = pass.now
        let functionLoad = pass.load.functions[function.id]
        isTroubled = trouble != nil
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
                    down: census.down, hasTrouble: isTroubled, now: pass.now), &memory)
        decision = decided
        plan = plan(wish(decided, policy), own, pass)
        isPlanned = true
        if decided.desired != before {
            metrics.count(decided.reason)
            note("Scaled", "From \(before) to \(decided.message(by: policy))", pass, &events)
        }
        noteUnresponsive(pass, &events)
        noteRollout(pass, &events)
        noteStatus(trouble, pass, &events)
    }

    /// Returns true if another look would change nothing until something happens: nothing runs, nothing is asked for,
    /// and no window or wait runs out.
    func isSettled(_ pass: Pass) -> Bool {
        guard let decision, decision.desired == 0, !isTroubled, !isRollingOut, reported.isEmpty,
            pass.load.functions[function.id] == nil, pass.observed[function.id].restart == nil,
            pass.observed[function.id].replicas.isEmpty
        else { return false }
        return decision.stableConcurrency == 0 && decision.panicConcurrency == 0 && memory.isAtRest
    }

    private func plan(_ wish: ReplicaWish, _ own: [Replica], _ pass: Pass) -> ReconcilePlan {
        switch pass.retirement {
        case .named: ReconcilePlan(wish, replicas: own, load: pass.load.replicas, ledger: pass.ledger)
        case .byPlatform: ReconcilePlan(byPlatform: wish, replicas: own, load: pass.load.replicas)
        }
    }

    /// Counts the replicas that are not on their way out.
    private func census(of replicas: [Replica], _ pass: Pass) -> (existing: Int, ready: Int, down: Int) {
        var existing = 0
        var ready = 0
        var down = 0
        var isOfBoth = (old: false, current: false)
        for replica in replicas where replica.state == .starting || replica.state == .ready {
            guard !pass.ledger.isLeaving(replica.id), pass.load.replicas[replica.id]?.isUnresponsive != true else {
                continue
            }
            existing += 1
            if replica.revision == revision { isOfBoth.current = true } else { isOfBoth.old = true }
            if replica.state == .ready || pass.load.replicas[replica.id]?.isAccepting == true { ready += 1 }
            if replica.isDown, pass.load.replicas[replica.id]?.isAccepting != true { down += 1 }
        }
        // Who takes over in the middle of the platform's rollout begins from what was wanted, not from one more.
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
                "Replica \(id) did not finish an invocation that its caller had left, so it is replaced. Raise "
                    + "f2s.timeouts.abandoned_timeout if the function needs longer.", pass, &events)
        }
        reported = Set(plan.unresponsive)
        replacedAt = replacedAt.filter { reported.contains($0.key) }
    }

    private mutating func noteRollout(_ pass: Pass, _ events: inout [Event]) {
        if plan.older > 0, plan.count > 0, !isRollingOut {
            isRollingOut = true
            note("RollingOut", "Revision \(revision) replaces \(plan.older) older.", pass, &events)
        } else if plan.older == 0, isRollingOut, plan.isCurrentReady || plan.count == 0 {
            isRollingOut = false
            if plan.isCurrentReady { note("RolledOut", "Every replica is of revision \(revision).", pass, &events) }
        }
    }

    private mutating func noteStatus(_ trouble: StartTrouble?, _ pass: Pass, _ events: inout [Event]) {
        let newer = StatusFacts(
            generation: function.generation, route: function.route, replicas: replicas, ready: plan.ready,
            updated: plan.current, updatedReady: plan.currentReady, older: plan.older, desired: decision?.desired ?? 0,
            minimum: function.target.minReplicas,
            isRolloutStuck: isTroubled && plan.ready > 0 && !plan.isCurrentReady,
            trouble: trouble.map(StatusFacts.Trouble.init),
            restart: pass.observed[function.id].restart.flatMap {
                $0.revision == revision.text ? StatusFacts.Trouble($0) : nil
            }, routeHolder: routeHolder,
            refusal: function.status.conditions.first { $0.kind == .refused && $0.isTrue },
            keepsFailures: pass.retirement == .byPlatform)
        guard newer != facts else { return }
        facts = newer
        let before = status
        status = newer.status(after: before, at: pass.wall)
        events += status.news(since: before, of: function.name, at: pass.wall)
    }

    private func note(_ reason: String, _ message: String, _ pass: Pass, _ events: inout [Event]) {
        events.append(Event(time: pass.wall, function: function.name.text, reason: reason, message: message))
    }
}
