import F2SModel

/// The dispatcher's view of what is declared and what runs. Decides what a new snapshot changes; performs nothing
/// itself.
struct Catalog {
    /// What must happen after a change, outside the lock.
    struct Effects {
        var table: RouteTable?
        var wakes: [(FunctionCell, [InvocationQueue.Wake])] = []
        var failures: [(InvocationError, [InvocationQueue.Waiter])] = []
        var dials: [(ReplicaCell, FunctionCell, loop: Int?)] = []
        var retired: [ReplicaCell] = []
    }

    /// What is kept of a function: of its status, which changes often, nothing depends here.
    private struct Known {
        var draft: FunctionDraft
        var age: UInt64
        let cell: FunctionCell
    }

    /// What a function's queue was told last.
    private struct Placement: Equatable {
        let replicas: [Replica]
        let trouble: StartTrouble?
    }

    private var known: [Function.ID: Known] = [:]
    private var placed: [Function.ID: Placement] = [:]
    /// Removed functions whose work is not done: until it is, their replicas must not be taken for idle.
    private var departing: [FunctionCell] = []
    private var replicaCells: [Replica.ID: ReplicaCell] = [:]
    private var hasFunctions = false
    private var replicas = ReplicaSnapshot()
    private var queueLengthMax: Int
    private var timeouts: Timeouts
    /// 0 is the API server.
    private var nextNumber = 1

    init(queueLengthMax: Int, timeouts: Timeouts) {
        self.queueLengthMax = queueLengthMax
        self.timeouts = timeouts
    }

    /// The functions that can be routed, and those that were removed while they had work in hand.
    mutating func currentCells() -> (routed: [FunctionCell], departing: [FunctionCell]) {
        departing.removeAll { $0.withQueue { $0.inFlight == 0 } }
        return (known.values.map(\.cell), departing)
    }

    var namedCells: [(String, FunctionCell)] { known.values.map { ($0.draft.name.text, $0.cell) } }

    mutating func update(tuning: DispatcherSettings.Tuning, now: UInt64) -> Effects {
        queueLengthMax = tuning.limits.queueLengthMax
        timeouts = tuning.timeouts
        var effects = Effects()
        for entry in known.values { limit(entry, now, &effects) }
        if hasFunctions { effects.table = makeTable() }
        return effects
    }

    mutating func update(_ snapshot: FunctionSnapshot, now: UInt64) -> Effects {
        var effects = Effects()
        let losers = snapshot.routeConflicts
        let routed = snapshot.functions.filter { losers[$0.id] == nil }
        let wanted = Set(routed.map(\.id))
        // A snapshot comes with every change of a status too, and nothing here depends on a status.
        var hasChanged = !hasFunctions
        hasFunctions = true
        for (id, entry) in known where !wanted.contains(id) {
            hasChanged = true
            known[id] = nil
            placed[id] = nil
            let waiters = entry.cell.withQueue { $0.close(now: now) }
            departing.append(entry.cell)
            effects.failures.append((.functionNotFound(path: entry.draft.route.path), waiters))
        }
        for function in routed {
            let earlier = known[function.id]
            guard earlier?.draft != function.draft || earlier?.age != function.age else { continue }
            hasChanged = true
            let cell =
                earlier?.cell
                ?? FunctionCell(id: function.id, queue: InvocationQueue(bounds(of: function.target), now: now))
            let entry = Known(draft: function.draft, age: function.age, cell: cell)
            known[function.id] = entry
            limit(entry, now, &effects)
        }
        guard hasChanged else { return effects }
        effects.table = makeTable()
        place(now, &effects)
        return effects
    }

    mutating func update(_ snapshot: ReplicaSnapshot, now: UInt64) -> Effects {
        replicas = snapshot
        var effects = Effects()
        place(now, &effects)
        return effects
    }

    private func limit(_ entry: Known, _ now: UInt64, _ effects: inout Effects) {
        let bounds = bounds(of: entry.draft.target)
        let wakes = entry.cell.withQueue { $0.update(bounds, now: now) }
        if !wakes.isEmpty { effects.wakes.append((entry.cell, wakes)) }
    }

    private func bounds(of target: Target) -> InvocationQueue.Bounds {
        InvocationQueue.Bounds(
            concurrency: target.concurrency, inFlight: target.limits.inFlight,
            queued: target.limits.queued ?? queueLengthMax, rate: target.limits.callerRate)
    }

    /// The path of most functions, in memory once.
    private static let root = Array("/".utf8)

    private func makeTable() -> RouteTable {
        let ceiling = timeouts.request
        return RouteTable(
            known.values.sorted { $0.age < $1.age }.map { entry in
                let draft = entry.draft
                let target = draft.target
                let declaration = FunctionCell.Declaration(
                    name: draft.name, route: draft.route,
                    path: target.path == "/" ? Self.root : Array(target.path.utf8),
                    timeout: min(target.timeout ?? ceiling, ceiling).nanoseconds,
                    countsCallers: target.limits.rate != nil)
                return (
                    draft.route, RouteTable.Entry(cell: entry.cell, declaration: declaration, method: draft.method)
                )
            })
    }

    /// Brings the replicas to the queues of their functions; those of which nothing changed are left alone.
    private mutating func place(_ now: UInt64, _ effects: inout Effects) {
        var byFunction: [Function.ID: [Replica]] = [:]
        var listed: Set<Replica.ID> = []
        for replica in replicas.replicas where replica.state != .gone && known[replica.function] != nil {
            byFunction[replica.function, default: []].append(replica)
            listed.insert(replica.id)
        }
        let concerned = Set(byFunction.keys).union(replicas.troubles.keys).union(placed.keys)
        for id in concerned {
            guard let entry = known[id] else { continue }
            let placement = Placement(replicas: byFunction[id] ?? [], trouble: trouble(of: entry))
            guard placed[id] != placement else { continue }
            placed[id] = placement
            place(placement, of: entry, now, &effects)
        }
        placed = placed.filter { known[$0.key] != nil && ($0.value.trouble != nil || !$0.value.replicas.isEmpty) }
        for (id, cell) in replicaCells where !listed.contains(id) {
            replicaCells[id] = nil
            effects.retired.append(cell)
        }
    }

    /// A trouble counts as long as the revision that has it is the one that is declared.
    private func trouble(of entry: Known) -> StartTrouble? {
        guard let trouble = replicas.troubles[entry.cell.id] else { return nil }
        return trouble.revision == Revision(of: entry.draft.target).text ? trouble : nil
    }

    private mutating func place(_ placement: Placement, of entry: Known, _ now: UInt64, _ effects: inout Effects) {
        var states: [(cell: ReplicaCell, isDraining: Bool)] = []
        var diallable: [ReplicaCell] = []
        for replica in placement.replicas {
            guard let cell = cell(of: replica) else { continue }
            states.append((cell, replica.state == .draining))
            let mayDial = replica.state == .ready || replica.state == .starting && !replica.awaitsReadiness
            if mayDial { diallable.append(cell) }
        }
        // One that the platform calls ready and that does not accept just now is expected back in a moment.
        let hasStarting = placement.replicas.contains { $0.state == .starting || $0.state == .ready }
        let (listed, trouble) = (states, placement.trouble)
        let (wakes, failed, loop, undialled) = entry.cell.withQueue { queue in
            let result = queue.update(listed, trouble: trouble, hasStarting: hasStarting, now: now)
            return (result.wakes, result.failed, queue.firstWaiterLoop, queue.unaccepted())
        }
        if !wakes.isEmpty { effects.wakes.append((entry.cell, wakes)) }
        if let trouble, !failed.isEmpty { effects.failures.append((.startFailed(trouble), failed)) }
        for cell in diallable where undialled.contains(cell.number) {
            effects.dials.append((cell, entry.cell, loop: loop))
        }
    }

    private mutating func cell(of replica: Replica) -> ReplicaCell? {
        if let cell = replicaCells[replica.id] { return cell }
        guard let address = replica.address,
            let socket = try? SocketAddress(ip: address.ip, port: address.port)
        else { return nil }
        let cell = ReplicaCell(id: replica.id, address: socket, number: nextNumber)
        nextNumber += 1
        replicaCells[replica.id] = cell
        return cell
    }
}
