import F2SModel

/// The operator's state and its decisions. A value without I/O, clock or lock: ``Operator`` supplies the latest states
/// and executes the resulting calls.
///
/// One pass has three steps. ``plan(_:of:isComplete:isTick:at:wall:isLeader:)`` decides. The dispatcher applies the
/// resulting snapshot. ``calls(_:at:)`` then receives a newer load report: only a replica that is idle in that report
/// may be stopped.
struct OperatorState: Sendable {
    /// The result of one pass.
    struct Outcome: Sendable {
        /// The replicas for the dispatcher; `nil` if they have not changed.
        var published: ReplicaSnapshot?
        /// The events to publish.
        var events: [Event] = []
    }

    /// A function that is no longer declared and whose replicas drain.
    struct Departure: Sendable {
        /// The function's name, or its identifier if the operator never saw its declaration.
        var name: String
        /// The longest time that a replica may drain.
        var limit: Duration
        /// The plan that stops every replica; `nil` until the first pass after the deletion.
        var plan: ReconcilePlan?
        /// The time at which the platform accepted the removal; `nil` before that.
        var removedAt: Duration?
        /// The time at which the first replica was seen, if the operator never saw a declaration; otherwise `nil`.
        var undeclaredSince: Duration?
    }

    /// An outage of the platform: it accepts no calls.
    struct Outage: Sendable, Hashable {
        /// The reason, in sentences.
        let reason: String
        /// The number of consecutive checks that found the outage.
        let attempts: Int
        /// The time of the last check, in seconds since 1970.
        let foundAt: Double
    }

    let retirement: Retirement
    let metrics: OperatorMetrics
    /// The declarations that were applied last.
    private(set) var functions = FunctionSnapshot()
    /// The state of each declared function.
    var states: [FunctionState] = []
    /// The index of each function in ``states``.
    var indices: [Function.ID: Int] = [:]
    var departures: [Function.ID: Departure] = [:]
    var drainState = DrainState()
    var limiter = CallLimiter()
    /// The upper bound of a function's timeout, and the timeout of functions that declare none.
    var requestTimeout: Duration
    /// The drain time of functions that declare none (`f2s.limits.drain_timeout`).
    var drainTimeout: Duration
    /// True once the store has sent its functions. Until then, no function is known to be deleted.
    private var hasFunctions = false
    private var observed = ObservedReplicas()
    /// The replicas that the dispatcher received last; `nil` before the first snapshot.
    private(set) var published: ReplicaSnapshot?
    /// Functions whose entry may have changed since the dispatcher's last snapshot.
    private var unpublished: Set<Function.ID> = []
    /// Functions that have replicas but are not declared.
    private var undeclared: Set<Function.ID> = []
    /// Events about invocations that were cut since the last ``popCuts()``.
    var cuts: [Event] = []
    /// The platform's current outage, if any. Invocations that wait for a cold function fail with its reason.
    private(set) var outage: Outage?
    /// Functions without replicas for which an invocation of this process waits.
    private(set) var stranded: Set<Function.ID> = []
    /// The time of the last pass, in seconds since 1970.
    private(set) var wall = 0.0
    /// Functions to reconcile in the next pass, and functions with a call due.
    var queue = WorkQueue()
    /// Functions with draining replicas.
    private var drainers: Set<Function.ID> = []
    /// The load report of the last pass.
    private var load = LoadReport()
    /// True if this process led in the last pass.
    private var isLeading = false
    /// True if the last pass knew the load of every process.
    private var wasComplete = true
    /// The monotonic time of the last pass.
    private var passedAt: Duration?

    init(
        metrics: OperatorMetrics, requestTimeout: Duration, drainTimeout: Duration = Limits().drainTimeout,
        retirement: Retirement = .named
    ) {
        self.retirement = retirement
        self.metrics = metrics
        self.requestTimeout = requestTimeout
        self.drainTimeout = drainTimeout
    }

    /// Applies the changes between the last declarations and the newest ones.
    mutating func apply(_ snapshot: FunctionSnapshot) {
        let changes = snapshot.changes(since: functions)
        functions = snapshot
        hasFunctions = true
        for function in changes.removed { dismiss(function) }
        for function in changes.declared + changes.updated { apply(function) }
        for id in changes.rerouted {
            guard let index = indices[id] else { continue }
            states[index].routeHolder = snapshot.routeHolder(of: states[index].function)?.name
            queue.add(id)
        }
    }

    private mutating func apply(_ function: Function) {
        let id = function.id
        departures.removeValue(forKey: id)
        undeclared.remove(id)
        let index = indices[id] ?? states.count
        if index == states.count {
            indices[id] = index
            states.append(FunctionState(function))
        }
        // Updated in place, because a copy of the state would copy its load window.
        if states[index].update(function, isWritingStatus: limiter.isBusy(.status(id))) { queue.add(id) }
    }

    /// Removes a function that is no longer declared. Its replicas drain.
    private mutating func dismiss(_ function: Function) {
        departures[function.id] = Departure(name: function.name.text, limit: drainLimit(of: function))
        queue.forget(function.id)
        drainers.remove(function.id)
        if !observed[function.id].replicas.isEmpty { undeclared.insert(function.id) }
        guard let index = indices.removeValue(forKey: function.id) else { return }
        states.swapAt(index, states.count - 1)
        states.removeLast()
        if index < states.count { indices[states[index].function.id] = index }
    }

    /// Applies the newest replicas.
    mutating func apply(_ snapshot: ReplicaSnapshot, at now: Duration) {
        let (changed, ended) = observed.update(snapshot, at: now)
        drainState.forget(ended)
        note(changed)
    }

    /// Cordons replicas for as long as they exist, including replicas that no snapshot has shown yet.
    /// - Returns: The replicas for the dispatcher; `nil` if they have not changed.
    mutating func cordon(_ ids: [Replica.ID], at now: Duration) -> ReplicaSnapshot? {
        note(observed.cordon(ids, at: now))
        return observed.isComplete ? publish() : nil
    }

    /// Adds functions whose replicas have changed to the queue.
    private mutating func note(_ changed: Set<Function.ID>) {
        queue.add(changed)
        unpublished.formUnion(changed)
        for id in changed {
            if indices[id] == nil, !observed[id].replicas.isEmpty {
                undeclared.insert(id)
            } else {
                undeclared.remove(id)
            }
        }
    }

    /// Returns true if the function may have replicas: it is declared, has replicas, or not everything is known yet.
    func mayRun(_ id: Function.ID) -> Bool {
        guard hasFunctions, observed.isComplete else { return true }
        return indices[id] != nil || !observed[id].replicas.isEmpty
    }

    /// Decides how many replicas the queued functions should run, and which replicas drain.
    /// - Parameters:
    ///   - load: The sum of the load reports of all processes.
    ///   - reported: The functions that `load` covers; the others stay in the queue. `nil` if it covers all functions.
    ///   - isComplete: False if a process has not reported its load.
    ///   - isTick: True to reconcile all active functions, which time alone may change.
    ///   - now: The monotonic time.
    ///   - wall: The time of day, in seconds since 1970.
    mutating func plan(
        _ load: LoadReport, of reported: Set<Function.ID>? = nil, isComplete: Bool = true, isTick: Bool = true,
        at now: Duration, wall: Double, isLeader: Bool
    ) -> Outcome {
        self.wall = wall
        var outcome = Outcome()
        guard observed.isComplete else { return outcome }
        if isLeader, hasFunctions {
            if !isLeading { forget() }
            if !isLeading {
                queueAll()
            } else if isComplete != wasComplete {
                queue.add(queue.active)
            }
            isLeading = true
            wasComplete = isComplete
            noteChanges(to: load, of: reported)
            let pass = FunctionState.Pass(
                observed: observed.snapshot, load: self.load, isComplete: isComplete, retirement: retirement,
                drainState: drainState, passedAt: passedAt, now: now, wall: wall)
            for index in queue.popChanged(isTick: isTick, of: reported).compactMap({ indices[$0] }).sorted() {
                let id = states[index].function.id
                // Updated in place, because a copy of the state would copy its load window.
                states[index].reconcile(pass, wasActive: queue.active.contains(id), metrics, &outcome.events)
                if states[index].mayNeedCall(at: now) { queue.addDue(id, isUrgent: states[index].isUrgent) }
                if states[index].isStatusDue { queue.addStatusDue(id) }
                queue.note(id, isReconciled: states[index].isReconciled(pass))
                if states[index].plan.draining.isEmpty { drainers.remove(id) } else { drainers.insert(id) }
            }
            var draining = drainers.flatMap { id in indices[id].map { states[$0].plan.draining } ?? [] }
            draining += planDepartures(now)
            drain(draining, at: now)
            passedAt = now
        } else {
            if isLeading { forget() }
            isLeading = false
            // Only the leader reads these, so they would grow without bound.
            departures = [:]
            queue = WorkQueue()
        }
        outcome.published = publish()
        return outcome
    }

    /// Returns the functions that a load report must at least cover; `nil` if it must cover all of them. A tick needs
    /// all of them, because time alone may have changed them.
    func loadWanted(isTick: Bool, isLeader: Bool) -> Set<Function.ID>? {
        isTick || isLeader != isLeading ? nil : queue.changed
    }

    /// Functions with draining replicas. A replica may be stopped only on the basis of a load report that is newer than
    /// the dispatcher's snapshot.
    var draining: Set<Function.ID> { drainers.union(departures.keys) }

    /// Adds every function to the queue.
    mutating func queueAll() { queue.add(indices.keys) }

    /// Adds the functions whose load has changed since the last pass to the queue. Changes of their average over time
    /// are left to the ticks.
    /// - Parameter reported: The functions that the report covers; `nil` for all.
    private mutating func noteChanges(to newer: LoadReport, of reported: Set<Function.ID>?) {
        let earlier = reported.map { part(of: $0) } ?? load
        for (id, load) in newer.functions where !load.isPresent(like: earlier.functions[id]) { queue.add(id) }
        for (id, load) in earlier.functions where newer.functions[id] == nil && load.isBusy { queue.add(id) }
        for (id, load) in newer.replicas where load != earlier.replicas[id] {
            observed.function(of: id).map { queue.add($0) }
        }
        for id in earlier.replicas.keys where newer.replicas[id] == nil {
            observed.function(of: id).map { queue.add($0) }
        }
        guard reported != nil else {
            load = newer
            return
        }
        for id in earlier.functions.keys { load.functions[id] = nil }
        for id in earlier.replicas.keys { load.replicas[id] = nil }
        load.functions.merge(newer.functions) { _, newer in newer }
        load.replicas.merge(newer.replicas) { _, newer in newer }
    }

    /// Returns the load of some functions in the last pass.
    private func part(of functions: Set<Function.ID>) -> LoadReport {
        var part = LoadReport()
        for id in functions {
            part.functions[id] = load.functions[id]
            for replica in observed[id].replicas { part.replicas[replica.id] = load.replicas[replica.id] }
        }
        return part
    }

    /// Records the functions without replicas for which invocations of this process wait.
    /// - Parameter reported: The functions that the report covers; `nil` for all.
    mutating func noteStranded(_ own: LoadReport, of reported: Set<Function.ID>? = nil) {
        guard hasFunctions, observed.isComplete else { return }
        unpublished.formUnion(stranded)
        stranded = reported.map { stranded.subtracting($0) } ?? []
        for (id, load) in own.functions where load.wantsActivation && indices[id] != nil {
            if observed[id].replicas.isEmpty { stranded.insert(id) }
        }
    }

    /// Records the result of an outage check; `nil` if there is no outage.
    mutating func set(outage reason: String?, wall: Double) {
        outage = reason.map { Outage(reason: $0, attempts: (outage?.attempts ?? 0) + 1, foundAt: wall) }
    }

    /// Updates the dispatcher's snapshot.
    /// - Returns: The replicas for the dispatcher; `nil` if they have not changed.
    private mutating func publish() -> ReplicaSnapshot? {
        var newest = published ?? ReplicaSnapshot()
        for id in unpublished.union(stranded) { newest[id] = marked(observed[id], of: id) }
        unpublished = []
        guard newest != published else { return nil }
        published = newest
        return newest
    }

    /// Returns a function's replicas for the dispatcher. Replicas that are being stopped drain, and an outage becomes a
    /// start failure for waiting invocations.
    private func marked(_ entry: ReplicaSnapshot.Entry, of id: Function.ID) -> ReplicaSnapshot.Entry {
        var entry = entry
        for index in entry.replicas.indices where entry.replicas[index].state != .gone {
            if drainState.isLeaving(entry.replicas[index].id) { entry.replicas[index].state = .draining }
        }
        // The result of an old check does not describe the present.
        if let outage, wall - outage.foundAt < Self.outageLifetime, entry.startFailure == nil, stranded.contains(id),
            let index = indices[id]
        {
            entry.startFailure = StartFailure(
                stage: .scale, reason: "PlatformUnreachable", message: outage.reason,
                revision: states[index].revision, attempts: outage.attempts, nextAttempt: outage.foundAt + 2,
                retryAfterSeconds: 2)
        }
        return entry
    }

    /// Returns the newest decision of every function for display.
    /// - Parameter function: The only function to include, with its last changes; `nil` for all without them.
    func explanations(of function: Function.ID? = nil) -> [Function.ID: ScaleExplanation] {
        var result: [Function.ID: ScaleExplanation] = [:]
        let wanted = function.map { indices[$0].map { [$0] } ?? [] } ?? Array(states.indices)
        for index in wanted {
            var explanation = states[index].explanation(at: wall)
            if function != nil { explanation?.changes = states[index].history.changes }
            result[states[index].function.id] = explanation
        }
        return result
    }

    /// Returns the values that Prometheus reads. Only the leader knows them. Other processes return none, because an
    /// unknown value is not zero.
    func shown() -> [OperatorMetrics.Shown] {
        states.compactMap { record in
            record.statusInputs.map {
                OperatorMetrics.Shown(
                    function: record.function.name, desired: $0.desired, ready: $0.ready,
                    slots: record.function.target.slots(ready: $0.ready))
            }
        }
    }

    /// Plans the removal of functions that are no longer declared.
    /// - Returns: The replicas to mark as draining.
    private mutating func planDepartures(_ now: Duration) -> [Replica.ID] {
        for id in undeclared where departures[id] == nil {
            // Either the function was deleted while this process did not lead, or its declaration has not arrived yet.
            departures[id] = Departure(
                name: id.text, limit: max(drainTimeout, requestTimeout + Target.drainMargin),
                undeclaredSince: now)
        }
        var draining: [Replica.ID] = []
        for (id, departure) in departures {
            let own = observed[id].replicas.filter { $0.state != .gone }
            let isReconciled =
                departure.removedAt != nil || retirement == .byPlatform && departure.undeclaredSince != nil
            if own.isEmpty, isReconciled {
                departures.removeValue(forKey: id)
                limiter.forget(id)
                continue
            }
            let nothing = DesiredReplicas(count: 0, maxReplicas: 0)
            // A platform that chooses the replicas drains them itself, so there is nothing to wait for.
            let plan =
                retirement == .named
                ? ReconcilePlan(nothing, replicas: own, load: load.replicas, drainState: drainState)
                : ReconcilePlan(nothing)
            departures[id]?.plan = plan
            draining += plan.draining
        }
        return draining
    }

    /// Replaces the set of draining replicas.
    private mutating func drain(_ ids: [Replica.ID], at now: Duration) {
        let before = Set(drainState.draining.keys)
        drainState.drain(ids, at: now)
        let changed = before.symmetricDifference(drainState.draining.keys)
        unpublished.formUnion(changed.compactMap { observed.function(of: $0) })
    }

    /// Discards everything that only a leader knows, because another process leads or has led.
    private mutating func forget() {
        unpublished.formUnion(drainState.leaving.compactMap { observed.function(of: $0) })
        drainState = DrainState()
        departures = [:]
        queue = WorkQueue()
        drainers = []
        load = LoadReport()
        passedAt = nil
        for index in states.indices { states[index].forget() }
    }

    /// Returns the longest time that a replica of the function may drain.
    func drainLimit(of function: Function) -> Duration {
        function.target.drainTime(requestTimeout: requestTimeout, standard: drainTimeout)
    }

    /// Returns the longest drain time of a function that may no longer be declared.
    func drainLimit(of id: Function.ID) -> Duration {
        if let index = indices[id] { return drainLimit(of: states[index].function) }
        return departures[id]?.limit ?? max(drainTimeout, requestTimeout + Target.drainMargin)
    }

    private static let outageLifetime = 3.0
}

extension LoadReport.FunctionLoad {
    fileprivate var isBusy: Bool { inFlight > 0 || queued > 0 || wantsActivation }

    /// Returns true if the same load is in flight and queued as in `other`; false if there is no other load.
    fileprivate func isPresent(like other: Self?) -> Bool {
        guard let other else { return false }
        return inFlight == other.inFlight && queued == other.queued && wantsActivation == other.wantsActivation
            && admitted == other.admitted
    }
}
