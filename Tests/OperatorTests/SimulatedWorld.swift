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

    /// Time that a replica needs to start or to end, at most.
    static let startMax = 2500

    var random: SeededGenerator
    var state: OperatorState
    var functions: [Function.ID: Function] = [:]
    var wishes: [Function.ID: Wish] = [:]
    var replicas: [SimulatedReplica] = []
    var troubles: [Function.ID: StartTrouble] = [:]
    var retryAt: [Function.ID: Duration] = [:]
    var queued: [Function.ID: Int] = [:]
    var admitted: [Function.ID: UInt64] = [:]
    var area: [Function.ID: Double] = [:]
    var pending: [(call: OperatorCall, endsAt: Duration)] = []
    var published = ReplicaSnapshot()
    var told: [Replica.ID: Duration] = [:]
    var stopped: Set<Replica.ID> = []
    var violations: [String] = []
    var now = Duration.zero
    var wall = 1_700_000_000.0
    var isCalm = false
    /// Whether the operator may be late to hear of replicas.
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
        }
        advanceReplicas()
        finishCalls()
        serve()
        if !isLate || isCalm || Int.random(in: 0..<3, using: &random) > 0 { state.take(snapshot(), at: now) }
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
        tellFunctions()
    }

    mutating func delete(_ id: Function.ID) {
        functions[id] = nil
        queued[id] = nil
        area[id] = nil
        admitted[id] = nil
        tellFunctions()
    }

    mutating func tellFunctions() { state.take(FunctionSnapshot(functions: Array(functions.values))) }

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

    private mutating func look() {
        let outcome = state.plan(load(), at: now, wall: wall, isLeader: true)
        if let published = outcome.published {
            self.published = published
            var draining: [Replica.ID: Duration] = [:]
            for replica in published.replicas where replica.state == .draining {
                draining[replica.id] = told[replica.id] ?? now
            }
            told = draining
        }
        for call in state.calls(load(), at: now) {
            check(call)
            let delay = isCalm ? 0 : Int.random(in: 0..<1500, using: &random)
            pending.append((call, now + .milliseconds(delay)))
        }
    }

    // MARK: The platform

    private mutating func finishCalls() {
        let done = pending.filter { $0.endsAt <= now }
        pending.removeAll { $0.endsAt <= now }
        for (call, _) in done {
            let isSuccess = isCalm || Int.random(in: 0..<8, using: &random) > 0
            if isSuccess { carryOut(call) }
            _ = state.end(call, isSuccess: isSuccess, at: now)
        }
    }

    private mutating func carryOut(_ call: OperatorCall) {
        switch call {
        case .apply(let function, let count, let retiring):
            wishes[function.id] = Wish(function: function, count: count)
            end { retiring.contains($0.id) }
            refill()
        case .replace: violations.append("\(now): a replica is replaced, which this platform is never asked for")
        case .remove(let id):
            wishes[id] = nil
            troubles[id] = nil
            end { $0.function == id }
        case .setStatus(let status, let id):
            functions[id]?.status = status
            tellFunctions()
        }
    }

    private mutating func end(_ isMeant: (Replica) -> Bool) {
        for place in replicas.indices where isMeant(replicas[place].replica) && replicas[place].endsAt == nil {
            replicas[place].endsAt = now + .milliseconds(Int.random(in: 0..<Self.startMax, using: &random))
            replicas[place].replica.state = .draining
        }
    }

    private mutating func refill() {
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
            // One of an older revision that starts was begun in the place of one that died, while the wish for this
            // revision was on its way: the operator cannot know of it.
            let total = replicas.count {
                $0.replica.function == id && ($0.replica.state != .starting || $0.replica.revision == revision)
            }
            let limit = wish.function.target.maxReplicas + 1
            if !isLate, existing < wish.count, total > limit {
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
            && published.replicas.contains { $0.id == one.replica.id && $0.state != .draining && $0.state != .gone }
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
                if published.replicas.contains(where: { $0.id == id }) {
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
