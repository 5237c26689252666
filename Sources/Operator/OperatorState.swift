import F2SModel

/// Everything the operator knows, and what follows from it. A value without I/O, clock or lock: ``Operator`` feeds it
/// the latest states and carries out what it answers.
///
/// One pass is ``plan(_:at:wall:isLeader:)``, then the snapshot goes down to the dispatcher, then ``calls(_:at:)`` with
/// a report taken after that: what is idle only then may be stopped.
struct OperatorState: Sendable {
    /// What one pass has found.
    struct Outcome: Sendable {
        /// Replicas for the dispatcher; `nil`: as before.
        var published: ReplicaSnapshot?
        /// What people should see.
        var events: [Event] = []
    }

    /// A function that is no longer declared, while its replicas finish.
    struct Departure: Sendable {
        /// The function's name; its identity where it was never seen declared.
        var name: String
        /// Longest time to drain.
        var limit: Duration
        /// Stops every replica; `nil` until the first pass after the deletion.
        var plan: ReconcilePlan?
        /// When the platform has taken note of its end; `nil`: not yet.
        var removedAt: Duration?
        /// When the first of it was seen, if it was never seen declared.
        var strangeSince: Duration?
    }

    /// A platform that cannot be asked for anything.
    struct Outage: Sendable, Hashable {
        /// What it is, in sentences.
        let reason: String
        /// How often in a row it was found.
        let attempts: Int
        /// Seconds since 1970.
        let foundAt: Double
    }

    let retirement: Retirement
    let metrics: OperatorMetrics
    /// The declarations that were taken last.
    private(set) var functions = FunctionSnapshot()
    /// The record of each declared function.
    var records: [FunctionRecord] = []
    /// Position of each function's record.
    var index: [Function.ID: Int] = [:]
    var departures: [Function.ID: Departure] = [:]
    var ledger = DrainLedger()
    var book = CallBook()
    /// Ceiling of a function's time, and its time when it names none.
    var requestTimeout: Duration
    /// Time to drain of functions that name none (`f2s.limits.drain_timeout`).
    var drainTimeout: Duration
    /// Whether the store has spoken: until then nothing is known to be deleted.
    private var hasFunctions = false
    private var observed = ObservedReplicas()
    /// Replicas as the dispatcher was told last; `nil`: nothing yet.
    private(set) var published: ReplicaSnapshot?
    /// Functions of which something may be different for the dispatcher.
    private var unpublished: Set<Function.ID> = []
    /// Functions that have replicas and are not declared.
    private var undeclared: Set<Function.ID> = []
    /// Invocations that were cut since somebody asked, for people.
    var cuts: [Event] = []
    /// Why the platform can start nothing; callers that wait for a cold function are told.
    private(set) var outage: Outage?
    /// Functions without replicas that a caller of this process waits for.
    private(set) var stranded: Set<Function.ID> = []
    /// When the last pass was, seconds since 1970.
    private(set) var wall = 0.0
    /// Functions to look at in the next pass, and functions with a call due.
    var queue = WorkQueue()
    /// Functions with replicas that drain.
    private var drainers: Set<Function.ID> = []
    /// The load report of the last pass.
    private var load = LoadReport()
    /// True if this process led in the last pass.
    private var isLeading = false
    /// True if the last pass knew the load of every process.
    private var wasComplete = true
    /// Time of the last pass, on the monotonic clock.
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

    /// Takes the newest declarations: what has changed since the last ones.
    mutating func take(_ snapshot: FunctionSnapshot) {
        let changes = snapshot.changes(since: functions)
        functions = snapshot
        hasFunctions = true
        for function in changes.removed { dismiss(function) }
        for function in changes.declared + changes.updated { take(function) }
        for id in changes.rerouted {
            guard let place = index[id] else { continue }
            records[place].routeHolder = snapshot.routeHolder(of: records[place].function)?.name
            queue.add(id)
        }
    }

    private mutating func take(_ function: Function) {
        let id = function.id
        departures.removeValue(forKey: id)
        undeclared.remove(id)
        let place = index[id] ?? records.count
        if place == records.count {
            index[id] = place
            records.append(FunctionRecord(function))
        }
        // In place: a copy of a record would copy its load window when that changes.
        if records[place].update(function, isWritingStatus: book.isBusy(.status(id))) { queue.add(id) }
    }

    /// A function is not declared any more: its replicas finish.
    private mutating func dismiss(_ function: Function) {
        departures[function.id] = Departure(name: function.name.text, limit: drainLimit(of: function))
        queue.forget(function.id)
        drainers.remove(function.id)
        if !observed[function.id].replicas.isEmpty { undeclared.insert(function.id) }
        guard let place = index.removeValue(forKey: function.id) else { return }
        records.swapAt(place, records.count - 1)
        records.removeLast()
        if place < records.count { index[records[place].function.id] = place }
    }

    /// Takes the newest replicas.
    mutating func take(_ snapshot: ReplicaSnapshot, at now: Duration) {
        let (changed, ended) = observed.take(snapshot, at: now)
        ledger.forget(ended)
        note(changed)
    }

    /// Takes replicas out of use for as long as they exist, those too that no snapshot has shown yet.
    /// - Returns: replicas for the dispatcher; `nil`: as before.
    mutating func withdraw(_ ids: [Replica.ID], at now: Duration) -> ReplicaSnapshot? {
        note(observed.withdraw(ids, at: now))
        return observed.isComplete ? publish() : nil
    }

    /// Puts functions into the queue whose replicas have changed.
    private mutating func note(_ changed: Set<Function.ID>) {
        queue.add(changed)
        unpublished.formUnion(changed)
        for id in changed {
            if index[id] == nil, !observed[id].replicas.isEmpty { undeclared.insert(id) } else { undeclared.remove(id) }
        }
    }

    /// Whether anything may run for a function: it is declared, has replicas, or not all is known yet.
    func mayRun(_ id: Function.ID) -> Bool {
        guard hasFunctions, observed.isComplete else { return true }
        return index[id] != nil || !observed[id].replicas.isEmpty
    }

    /// Decides what the queued functions should run and which replicas drain.
    /// - Parameters:
    ///   - load: the sum over all processes.
    ///   - reported: the functions that `load` tells of; the others stay in the queue. `nil`: all functions.
    ///   - isComplete: false: not all of them have reported.
    ///   - isTick: true: functions that only time changes are looked at too.
    ///   - now: monotonic time.
    ///   - wall: seconds since 1970.
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
                lookAtAll()
            } else if isComplete != wasComplete {
                queue.add(queue.active)
            }
            isLeading = true
            wasComplete = isComplete
            noteChanges(to: load, of: reported)
            let pass = FunctionRecord.Pass(
                observed: observed.snapshot, load: self.load, isComplete: isComplete, retirement: retirement,
                ledger: ledger, passedAt: passedAt, now: now, wall: wall)
            for place in queue.take(isTick: isTick, of: reported).compactMap({ index[$0] }).sorted() {
                let id = records[place].function.id
                // In place: a copy of a record would copy its load window when that changes.
                records[place].look(pass, wasActive: queue.active.contains(id), metrics, &outcome.events)
                if records[place].mayNeedCall(at: now) { queue.addDue(id, isUrgent: records[place].isUrgent) }
                if records[place].isStatusDue { queue.addStatusDue(id) }
                queue.note(id, isSettled: records[place].isSettled(pass))
                if records[place].plan.draining.isEmpty { drainers.remove(id) } else { drainers.insert(id) }
            }
            var draining = drainers.flatMap { id in index[id].map { records[$0].plan.draining } ?? [] }
            draining += planDepartures(now)
            drain(draining, at: now)
            passedAt = now
        } else {
            if isLeading { forget() }
            isLeading = false
            // Only the process that leads takes from them.
            departures = [:]
            queue = WorkQueue()
        }
        outcome.published = publish()
        return outcome
    }

    /// The functions of which a report of the load must tell at least, unless it tells of all of them; `nil`: it must
    /// tell of all. What time alone changes is looked at with a tick.
    func loadWanted(isTick: Bool, isLeader: Bool) -> Set<Function.ID>? {
        isTick || isLeader != isLeading ? nil : queue.changed
    }

    /// Functions with replicas that drain: they may be stopped only by a report that was made after the dispatcher had
    /// been told.
    var draining: Set<Function.ID> { drainers.union(departures.keys) }

    /// Puts every function into the queue.
    mutating func lookAtAll() { queue.add(index.keys) }

    /// Puts the functions into the queue whose load has changed since the last pass. Their average over time is looked
    /// at as time goes by.
    /// - Parameter reported: the functions that the report tells of; `nil`: all.
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

    /// The load of the last pass, of some functions.
    private func part(of functions: Set<Function.ID>) -> LoadReport {
        var part = LoadReport()
        for id in functions {
            part.functions[id] = load.functions[id]
            for replica in observed[id].replicas { part.replicas[replica.id] = load.replicas[replica.id] }
        }
        return part
    }

    /// Notes which functions without replicas callers of this process wait for.
    /// - Parameter reported: the functions that the report tells of; `nil`: all.
    mutating func noteStranded(_ own: LoadReport, of reported: Set<Function.ID>? = nil) {
        guard hasFunctions, observed.isComplete else { return }
        unpublished.formUnion(stranded)
        stranded = reported.map { stranded.subtracting($0) } ?? []
        for (id, load) in own.functions where load.wantsActivation && index[id] != nil {
            if observed[id].replicas.isEmpty { stranded.insert(id) }
        }
    }

    /// Takes what the platform has answered when it was asked whether it is there.
    mutating func take(outage reason: String?, wall: Double) {
        outage = reason.map { Outage(reason: $0, attempts: (outage?.attempts ?? 0) + 1, foundAt: wall) }
    }

    /// - Returns: replicas for the dispatcher; `nil`: as before.
    private mutating func publish() -> ReplicaSnapshot? {
        var newest = published ?? ReplicaSnapshot()
        for id in unpublished.union(stranded) { newest[id] = marked(observed[id], of: id) }
        unpublished = []
        guard newest != published else { return nil }
        published = newest
        return newest
    }

    /// A function's replicas for the dispatcher: those that leave drain, and callers hear that the platform is away.
    private func marked(_ entry: ReplicaSnapshot.Entry, of id: Function.ID) -> ReplicaSnapshot.Entry {
        var entry = entry
        for place in entry.replicas.indices where entry.replicas[place].state != .gone {
            if ledger.isLeaving(entry.replicas[place].id) { entry.replicas[place].state = .draining }
        }
        // An old answer says nothing of now.
        if let outage, wall - outage.foundAt < Self.outageLifetime, entry.trouble == nil, stranded.contains(id),
            let place = index[id]
        {
            entry.trouble = StartTrouble(
                stage: .scale, reason: "PlatformUnreachable", message: outage.reason,
                revision: records[place].revision, attempts: outage.attempts, nextAttempt: outage.foundAt + 2,
                retryAfterSeconds: 2)
        }
        return entry
    }

    /// The newest decision of every function, for people.
    /// - Parameter function: the only one that is wanted; `nil`: all.
    func explanations(of function: Function.ID? = nil) -> [Function.ID: ScaleExplanation] {
        var result: [Function.ID: ScaleExplanation] = [:]
        let wanted = function.map { index[$0].map { [$0] } ?? [] } ?? Array(records.indices)
        for place in wanted { result[records[place].function.id] = records[place].explanation(at: wall) }
        return result
    }

    /// What Prometheus sees. Only the process that leads knows it: the others show nothing, which is not zero.
    func shown() -> [OperatorMetrics.Shown] {
        records.compactMap { record in
            record.facts.map {
                OperatorMetrics.Shown(function: record.function.name, desired: $0.desired, ready: $0.ready)
            }
        }
    }

    /// - Returns: replicas to mark as draining.
    private mutating func planDepartures(_ now: Duration) -> [Replica.ID] {
        for id in undeclared where departures[id] == nil {
            // Declared before this process began.
            departures[id] = Departure(
                name: id.text, limit: max(drainTimeout, requestTimeout + Target.drainMargin),
                strangeSince: now)
        }
        var draining: [Replica.ID] = []
        for (id, departure) in departures {
            let own = observed[id].replicas.filter { $0.state != .gone }
            let isSettled =
                departure.removedAt != nil || retirement == .byPlatform && departure.strangeSince != nil
            if own.isEmpty, isSettled {
                departures.removeValue(forKey: id)
                book.forget(id)
                continue
            }
            let nothing = ReplicaWish(desired: 0, maxReplicas: 0)
            // A platform that drains by itself is not waited for.
            let plan =
                retirement == .named
                ? ReconcilePlan(nothing, replicas: own, load: load.replicas, ledger: ledger) : ReconcilePlan(nothing)
            departures[id]?.plan = plan
            draining += plan.draining
        }
        return draining
    }

    /// Replaces the replicas that drain.
    private mutating func drain(_ ids: [Replica.ID], at now: Duration) {
        let before = Set(ledger.draining.keys)
        ledger.drain(ids, at: now)
        let changed = before.symmetricDifference(ledger.draining.keys)
        unpublished.formUnion(changed.compactMap { observed.function(of: $0) })
    }

    /// Another process leads: what it does is not known here.
    private mutating func forget() {
        unpublished.formUnion(ledger.leaving.compactMap { observed.function(of: $0) })
        ledger = DrainLedger()
        departures = [:]
        queue = WorkQueue()
        drainers = []
        load = LoadReport()
        passedAt = nil
        for place in records.indices { records[place].forget() }
    }

    /// Longest time that a replica of the function drains.
    func drainLimit(of function: Function) -> Duration {
        function.target.drainTime(requestTimeout: requestTimeout, standard: drainTimeout)
    }

    /// The same for a function that may not be declared any more.
    func drainLimit(of id: Function.ID) -> Duration {
        if let place = index[id] { return drainLimit(of: records[place].function) }
        return departures[id]?.limit ?? max(drainTimeout, requestTimeout + Target.drainMargin)
    }

    private static let outageLifetime = 3.0
}

extension LoadReport.FunctionLoad {
    fileprivate var isBusy: Bool { inFlight > 0 || queued > 0 || wantsActivation }

    /// Returns true if the same is in flight and waiting as in `other`; `nil`: nothing ever was.
    fileprivate func isPresent(like other: Self?) -> Bool {
        guard let other else { return false }
        return inFlight == other.inFlight && queued == other.queued && wantsActivation == other.wantsActivation
            && admitted == other.admitted
    }
}
