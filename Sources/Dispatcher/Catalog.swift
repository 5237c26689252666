import F2SModel

/// The dispatcher's view of what is declared and what runs. Decides what a new snapshot changes; performs nothing
/// itself.
struct Catalog {
    /// What must happen after a change, outside the lock.
    struct Effects {
        var tables: RouteTables?
        var wakes: [(FunctionCell, [InvocationQueue.Wake])] = []
        var moves: [(RouteTable.Entry, [InvocationQueue.Waiter])] = []
        var failures: [(InvocationError, [InvocationQueue.Waiter])] = []
        var dials: [(ReplicaCell, FunctionCell, loop: Int?)] = []
        var retired: [ReplicaCell] = []
    }

    /// What is kept of a function: of its status, which changes often, nothing depends here.
    struct Known {
        var draft: FunctionDraft
        /// Part of its revision.
        var workingFolder: String?
        var restartedAt: String?
        /// True if the labels and annotations are part of it, too.
        var carriesMetadata = false
        /// The function's own queue. Its slots are granted by one process at a time, where its limit is to be exact.
        let cell: FunctionCell
        /// As the newest table has it.
        var entry: RouteTable.Entry?
        /// Who grants its slots, as far as this process was told.
        var seat = Seat()
        /// The way to another process that grants its slots; it stays when they are granted here again.
        var forward: Forward?
    }

    /// What a function's queue was told last.
    private struct Placement: Equatable {
        let replicas: [Replica]
        let trouble: StartTrouble?
        let isHeld: Bool
    }

    var known: [Function.ID: Known] = [:]
    private var placed: [Function.ID: Placement] = [:]
    /// Removed functions whose work is not done: until it is, their replicas must not be taken for idle. One that is
    /// declared again in the meantime has the same replicas, and goes on with the same queue.
    private var departing: [Function.ID: FunctionCell] = [:]
    private var replicaCells: [Function.ID: [Replica.ID: (address: Replica.Address, cell: ReplicaCell)]] = [:]
    /// The declarations that were taken last.
    private(set) var functions = FunctionSnapshot()
    private var hasFunctions = false
    var tables = RouteTables()
    /// Functions whose public invocations go to another process.
    var forwarded: Set<Function.ID> = []
    var ownership = Ownership()
    /// Whether this process has a token to show to others.
    private(set) var mayForward: Bool
    private var replicas = ReplicaSnapshot()
    private var queueLengthMax: Int
    var timeouts: Timeouts
    private let loops: Int
    private let active: ActiveFunctions
    /// Those below belong to the API server's two sockets.
    private var nextNumber = InternalUpstream.number + 1

    init(
        queueLengthMax: Int, timeouts: Timeouts, loops: Int = 1, mayForward: Bool = false, active: ActiveFunctions
    ) {
        self.loops = loops
        self.active = active
        self.mayForward = mayForward
        self.queueLengthMax = queueLengthMax
        self.timeouts = timeouts
    }

    /// The functions that were removed while they had invocations in flight.
    mutating func departingCells() -> [FunctionCell] {
        departing = departing.filter { $0.value.withQueue { $0.inFlight > 0 } }
        return Array(departing.values)
    }

    /// The queue of a function that was removed while it had invocations in flight.
    func departingCell(of id: Function.ID) -> FunctionCell? { departing[id] }

    /// The queue of a function that can be routed.
    func cell(of id: Function.ID) -> FunctionCell? { known[id]?.cell }

    /// The functions that have been invoked since this process knows them.
    var calledCells: [NamedCell] {
        known.values.compactMap { entry in
            guard entry.cell.meters.areUsed || entry.forward?.cell.meters.areUsed == true else { return nil }
            return NamedCell(name: entry.draft.name.text, home: entry.cell, forward: entry.forward?.cell)
        }
    }

    mutating func update(tuning: DispatcherSettings.Tuning, now: UInt64) -> Effects {
        queueLengthMax = tuning.limits.queueLengthMax
        timeouts = tuning.timeouts
        var effects = Effects()
        for entry in known.values { limit(entry, now, &effects) }
        if hasFunctions { publishTables(now, changing: nil, &effects) }
        return effects
    }

    mutating func update(mayForward: Bool, now: UInt64) -> Effects {
        self.mayForward = mayForward
        return update(ownership, now: now)
    }

    /// Takes the newest declarations: what has changed since the last ones. Nothing here depends on a status.
    mutating func update(_ snapshot: FunctionSnapshot, now: UInt64) -> Effects {
        var effects = Effects()
        let changes = snapshot.changes(since: functions)
        let isFirst = !hasFunctions
        functions = snapshot
        hasFunctions = true
        guard isFirst || !changes.isOnlyStatuses else { return effects }
        let concerned = Set(changes.declared.map(\.id)).union(changes.rerouted)
        var routes: Set<Route> = []
        for function in changes.removed { close(function.id, now, &routes, &effects) }
        for id in concerned {
            guard let function = snapshot.function(of: id) else { continue }
            if snapshot.routeHolder(of: function) == nil {
                declare(function, now, &routes, &effects)
            } else {
                close(id, now, &routes, &effects)
            }
        }
        publishTables(now, changing: isFirst ? nil : routes, &effects)
        place(concerned.union(changes.removed.map(\.id)), now, &effects)
        return effects
    }

    /// Takes a function that can be invoked.
    private mutating func declare(
        _ function: Function, _ now: UInt64, _ routes: inout Set<Route>, _ effects: inout Effects
    ) {
        let (earlier, origin) = (known[function.id], function.origin)
        var entry = earlier ?? Known(draft: function.draft, cell: openCell(of: function, now: now))
        routes.insert(entry.draft.route)
        routes.insert(function.route)
        entry.draft = function.draft
        (entry.workingFolder, entry.restartedAt) = (origin.workingFolder, origin.restartedAt)
        entry.carriesMetadata = origin.carriesMetadata
        if earlier == nil { seat(&entry, now, &effects) }
        known[function.id] = entry
        limit(entry, now, &effects)
    }

    /// A function cannot be invoked any more.
    private mutating func close(
        _ id: Function.ID, _ now: UInt64, _ routes: inout Set<Route>, _ effects: inout Effects
    ) {
        placed[id] = nil
        guard let entry = known.removeValue(forKey: id) else { return }
        forwarded.remove(id)
        routes.insert(entry.draft.route)
        if entry.cell.withQueue({ $0.inFlight > 0 }) { departing[id] = entry.cell }
        for cell in [entry.cell, entry.forward?.cell].compactMap(\.self) {
            let waiters = cell.withQueue { $0.close(now: now) }
            cell.successor = nil
            effects.failures.append((.functionNotFound(path: entry.draft.route.path), waiters))
        }
        if let replica = entry.forward?.replica { effects.retired.append(replica) }
    }

    mutating func update(_ snapshot: ReplicaSnapshot, now: UInt64) -> Effects {
        let changed = snapshot.changes(since: replicas)
        replicas = snapshot
        var effects = Effects()
        place(changed, now, &effects)
        return effects
    }

    private mutating func openCell(of function: Function, now: UInt64) -> FunctionCell {
        if let cell = departing.removeValue(forKey: function.id), cell.withActiveQueue(now: now, { $0.reopen() }) {
            return cell
        }
        let queue = InvocationQueue(bounds(of: function.target), now: now)
        return FunctionCell(id: function.id, queue: queue, active: active)
    }

    private func limit(_ entry: Known, _ now: UInt64, _ effects: inout Effects) {
        let bounds = bounds(of: entry.draft.target)
        let wakes = entry.cell.withQueue { $0.update(bounds, now: now) }
        if !wakes.isEmpty { effects.wakes.append((entry.cell, wakes)) }
        for (_, cell) in (replicaCells[entry.cell.id] ?? [:]).values {
            cell.withConnections { $0.limit = bounds.concurrency }
        }
        if let forward = entry.forward { _ = forward.cell.withQueue { $0.update(bounds.ofForward, now: now) } }
    }

    func bounds(of target: Target) -> InvocationQueue.Bounds {
        InvocationQueue.Bounds(
            concurrency: target.concurrency, inFlight: target.limits.inFlight,
            queued: target.limits.queued ?? queueLengthMax, rate: target.limits.callerRate)
    }

    /// Brings the replicas of functions to the functions' queues.
    mutating func place(_ functions: Set<Function.ID>, _ now: UInt64, _ effects: inout Effects) {
        for id in functions {
            let replicas = replicas[id].replicas.filter { $0.state != .gone }
            if let entry = known[id] {
                let placement = Placement(replicas: replicas, trouble: trouble(of: entry), isHeld: entry.seat.isHeld)
                let newest = replicas.isEmpty && placement.trouble == nil ? nil : placement
                if placed[id] != newest {
                    placed[id] = newest
                    place(placement, of: entry, now, &effects)
                }
            }
            let isUsed = known[id] != nil || departing[id] != nil
            retireCells(of: id, keeping: isUsed ? Set(replicas.map(\.id)) : [], &effects)
            departing[id]?.withQueue { $0.keep(only: (replicaCells[id] ?? [:]).values.map(\.cell), now: now) }
        }
    }

    private mutating func retireCells(
        of function: Function.ID, keeping kept: Set<Replica.ID>, _ effects: inout Effects
    ) {
        for (id, known) in replicaCells[function] ?? [:] where !kept.contains(id) {
            replicaCells[function]?[id] = nil
            effects.retired.append(known.cell)
        }
        if replicaCells[function]?.isEmpty == true { replicaCells[function] = nil }
    }

    /// A trouble counts as long as the revision that has it is the one that is declared. A restart is told like one to
    /// those who wait in vain; it keeps nobody from waiting, because its replica is listed.
    private func trouble(of entry: Known) -> StartTrouble? {
        let shown = replicas[entry.cell.id]
        guard let trouble = shown.trouble ?? shown.restart else { return nil }
        let revision = Revision(
            of: entry.draft.target, in: entry.workingFolder, restartedAt: entry.restartedAt,
            carrying: entry.carriesMetadata ? entry.draft.metadata : .none)
        return trouble.revision == revision.text ? trouble : nil
    }

    private mutating func place(_ placement: Placement, of entry: Known, _ now: UInt64, _ effects: inout Effects) {
        var states: [(cell: ReplicaCell, isDraining: Bool)] = []
        var diallable: [ReplicaCell] = []
        for replica in placement.replicas {
            guard let cell = cell(of: replica, &effects), !placement.isHeld else { continue }
            let concurrency = entry.draft.target.concurrency
            cell.withConnections { $0.limit = concurrency }
            states.append((cell, replica.state == .draining))
            let mayDial = replica.state == .ready || replica.state == .starting && !replica.awaitsReadiness
            if mayDial { diallable.append(cell) }
        }
        // One that the platform calls ready and that does not accept just now is expected back in a moment.
        let hasStarting = placement.replicas.contains { $0.state == .starting || $0.state == .ready }
        let (listed, trouble) = (states, placement.trouble)
        let (wakes, failed, loop, undialled) = entry.cell.withActiveQueue(now: now) { queue in
            let result = queue.update(listed, trouble: trouble, hasStarting: hasStarting, now: now)
            return (result.wakes, result.failed, queue.firstWaiterLoop, queue.unaccepted())
        }
        if !wakes.isEmpty { effects.wakes.append((entry.cell, wakes)) }
        if let trouble, !failed.isEmpty { effects.failures.append((.startFailed(trouble), failed)) }
        for cell in diallable where undialled.contains(cell.number) {
            effects.dials.append((cell, entry.cell, loop: loop))
        }
    }

    /// The cell of a replica at its address. With another address it is another one: what is still under way to the old
    /// address must not be taken for the new one's.
    private mutating func cell(of replica: Replica, _ effects: inout Effects) -> ReplicaCell? {
        if let known = replicaCells[replica.function]?[replica.id] {
            if known.address == replica.address { return known.cell }
            replicaCells[replica.function]?[replica.id] = nil
            effects.retired.append(known.cell)
        }
        guard let address = replica.address, let cell = makeCell(replica.id, at: address) else { return nil }
        replicaCells[replica.function, default: [:]][replica.id] = (address, cell)
        return cell
    }

    mutating func makeCell(_ id: Replica.ID, at address: Replica.Address) -> ReplicaCell? {
        guard let socket = try? SocketAddress(ip: address.ip, port: address.port) else { return nil }
        let cell = ReplicaCell(id: id, address: socket, number: nextNumber, loops: loops)
        nextNumber += 1
        return cell
    }
}
