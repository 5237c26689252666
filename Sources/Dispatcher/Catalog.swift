import F2SMetrics
import F2SModel
import NIOCore

/// The dispatcher's view of what is declared and what runs. Decides what a new snapshot changes; performs nothing itself.
struct Catalog {
    /// What must happen after a change, outside the lock.
    struct Effects {
        var table: RouteTable?
        var wakes: [(FunctionCell, [InvocationQueue.Wake])] = []
        var failures: [(InvocationError, [InvocationQueue.Waiter])] = []
        var dials: [(ReplicaCell, FunctionCell, loop: Int?)] = []
        var retired: [ReplicaCell] = []
        var removed: [String] = []
    }

    private struct Known {
        var function: Function
        let cell: FunctionCell
    }

    private var known: [Function.ID: Known] = [:]
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

    var cells: [FunctionCell] { known.values.map(\.cell) }
    var namedCells: [(String, FunctionCell)] { known.values.map { ($0.function.name.text, $0.cell) } }

    mutating func update(tuning: DispatcherSettings.Tuning, now: UInt64) -> Effects {
        queueLengthMax = tuning.limits.queueLengthMax
        timeouts = tuning.timeouts
        var effects = Effects()
        for entry in known.values { limit(entry, now, &effects) }
        if hasFunctions { effects.table = makeTable() }
        return effects
    }

    mutating func update(_ snapshot: FunctionSnapshot, registry: MetricRegistry, now: UInt64) -> Effects {
        hasFunctions = true
        var effects = Effects()
        let losers = snapshot.routeConflicts
        let routed = snapshot.functions.filter { losers[$0.id] == nil }
        let wanted = Set(routed.map(\.id))
        for (id, entry) in known where !wanted.contains(id) {
            known[id] = nil
            let waiters = entry.cell.withQueue { $0.removeAllWaiters(now: now) }
            effects.failures.append((.functionNotFound(path: entry.function.route.path), waiters))
            effects.removed.append(entry.function.name.text)
        }
        for function in routed {
            if known[function.id] == nil {
                let queue = InvocationQueue(
                    concurrency: function.target.concurrency, lengthMax: queueLengthMax, now: now)
                let meters = FunctionMeters(function: function.name.text, registry: registry)
                known[function.id] = Known(function: function, cell: FunctionCell(id: function.id, queue: queue, meters: meters))
            } else {
                known[function.id]?.function = function
            }
            if let entry = known[function.id] { limit(entry, now, &effects) }
        }
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
        let concurrency = entry.function.target.concurrency
        let lengthMax = queueLengthMax
        let wakes = entry.cell.withQueue { $0.update(concurrency: concurrency, lengthMax: lengthMax, now: now) }
        if !wakes.isEmpty { effects.wakes.append((entry.cell, wakes)) }
    }

    private func makeTable() -> RouteTable {
        let ceiling = timeouts.request
        return RouteTable(
            known.values.sorted { $0.function.age < $1.function.age }.map { entry in
                let target = entry.function.target
                let declaration = FunctionCell.Declaration(
                    name: entry.function.name, path: Array(target.path.utf8),
                    timeout: min(target.timeout ?? ceiling, ceiling).nanoseconds, generation: entry.function.generation)
                return (
                    entry.function.route,
                    RouteTable.Entry(cell: entry.cell, declaration: declaration, method: entry.function.method)
                )
            })
    }

    /// Brings the replicas to the queues of their functions.
    private mutating func place(_ now: UInt64, _ effects: inout Effects) {
        var byFunction: [Function.ID: [Replica]] = [:]
        var listed: Set<Replica.ID> = []
        for replica in replicas.replicas where replica.state != .gone && known[replica.function] != nil {
            byFunction[replica.function, default: []].append(replica)
            listed.insert(replica.id)
        }
        for (id, entry) in known {
            placeReplicas(byFunction[id] ?? [], of: entry, now, &effects)
        }
        for (id, cell) in replicaCells where !listed.contains(id) {
            replicaCells[id] = nil
            effects.retired.append(cell)
        }
    }

    private mutating func placeReplicas(_ replicas: [Replica], of entry: Known, _ now: UInt64, _ effects: inout Effects) {
        var states: [(cell: ReplicaCell, isDraining: Bool)] = []
        var dialled: [ReplicaCell] = []
        for replica in replicas {
            guard let cell = cell(of: replica) else { continue }
            states.append((cell, replica.state == .draining))
            let mayDial = replica.state == .ready || replica.state == .starting && !replica.awaitsReadiness
            if mayDial { dialled.append(cell) }
        }
        let revision = entry.function.revision.text
        let trouble = self.replicas.troubles[entry.function.id].flatMap { $0.revision == revision ? $0 : nil }
        let hasStarting = replicas.contains { $0.state == .starting }
        let (listed, update) = (states, trouble)
        let (wakes, failed, loop, undialled) = entry.cell.withQueue { queue in
            let result = queue.update(listed, trouble: update, hasStarting: hasStarting, now: now)
            return (result.wakes, result.failed, queue.firstWaiterLoop, queue.unaccepted())
        }
        if !wakes.isEmpty { effects.wakes.append((entry.cell, wakes)) }
        if let trouble, !failed.isEmpty { effects.failures.append((.startFailed(trouble), failed)) }
        for cell in dialled where undialled.contains(cell.number) { effects.dials.append((cell, entry.cell, loop: loop)) }
    }

    private mutating func cell(of replica: Replica) -> ReplicaCell? {
        if let cell = replicaCells[replica.id] { return cell }
        guard let address = replica.address,
            let socket = try? SocketAddress(ipAddress: address.ip, port: address.port)
        else { return nil }
        let cell = ReplicaCell(id: replica.id, address: socket, number: nextNumber)
        nextNumber += 1
        replicaCells[replica.id] = cell
        return cell
    }
}
