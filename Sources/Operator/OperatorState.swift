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
    /// The declared functions, oldest first.
    var records: [FunctionRecord] = []
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
    /// Replicas by function; `nil` until the platform has spoken.
    private(set) var replicas: [Function.ID: [Replica]]?
    private(set) var published: ReplicaSnapshot?
    private var observed = ReplicaSnapshot()
    /// Invocations that were cut since somebody asked, for people.
    var cuts: [Event] = []
    private var withdrawn = WithdrawnReplicas()
    /// Why the platform can start nothing; callers that wait for a cold function are told.
    private(set) var outage: Outage?
    /// Functions without replicas that a caller of this process waits for.
    private(set) var stranded: Set<Function.ID> = []
    /// When the last pass was, seconds since 1970.
    private(set) var wall = 0.0

    init(
        metrics: OperatorMetrics, requestTimeout: Duration, drainTimeout: Duration = Limits().drainTimeout,
        retirement: Retirement = .named
    ) {
        self.retirement = retirement
        self.metrics = metrics
        self.requestTimeout = requestTimeout
        self.drainTimeout = drainTimeout
    }

    /// Takes the newest declarations.
    mutating func take(_ snapshot: FunctionSnapshot) {
        if takeStatuses(snapshot.functions) { return }
        let conflicts = snapshot.routeConflicts
        let before = records
        var newIndex: [Function.ID: Int] = [:]
        var newRecords: [FunctionRecord] = []
        newRecords.reserveCapacity(snapshot.functions.count)
        for function in snapshot.functions {
            var record = index[function.id].map { before[$0] } ?? FunctionRecord(function)
            record.update(function, isWritingStatus: book.isBusy(.status(function.id)))
            newIndex[function.id] = newRecords.count
            newRecords.append(record)
            departures.removeValue(forKey: function.id)
        }
        for (loser, holder) in conflicts {
            guard let place = newIndex[loser], let holderPlace = newIndex[holder] else { continue }
            newRecords[place].routeHolder = newRecords[holderPlace].function.name
        }
        for place in newRecords.indices where conflicts[newRecords[place].function.id] == nil {
            newRecords[place].routeHolder = nil
        }
        let left = before.filter { newIndex[$0.function.id] == nil }
        hasFunctions = true
        records = newRecords
        index = newIndex
        if !left.isEmpty { dismiss(left) }
    }

    /// Most snapshots differ in nothing but the statuses that were written here: a thousand of them follow each other
    /// when a thousand functions are new, so they must be cheap.
    /// - Returns: whether that was all.
    private mutating func takeStatuses(_ functions: [Function]) -> Bool {
        guard hasFunctions, functions.count == records.count else { return false }
        for (record, function) in zip(records, functions)
        where record.function.id != function.id || !record.function.isDeclared(like: function) { return false }
        for (place, function) in functions.enumerated() {
            records[place].update(function, isWritingStatus: book.isBusy(.status(function.id)))
        }
        return true
    }

    /// Takes the newest replicas.
    mutating func take(_ snapshot: ReplicaSnapshot, at now: Duration) {
        withdrawn.take(snapshot, at: now)
        observed = withdrawn.marked(snapshot)
        replicas = Dictionary(grouping: observed.replicas, by: \.function)
        ledger.keep(only: Set(snapshot.replicas.lazy.filter { $0.state != .gone }.map(\.id)))
    }

    /// Takes replicas out of use for as long as they exist, those too that no snapshot has shown yet.
    /// - Returns: replicas for the dispatcher; `nil`: as before.
    mutating func withdraw(_ ids: [Replica.ID], at now: Duration) -> ReplicaSnapshot? {
        withdrawn.add(ids, at: now)
        guard replicas != nil else { return nil }
        withdrawn.take(observed, at: now)
        observed = withdrawn.marked(observed)
        replicas = Dictionary(grouping: observed.replicas, by: \.function)
        return publish()
    }

    /// Whether anything may run for a function: it is declared, has replicas, or not all is known yet.
    func mayRun(_ id: Function.ID) -> Bool {
        guard hasFunctions, let replicas else { return true }
        return index[id] != nil || replicas[id] != nil
    }

    /// Decides what every function should run and which replicas drain.
    /// - Parameters:
    ///   - load: what all processes together have in hand.
    ///   - isComplete: whether all of them have said so.
    ///   - now: monotonic time.
    ///   - wall: seconds since 1970.
    mutating func plan(
        _ load: LoadReport, isComplete: Bool = true, at now: Duration, wall: Double, isLeader: Bool
    ) -> Outcome {
        self.wall = wall
        var outcome = Outcome()
        guard let replicas else { return outcome }
        if isLeader, hasFunctions {
            let pass = FunctionRecord.Pass(
                replicas: replicas, troubles: observed.troubles, restarts: observed.restarts, load: load,
                isComplete: isComplete,
                retirement: retirement, ledger: ledger, now: now, wall: wall)
            var draining: [Replica.ID] = []
            for place in records.indices {
                // In place: a copy of a record would copy its load window when that changes.
                records[place].look(pass, metrics, &outcome.events)
                draining += records[place].plan.draining
            }
            draining += planDepartures(replicas, load, now)
            ledger.drain(draining, at: now)
        } else {
            forget()
        }
        outcome.published = publish()
        return outcome
    }

    /// Notes which functions without replicas callers of this process wait for.
    mutating func noteStranded(_ own: LoadReport) {
        guard hasFunctions, let replicas else { return }
        stranded = []
        for (id, load) in own.functions where load.wantsActivation && replicas[id] == nil && index[id] != nil {
            stranded.insert(id)
        }
    }

    /// Takes what the platform has answered when it was asked whether it is there.
    mutating func take(outage reason: String?, wall: Double) {
        outage = reason.map { Outage(reason: $0, attempts: (outage?.attempts ?? 0) + 1, foundAt: wall) }
    }

    /// - Returns: replicas for the dispatcher; `nil`: as before.
    private mutating func publish() -> ReplicaSnapshot? {
        var marked = marked(observed)
        // An old answer says nothing of now.
        if let outage, wall - outage.foundAt < Self.outageLifetime {
            for id in stranded where marked.troubles[id] == nil {
                guard let place = index[id] else { continue }
                marked.troubles[id] = StartTrouble(
                    stage: .scale, reason: "PlatformUnreachable", message: outage.reason,
                    revision: records[place].revision, attempts: outage.attempts, nextAttempt: outage.foundAt + 2,
                    retryAfterSeconds: 2)
            }
        }
        guard marked != published else { return nil }
        published = marked
        return marked
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

    private mutating func dismiss(_ left: [FunctionRecord]) {
        for record in left {
            let function = record.function
            departures[function.id] = Departure(name: function.name.text, limit: drainLimit(of: function))
        }
    }

    /// - Returns: replicas to mark as draining.
    private mutating func planDepartures(
        _ replicas: [Function.ID: [Replica]], _ load: LoadReport, _ now: Duration
    ) -> [Replica.ID] {
        for id in replicas.keys where index[id] == nil && departures[id] == nil {
            // Somebody's from before this process began.
            departures[id] = Departure(
                name: id.text, limit: max(drainTimeout, requestTimeout + Target.drainMargin),
                strangeSince: now)
        }
        var draining: [Replica.ID] = []
        for (id, departure) in departures {
            let own = (replicas[id] ?? []).filter { $0.state != .gone }
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

    /// Another process leads: what it does is not known here.
    private mutating func forget() {
        ledger = DrainLedger()
        departures = [:]
        for place in records.indices { records[place].forget() }
    }

    private func marked(_ snapshot: ReplicaSnapshot) -> ReplicaSnapshot {
        guard !ledger.isEmpty else { return snapshot }
        var snapshot = snapshot
        for place in snapshot.replicas.indices where snapshot.replicas[place].state != .gone {
            if ledger.isLeaving(snapshot.replicas[place].id) { snapshot.replicas[place].state = .draining }
        }
        return snapshot
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
