import F2SMetrics
import F2SModel
import TestSupport

@testable import F2SOperator

/// A platform, a dispatcher and callers in one value, with time that jumps. It misbehaves as real ones do: calls are
/// slow or fail, replicas die or never start, requests never end. What must never happen is written to ``violations``.
struct SimulatedWorld {
    struct SimulatedReplica {
        var replica: Replica
        var startsAt: Duration
        var endsAt: Duration?
        var inFlight = 0
    }

    struct Wish {
        var function: Function
        var count: Int
    }

    struct PendingCall {
        let call: OperatorCall
        /// Seconds since 1970.
        let begunAt: Double
        /// When it takes effect.
        let endsAt: Duration
        /// When the operator hears of it; `nil`: it has not taken effect.
        var toldAt: Duration?
        var isSuccess = false
    }

    /// How long the dispatcher reports a function without replicas and invocations.
    static let lingering = Duration.seconds(2)
    /// Time that a replica needs to start or to end, at most.
    static let startMax = 2500

    var random: SeededGenerator
    var state: OperatorState
    var functions: [Function.ID: Function] = [:]
    /// The same as a store has it.
    var store = FunctionSnapshot()
    var wishes: [Function.ID: Wish] = [:]
    var replicas: [SimulatedReplica] = []
    /// The replicas that the operator was shown last.
    var shown = ReplicaSnapshot()
    var troubles: [Function.ID: StartTrouble] = [:]
    var retryAt: [Function.ID: Duration] = [:]
    var queued: [Function.ID: Int] = [:]
    var admitted: [Function.ID: UInt64] = [:]
    var area: [Function.ID: Double] = [:]
    /// When a function had invocations or replicas last.
    var activeAt: [Function.ID: Duration] = [:]
    /// Functions that passes did not look at.
    var skipped = 0
    var pending: [PendingCall] = []
    /// When this process leads again.
    var leadsAt = Duration.zero
    /// When every process reports again.
    var isCompleteAt = Duration.zero
    var published = ReplicaSnapshot()
    var told: [Replica.ID: Duration] = [:]
    /// The facts of each function that the dispatcher tells of at once.
    var signals: [Function.ID: Set<String>] = [:]
    var wasComplete = true
    var stopped: Set<Replica.ID> = []
    var violations: [String] = []
    var now = Duration.zero
    var wall = 1_700_000_000.0
    var isCalm = false
    /// True if the operator may be late to hear of functions and replicas.
    let isLate: Bool
    private var nextReplica = 0
    private var nextAge: UInt64 = 1

    init(seed: UInt64, isLate: Bool) {
        random = SeededGenerator(seed: seed)
        self.isLate = isLate
        state = OperatorState(metrics: OperatorMetrics(MetricRegistry()), requestTimeout: .seconds(10))
    }

    /// One look of the operator, some time later.
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
            state.take(shown, at: now)
        }
        look()
        for violation in checks() where !violations.contains(violation) { violations.append(violation) }
    }

    // MARK: What happens

    mutating func declare(_ draft: FunctionDraft) {
        let id = Function.ID(draft.name.text)
        let known = functions[id]
        functions[id] = Function(
            id: id, draft: draft, generation: (known?.generation ?? 0) + 1,
            storeRevision: StoreRevision("\(nextAge)"), age: known?.age ?? nextAge,
            origin: Function.Origin(place: "memory", isWritable: true), status: known?.status ?? FunctionStatus())
        nextAge += 1
        store.update([functions[id]].compactMap(\.self), refusals: [])
        tellFunctions()
    }

    mutating func delete(_ id: Function.ID) {
        functions[id] = nil
        queued[id] = nil
        area[id] = nil
        activeAt[id] = nil
        admitted[id] = nil
        store.update([], removing: [id], refusals: [])
        tellFunctions()
    }

    mutating func write(_ status: FunctionStatus, of id: Function.ID) {
        functions[id]?.status = status
        store.setStatus(status, of: id)
        tellFunctions()
    }

    /// Tells the operator what is declared. Notifications are lost and repeated where it may be late; each step tells
    /// the newest state again.
    mutating func tellFunctions() {
        var times = 1
        if isLate, !isCalm { times = Int.random(in: 0...2, using: &random) }
        for _ in 0..<times { state.take(store) }
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

    func snapshot() -> ReplicaSnapshot { ReplicaSnapshot(replicas: replicas.map(\.replica), troubles: troubles) }

    func load() -> LoadReport {
        var report = LoadReport()
        for id in functions.keys {
            let waiting = queued[id] ?? 0
            let isActive = waiting > 0 || replicas.contains { $0.replica.function == id }
            // A function that has done nothing for a while is left out.
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

    /// The dispatcher takes what the operator hands down.
    private mutating func apply(_ published: ReplicaSnapshot) {
        self.published = published
        var draining: [Replica.ID: Duration] = [:]
        for replica in published.replicas where replica.state == .draining {
            draining[replica.id] = told[replica.id] ?? now
        }
        told = draining
    }

    /// The load of some functions; `nil`: of all.
    private func load(of functions: Set<Function.ID>?) -> LoadReport {
        var report = load()
        guard let functions else { return report }
        report.functions = report.functions.filter { functions.contains($0.key) }
        let replicas = Set(replicas.lazy.map(\.replica).filter { functions.contains($0.function) }.map(\.id))
        report.replicas = report.replicas.filter { replicas.contains($0.key) }
        return report
    }

    /// The functions of which the dispatcher tells at once: one is wanted, accepts, or has drained.
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

    private mutating func look() {
        // Some passes look only at what has changed.
        let isTick = isCalm || Int.random(in: 0..<3, using: &random) > 0
        var full = state
        full.lookAtAll()
        let (isLeader, isComplete) = (isCalm || now >= leadsAt, isCalm || now >= isCompleteAt)
        let signalled = takeSignalled()
        // Passes between two ticks get the load of the functions that they look at, if every process reports.
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
        // What was to be stopped is another process's business now, and this one offers it to the dispatcher again.
        if !isLeader { stopped = [] }
        if !isLeader, !state.departures.isEmpty || state.queue != WorkQueue() {
            violations.append("\(now): a process that does not lead keeps what is to be done")
        }
        if let published = outcome.published { apply(published) }
        for call in isLeader ? state.calls(load(), at: now) : [] {
            check(call)
            let delay = isCalm ? 0 : Int.random(in: 0..<1500, using: &random)
            pending.append(PendingCall(call: call, begunAt: wall, endsAt: now + .milliseconds(delay)))
        }
    }

    /// A pass leaves out what is settled, and finds what a look at everything finds.
    private mutating func compare(with full: OperatorState) {
        skipped += state.records.count - state.queue.active.count
        for (record, other) in zip(state.records, full.records) {
            let differences = [
                "desired": record.decision?.desired != other.decision?.desired, "plan": record.plan != other.plan,
                "status": record.status != other.status, "facts": record.facts != other.facts,
                "due": record.isDue(at: now) != other.isDue(at: now), "replicas": record.replicas != other.replicas,
                "memory": record.memory.desired != other.memory.desired,
            ].filter(\.value).keys.sorted()
            guard !differences.isEmpty else { continue }
            let (id, isAsked) = (record.function.id, state.queue.active.contains(record.function.id))
            violations.append("\(now): \(id) \(isAsked ? "was looked at" : "was settled") and is not: \(differences)")
        }
        compareWithPublished()
        if state.ledger != full.ledger { violations.append("\(now): a look at everything drains other replicas") }
    }

    /// The dispatcher is told of changes only, and knows what it would be told of everything.
    private mutating func compareWithPublished() {
        for id in shown.functions.union(published.functions) {
            var entry = shown[id]
            for place in entry.replicas.indices where state.ledger.isLeaving(entry.replicas[place].id) {
                entry.replicas[place].state = .draining
            }
            if state.published?[id] != entry { violations.append("\(now): the dispatcher was told wrongly of \(id)") }
        }
    }

    // MARK: The platform

    private mutating func finishCalls() {
        for place in pending.indices where pending[place].endsAt <= now && pending[place].toldAt == nil {
            pending[place].isSuccess = isCalm || Int.random(in: 0..<8, using: &random) > 0
            pending[place].toldAt = now + .milliseconds(isCalm ? 0 : Int.random(in: 0..<1000, using: &random))
            if pending[place].isSuccess { carryOut(pending[place].call, begunAt: pending[place].begunAt) }
        }
        let told = pending.filter { $0.toldAt.map { $0 <= now } ?? false }
        pending.removeAll { $0.toldAt.map { $0 <= now } ?? false }
        for one in told { _ = state.end(one.call, isSuccess: one.isSuccess, at: now) }
    }

    private mutating func carryOut(_ call: OperatorCall, begunAt: Double) {
        switch call {
        case .apply(let function, let count, let retiring):
            wishes[function.id] = Wish(function: function, count: count)
            end { retiring.contains($0.id) }
            refill(ordered: (function.id, begunAt))
        case .replace: violations.append("\(now): a replica is replaced, which this platform is never asked for")
        case .remove(let id):
            wishes[id] = nil
            troubles[id] = nil
            end { $0.function == id }
        case .setStatus(let status, let id): write(status, of: id)
        }
    }

    private mutating func end(_ isMeant: (Replica) -> Bool) {
        for place in replicas.indices where isMeant(replicas[place].replica) && replicas[place].endsAt == nil {
            replicas[place].endsAt = now + .milliseconds(Int.random(in: 0..<Self.startMax, using: &random))
            replicas[place].replica.state = .draining
        }
    }

    /// Starts what is missing. What dies is replaced at once, whatever else there is by then; only what has just been
    /// ordered must keep to the limits, as far as the operator could know when it gave the order.
    private mutating func refill(ordered: (id: Function.ID, at: Double)? = nil) {
        for (id, wish) in wishes.sorted(by: { $0.key < $1.key }) where (retryAt[id] ?? .zero) <= now {
            let revision = wish.function.revision
            let existing = replicas.count {
                $0.replica.function == id && $0.replica.revision == revision && $0.endsAt == nil
            }
            for _ in 0..<max(wish.count - existing, 0) {
                nextReplica += 1
                let replica = Replica(
                    id: Replica.ID("\(id)-\(nextReplica)"), function: id, revision: revision, state: .starting,
                    since: wall)
                let delay = Duration.milliseconds(Int.random(in: 0..<Self.startMax, using: &random))
                replicas.append(SimulatedReplica(replica: replica, startsAt: now + delay))
            }
            guard let ordered, ordered.id == id, !isLate, existing < wish.count else { continue }
            let total = replicas.count {
                $0.replica.function == id && ($0.replica.since < ordered.at || $0.replica.revision == revision)
            }
            let limit = wish.function.target.maxReplicas + 1
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
        for place in replicas.indices
        where replicas[place].replica.state == .starting && replicas[place].startsAt <= now {
            let id = replicas[place].replica.function
            if Self.brokenRevisions.contains(replicas[place].replica.revision) {
                failed.append(replicas[place].replica)
            } else {
                replicas[place].replica.state = .ready
                troubles[id] = nil
            }
        }
        for replica in failed {
            replicas.removeAll { $0.replica.id == replica.id }
            troubles[replica.function] = Samples.trouble(of: replica.revision)
            retryAt[replica.function] = now + .seconds(2)
        }
        refill()
    }

    /// Every fifth version of a program does not start.
    private static let brokenRevisions = Set([5, 10].map { Revision(of: Target(command: ["run", "v\($0)"])) })

    // MARK: The dispatcher

    private mutating func serve() {
        for place in replicas.indices where replicas[place].inFlight > 0 {
            let ends = isCalm ? replicas[place].inFlight : Int.random(in: 0...replicas[place].inFlight, using: &random)
            replicas[place].inFlight -= ends
        }
        for place in replicas.indices.shuffled(using: &random) where isAccepting(replicas[place]) {
            let id = replicas[place].replica.function
            let slots = (functions[id]?.target.concurrency ?? 1000) - replicas[place].inFlight
            let taken = min(queued[id] ?? 0, slots)
            replicas[place].inFlight += taken
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

    // MARK: What must never happen

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
                // A replica that nobody has told the operator of has taken nothing either.
                if published[one.replica.function].replicas.contains(where: { $0.id == id }) {
                    violations.append("\(now): \(id) is stopped and the dispatcher does not know")
                }
                continue
            }
            // The longest time of any function here is 10 s, and 30 s come on top.
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
        for record in state.records {
            let desired = record.decision?.desired ?? 0
            if !(0...record.policy.maxReplicas).contains(desired) {
                found.append("\(record.function.id) wants \(desired)")
            }
        }
        return found
    }
}
