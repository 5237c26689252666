import F2SMetrics
import F2SModel

@testable import F2SOperator

/// A platform, a dispatcher and clients in one value, with simulated time. It misbehaves as real ones do: calls are
/// slow or fail, replicas die or never start, requests never end. Broken invariants are added to ``violations``.
struct SimulatedWorld {
    struct SimulatedReplica {
        var replica: Replica
        var startsAt: Duration
        var endsAt: Duration?
        var inFlight = 0
    }

    struct Desired {
        var function: Function
        var count: Int
    }

    struct PendingCall {
        let call: OperatorCall
        /// Seconds since 1970.
        let begunAt: Double
        /// The time at which the call takes effect.
        let endsAt: Duration
        /// The time at which the operator receives the result; `nil` before the call takes effect.
        var toldAt: Duration?
        var isSuccess = false
    }

    /// The time for which the dispatcher reports a function without replicas and invocations.
    static let lingering = Duration.seconds(2)
    /// The longest time that a replica takes to start or to end, in milliseconds.
    static let startMax = 2500

    var random: SplitMix64
    var state: OperatorState
    var functions: [Function.ID: Function] = [:]
    /// The same functions, as a store publishes them.
    var store = FunctionSnapshot()
    var desired: [Function.ID: Desired] = [:]
    var replicas: [SimulatedReplica] = []
    /// The snapshot that the operator received last.
    var shown = ReplicaSnapshot()
    var startFailures: [Function.ID: StartFailure] = [:]
    var retryAt: [Function.ID: Duration] = [:]
    var queued: [Function.ID: Int] = [:]
    var admitted: [Function.ID: UInt64] = [:]
    var area: [Function.ID: Double] = [:]
    /// The last time at which a function had invocations or replicas.
    var activeAt: [Function.ID: Duration] = [:]
    /// The number of times that a pass skipped a function.
    var skipped = 0
    var pending: [PendingCall] = []
    /// The time at which this process leads again.
    var leadsAt = Duration.zero
    /// The time at which every process reports again.
    var isCompleteAt = Duration.zero
    var published = ReplicaSnapshot()
    var told: [Replica.ID: Duration] = [:]
    /// The states of each function that the dispatcher signals at once.
    var signals: [Function.ID: Set<String>] = [:]
    var wasComplete = true
    var stopped: Set<Replica.ID> = []
    var violations: [String] = []
    var now = Duration.zero
    var wall = 1_700_000_000.0
    var isCalm = false
    /// True if the operator may receive functions and replicas late.
    let isLate: Bool
    private var nextReplica = 0
    private var nextAge: UInt64 = 1

    init(seed: UInt64, isLate: Bool) {
        random = SplitMix64(seed: seed)
        self.isLate = isLate
        state = OperatorState(metrics: OperatorMetrics(MetricRegistry()), requestTimeout: .seconds(10))
    }

    /// One pass of the operator, after a random pause.
    mutating func step() {
        let pause = Duration.milliseconds(Int.random(in: isCalm ? 900...1000 : 1...1000, using: &random))
        now += pause
        wall += pause.inSeconds
        for id in functions.keys {
            area[id, default: 0] += Double(inFlight(of: id) + (queued[id] ?? 0)) * pause.inSeconds
            let isActive = (queued[id] ?? 0) > 0 || replicas.contains { $0.replica.function == id }
            if isActive || activeAt[id] == nil { activeAt[id] = now }
        }
        advanceReplicas()
        finishCalls()
        serve()
        if isLate { tellFunctions() }
        if !isLate || isCalm || Int.random(in: 0..<3, using: &random) > 0 {
            shown.update(to: snapshot())
            state.apply(shown, at: now)
        }
        attempt()
        for violation in checks() where !violations.contains(violation) { violations.append(violation) }
    }

    // MARK: Events

    mutating func declare(_ draft: FunctionDraft) {
        let id = Function.ID(draft.name.text)
        let known = functions[id]
        functions[id] = Function(
            id: id, draft: draft, generation: (known?.generation ?? 0) + 1,
            storeRevision: StoreRevision("\(nextAge)"), age: known?.age ?? nextAge,
            origin: Function.Origin(location: "memory", isWritable: true), status: known?.status ?? FunctionStatus())
        nextAge += 1
        store.update([functions[id]].compactMap(\.self), rejections: [])
        tellFunctions()
    }

    mutating func delete(_ id: Function.ID) {
        functions[id] = nil
        queued[id] = nil
        area[id] = nil
        activeAt[id] = nil
        admitted[id] = nil
        store.update([], removing: [id], rejections: [])
        tellFunctions()
    }

    mutating func write(_ status: FunctionStatus, of id: Function.ID) {
        functions[id]?.status = status
        store.setStatus(status, of: id)
        tellFunctions()
    }

    /// Sends the declared functions to the operator. If the operator may be late, notifications are lost and repeated.
    /// Each step sends the newest state again.
    mutating func tellFunctions() {
        var times = 1
        if isLate, !isCalm { times = Int.random(in: 0...2, using: &random) }
        for _ in 0..<times { state.apply(store) }
    }

    mutating func call(_ id: Function.ID, times: Int) {
        guard functions[id] != nil else { return }
        queued[id, default: 0] += times
        admitted[id, default: 0] += UInt64(times)
    }

    mutating func kill() {
        guard let victim = replicas.indices.randomElement(using: &random) else { return }
        replicas.remove(at: victim)
        refill()
    }

    // MARK: The operator's view

    func snapshot() -> ReplicaSnapshot {
        ReplicaSnapshot(replicas: replicas.map(\.replica), startFailures: startFailures)
    }

    func load() -> LoadReport {
        var report = LoadReport()
        for id in functions.keys {
            let waiting = queued[id] ?? 0
            let isActive = waiting > 0 || replicas.contains { $0.replica.function == id }
            // A function that has been idle for a while is omitted.
            guard isActive || now - (activeAt[id] ?? now) < Self.lingering else { continue }
            report.functions[id] = .init(
                inFlight: inFlight(of: id), queued: waiting,
                wantsActivation: waiting > 0 && !replicas.contains { $0.replica.function == id && isAccepting($0) },
                admitted: admitted[id] ?? 0, concurrencySeconds: area[id] ?? 0)
        }
        for one in replicas {
            report.replicas[one.replica.id] = .init(inFlight: one.inFlight, isAccepting: isAccepting(one))
        }
        return report
    }

    /// Applies a snapshot of the operator in the dispatcher.
    private mutating func apply(_ published: ReplicaSnapshot) {
        self.published = published
        var draining: [Replica.ID: Duration] = [:]
        for replica in published.replicas where replica.state == .draining {
            draining[replica.id] = told[replica.id] ?? now
        }
        told = draining
    }

    /// Returns the load of some functions; `nil` for all.
    private func load(of functions: Set<Function.ID>?) -> LoadReport {
        var report = load()
        guard let functions else { return report }
        report.functions = report.functions.filter { functions.contains($0.key) }
        let replicas = Set(replicas.lazy.map(\.replica).filter { functions.contains($0.function) }.map(\.id))
        report.replicas = report.replicas.filter { replicas.contains($0.key) }
        return report
    }

    /// Returns the functions that the dispatcher signals at once: a start is wanted, or a replica accepts or has
    /// drained.
    private mutating func takeSignalled() -> Set<Function.ID> {
        let load = load()
        var newer: [Function.ID: Set<String>] = [:]
        for (id, load) in load.functions where load.wantsActivation { newer[id, default: []].insert("is wanted") }
        for one in replicas {
            guard let load = load.replicas[one.replica.id] else { continue }
            if load.isAccepting { newer[one.replica.function, default: []].insert("\(one.replica.id) accepts") }
            if load.inFlight == 0 { newer[one.replica.function, default: []].insert("\(one.replica.id) is idle") }
        }
        defer { signals = newer }
        return Set(newer.keys).union(signals.keys).filter { newer[$0] != signals[$0] }
    }

    private mutating func attempt() {
        // Some passes reconcile only the functions that have changed.
        let isTick = isCalm || Int.random(in: 0..<3, using: &random) > 0
        var full = state
        full.queueAll()
        let (isLeader, isComplete) = (isCalm || now >= leadsAt, isCalm || now >= isCompleteAt)
        let signalled = takeSignalled()
        // Passes between two ticks receive the load of the functions that they reconcile, if every process reports.
        let reported =
            isComplete && wasComplete ? state.loadWanted(isTick: isTick, isLeader: isLeader)?.union(signalled) : nil
        wasComplete = isComplete
        let outcome = state.plan(
            load(of: reported), of: reported, isComplete: isComplete, isTick: isTick, at: now, wall: wall,
            isLeader: isLeader)
        if isTick {
            _ = full.plan(load(), isComplete: isComplete, at: now, wall: wall, isLeader: isLeader)
            compare(with: full)
        }
        // Another process is now responsible for the replicas to stop, and this one offers them to the dispatcher
        // again.
        if !isLeader { stopped = [] }
        if !isLeader, !state.departures.isEmpty || state.queue != WorkQueue() {
            violations.append("\(now): a process that does not lead keeps its queue")
        }
        if let published = outcome.published { apply(published) }
        for call in isLeader ? state.calls(load(), at: now) : [] {
            check(call)
            let delay = isCalm ? 0 : Int.random(in: 0..<1500, using: &random)
            pending.append(PendingCall(call: call, begunAt: wall, endsAt: now + .milliseconds(delay)))
        }
    }

    /// Checks that a pass which skips reconciled functions finds the same as a pass over all of them.
    private mutating func compare(with full: OperatorState) {
        skipped += state.states.count - state.queue.active.count
        for (record, other) in zip(state.states, full.states) {
            let differences = [
                "desired": record.decision?.desired != other.decision?.desired, "plan": record.plan != other.plan,
                "status": record.status != other.status, "facts": record.statusInputs != other.statusInputs,
                "due": record.isDue(at: now) != other.isDue(at: now), "replicas": record.replicas != other.replicas,
                "memory": record.memory.desired != other.memory.desired,
            ].filter(\.value).keys.sorted()
            guard !differences.isEmpty else { continue }
            let (id, isAsked) = (record.function.id, state.queue.active.contains(record.function.id))
            violations.append("\(now): \(id) \(isAsked ? "was reconciled" : "was skipped") and differs: \(differences)")
        }
        compareWithPublished()
        if state.drainState != full.drainState {
            violations.append("\(now): a pass over all functions drains other replicas")
        }
    }

    /// Checks that the dispatcher, which receives only changes, has the complete state.
    private mutating func compareWithPublished() {
        for id in shown.functions.union(published.functions) {
            var entry = shown[id]
            for location in entry.replicas.indices where state.drainState.isLeaving(entry.replicas[location].id) {
                entry.replicas[location].state = .draining
            }
            if state.published?[id] != entry { violations.append("\(now): the dispatcher has a wrong entry of \(id)") }
        }
    }

    // MARK: The platform

    private mutating func finishCalls() {
        for location in pending.indices where pending[location].endsAt <= now && pending[location].toldAt == nil {
            pending[location].isSuccess = isCalm || Int.random(in: 0..<8, using: &random) > 0
            pending[location].toldAt = now + .milliseconds(isCalm ? 0 : Int.random(in: 0..<1000, using: &random))
            if pending[location].isSuccess { carryOut(pending[location].call, begunAt: pending[location].begunAt) }
        }
        let told = pending.filter { $0.toldAt.map { $0 <= now } ?? false }
        pending.removeAll { $0.toldAt.map { $0 <= now } ?? false }
        for one in told { _ = state.end(one.call, isSuccess: one.isSuccess, at: now) }
    }

    private mutating func carryOut(_ call: OperatorCall, begunAt: Double) {
        switch call {
        case .apply(let function, let count, let retiring):
            desired[function.id] = Desired(function: function, count: count.minimum)
            end { retiring.contains($0.id) }
            refill(ordered: (function.id, begunAt))
        case .replace: violations.append("\(now): a replica is replaced, which this platform is never asked for")
        case .remove(let id):
            desired[id] = nil
            startFailures[id] = nil
            end { $0.function == id }
        case .setStatus(let status, let id): write(status, of: id)
        }
    }

    private mutating func end(_ isMeant: (Replica) -> Bool) {
        for location in replicas.indices where isMeant(replicas[location].replica) && replicas[location].endsAt == nil {
            replicas[location].endsAt = now + .milliseconds(Int.random(in: 0..<Self.startMax, using: &random))
            replicas[location].replica.state = .draining
        }
    }

    /// Starts missing replicas. A replica that died is replaced at once, regardless of the others. Only replicas that
    /// were just ordered must respect the limit, as far as the operator could know when it gave the order.
    private mutating func refill(ordered: (id: Function.ID, at: Double)? = nil) {
        for (id, desired) in desired.sorted(by: { $0.key < $1.key }) where (retryAt[id] ?? .zero) <= now {
            let revision = desired.function.revision
            let existing = replicas.count {
                $0.replica.function == id && $0.replica.revision == revision && $0.endsAt == nil
            }
            for _ in 0..<max(desired.count - existing, 0) {
                nextReplica += 1
                let replica = Replica(
                    id: Replica.ID("\(id)-\(nextReplica)"), function: id, revision: revision, state: .starting,
                    since: wall)
                let delay = Duration.milliseconds(Int.random(in: 0..<Self.startMax, using: &random))
                replicas.append(SimulatedReplica(replica: replica, startsAt: now + delay))
            }
            guard let ordered, ordered.id == id, !isLate, existing < desired.count else { continue }
            let total = replicas.count {
                $0.replica.function == id && ($0.replica.since < ordered.at || $0.replica.revision == revision)
            }
            let limit = desired.function.target.maxReplicas + 1
            if total > limit {
                let own = replicas.filter { $0.replica.function == id }
                let states = own.map { "\($0.replica.id) \($0.replica.state) \($0.replica.revision == revision)" }
                violations.append("\(now): \(id) has \(total) replicas, \(limit) are the most: \(states)")
            }
        }
    }

    private mutating func advanceReplicas() {
        replicas.removeAll { $0.endsAt.map { $0 <= now } ?? false }
        var failed: [Replica] = []
        for location in replicas.indices
        where replicas[location].replica.state == .starting && replicas[location].startsAt <= now {
            let id = replicas[location].replica.function
            if Self.brokenRevisions.contains(replicas[location].replica.revision) {
                failed.append(replicas[location].replica)
            } else {
                replicas[location].replica.state = .ready
                startFailures[id] = nil
            }
        }
        for replica in failed {
            replicas.removeAll { $0.replica.id == replica.id }
            startFailures[replica.function] = Samples.startFailure(of: replica.revision)
            retryAt[replica.function] = now + .seconds(2)
        }
        refill()
    }

    /// The versions of the program that do not start: every fifth.
    private static let brokenRevisions = Set([5, 10].map { Revision(of: Target(command: ["run", "v\($0)"])) })

    // MARK: The dispatcher

    private mutating func serve() {
        for location in replicas.indices where replicas[location].inFlight > 0 {
            let ends =
                isCalm ? replicas[location].inFlight : Int.random(in: 0...replicas[location].inFlight, using: &random)
            replicas[location].inFlight -= ends
        }
        for location in replicas.indices.shuffled(using: &random) where isAccepting(replicas[location]) {
            let id = replicas[location].replica.function
            let slots = (functions[id]?.target.concurrency ?? 1000) - replicas[location].inFlight
            let taken = min(queued[id] ?? 0, slots)
            replicas[location].inFlight += taken
            queued[id, default: 0] -= taken
        }
    }

    private func isAccepting(_ one: SimulatedReplica) -> Bool {
        one.replica.state == .ready
            && published[one.replica.function].replicas.contains {
                $0.id == one.replica.id && $0.state != .draining && $0.state != .gone
            }
    }

    func inFlight(of id: Function.ID) -> Int {
        replicas.reduce(0) { $0 + ($1.replica.function == id ? $1.inFlight : 0) }
    }

    // MARK: Invariants

    private mutating func check(_ call: OperatorCall) {
        let meant: [SimulatedReplica]
        switch call {
        case .apply(_, _, let retiring): meant = replicas.filter { retiring.contains($0.replica.id) }
        case .remove(let id): meant = replicas.filter { $0.replica.function == id }
        case .replace, .setStatus: return
        }
        for one in meant where !stopped.contains(one.replica.id) {
            let id = one.replica.id
            stopped.insert(id)
            guard let since = told[id] else {
                // The dispatcher has given nothing to a replica that the operator has never published.
                if published[one.replica.function].replicas.contains(where: { $0.id == id }) {
                    violations.append("\(now): \(id) is stopped and the dispatcher does not know")
                }
                continue
            }
            // The longest timeout of the functions is 10 s, and the drain adds 30 s. One step may pass before the
            // operator decides.
            if one.inFlight > 0, now - since < .seconds(32) {
                violations.append("\(now): \(id) is stopped with \(one.inFlight) in flight after \(now - since)")
            }
        }
    }

    private func checks() -> [String] {
        var found: [String] = []
        for replica in published.replicas where stopped.contains(replica.id) && replica.state == .ready {
            found.append("\(replica.id) is offered to the dispatcher although it is being stopped")
        }
        for record in state.states {
            let desired = record.decision?.desired ?? 0
            if !(0...record.policy.maxReplicas).contains(desired) {
                found.append("\(record.function.id) wants \(desired)")
            }
        }
        return found
    }
}
