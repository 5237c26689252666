import F2SModel

/// The dispatcher's view of the declared functions and the running replicas. It decides the effects of a new snapshot,
/// but performs none of them.
struct DispatcherState {
    /// The effects of a change, which are performed outside the lock.
    struct Effects {
        var tables: RouteTables?
        var handoffs: [(FunctionHandle, [InvocationQueue.SlotHandoff])] = []
        var moves: [(RouteTable.Entry, [InvocationQueue.Waiter])] = []
        var failures: [(InvocationError, [InvocationQueue.Waiter])] = []
        var dials: [(ReplicaHandle, FunctionHandle, loop: Int?)] = []
        var retired: [ReplicaHandle] = []
    }

    /// The parts of a function that are kept. Nothing here depends on its status, which changes often.
    struct Known {
        var draft: FunctionDraft
        /// The working folder, which is part of the function's revision.
        var workingFolder: String?
        var restartedAt: String?
        /// True if the labels and annotations are part of the revision, too.
        var carriesMetadata = false
        /// The function's own queue. If its limit is to be exact, only one process at a time grants its slots.
        let handle: FunctionHandle
        /// The entry of the newest route table.
        var entry: RouteTable.Entry?
        /// The ownership of its slots, as it was last published to this process.
        var ownership = SlotOwnership()
        /// The queue for forwarding to another process that grants its slots. It stays when the slots are granted here
        /// again.
        @BoxedIfPresent var forward: Forward?
    }

    /// The last update of a function's queue.
    private struct Assignment: Equatable {
        let replicas: [Replica]
        let startFailure: StartFailure?
        let isWithheld: Bool
    }

    /// Boxed, because a dictionary has space for up to twice as many values as it holds.
    var known: [Function.ID: Boxed<Known>] = [:]
    private var assigned: [Function.ID: Assignment] = [:]
    /// Removed functions with invocations in flight. Until these end, the replicas must not be regarded as idle. A
    /// function that is declared again in the meantime has the same replicas, and continues with the same queue.
    private var departing: [Function.ID: FunctionHandle] = [:]
    private var replicaHandles: [Function.ID: [Replica.ID: (address: Replica.Address, handle: ReplicaHandle)]] = [:]
    /// The declarations that were applied last.
    private(set) var functions = FunctionSnapshot()
    private var hasFunctions = false
    var tables = RouteTables()
    /// Functions whose public invocations go to another process.
    var forwarded: Set<Function.ID> = []
    var ownership = Ownership()
    /// True if this process has a token to show to others.
    private(set) var mayForward: Bool
    private var replicas = ReplicaSnapshot()
    private var queueLengthMax: Int
    var timeouts: Timeouts
    private let loops: Int
    private let active: ActiveFunctions
    /// The number of the next replica. Lower numbers belong to the API server and to the internal server.
    private var nextNumber = OwnUpstream.numberMax + 1

    init(
        queueLengthMax: Int, timeouts: Timeouts, loops: Int = 1, mayForward: Bool = false, active: ActiveFunctions
    ) {
        self.loops = loops
        self.active = active
        self.mayForward = mayForward
        self.queueLengthMax = queueLengthMax
        self.timeouts = timeouts
    }

    /// Returns the functions that were removed while they had invocations in flight, and still have some.
    mutating func departingHandles() -> [FunctionHandle] {
        departing = departing.filter { $0.value.withQueue { $0.inFlight > 0 } }
        return Array(departing.values)
    }

    /// Returns the queue of a function that was removed while it had invocations in flight.
    func departingHandle(of id: Function.ID) -> FunctionHandle? { departing[id] }

    /// Returns the queue of a function that can be routed.
    func handle(of id: Function.ID) -> FunctionHandle? { known[id]?.wrappedValue.handle }

    /// The functions that have been invoked since this process knows them.
    var calledFunctions: [FunctionQueues] {
        known.values.lazy.map(\.wrappedValue).compactMap { entry in
            guard entry.handle.meters.areUsed || entry.forward?.handle.meters.areUsed == true else { return nil }
            return FunctionQueues(name: entry.draft.name.text, local: entry.handle, forward: entry.forward?.handle)
        }
    }

    mutating func update(tuning: DispatcherSettings.Tuning, now: UInt64) -> Effects {
        queueLengthMax = tuning.limits.queueLengthMax
        timeouts = tuning.timeouts
        var effects = Effects()
        for entry in known.values.map(\.wrappedValue) { limit(entry, now, &effects) }
        if hasFunctions { publishTables(now, changing: nil, &effects) }
        return effects
    }

    mutating func update(mayForward: Bool, now: UInt64) -> Effects {
        self.mayForward = mayForward
        return update(ownership, now: now)
    }

    /// Applies the newest declarations: only the changes since the last ones. Nothing here depends on a status.
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
        assignReplicas(concerned.union(changes.removed.map(\.id)), now, &effects)
        return effects
    }

    /// Adds or updates a function that can be invoked.
    private mutating func declare(
        _ function: Function, _ now: UInt64, _ routes: inout Set<Route>, _ effects: inout Effects
    ) {
        let (earlier, origin) = (known[function.id]?.wrappedValue, function.origin)
        var entry = earlier ?? Known(draft: function.draft, handle: openHandle(of: function, now: now))
        routes.insert(entry.draft.route)
        routes.insert(function.route)
        entry.draft = function.draft
        (entry.workingFolder, entry.restartedAt) = (origin.workingFolder, origin.restartedAt)
        entry.carriesMetadata = origin.carriesMetadata
        if earlier == nil { updateOwnership(&entry, now, &effects) }
        known[function.id] = Boxed(wrappedValue: entry)
        limit(entry, now, &effects)
    }

    /// Removes a function that cannot be invoked any more.
    private mutating func close(
        _ id: Function.ID, _ now: UInt64, _ routes: inout Set<Route>, _ effects: inout Effects
    ) {
        assigned[id] = nil
        guard let entry = known.removeValue(forKey: id)?.wrappedValue else { return }
        forwarded.remove(id)
        routes.insert(entry.draft.route)
        for handle in [entry.handle, entry.forward?.handle].compactMap(\.self) {
            // In one step: a loop may admit an invocation until the queue is closed.
            let (waiters, isBusy) = handle.withQueue { queue in (queue.close(now: now), queue.inFlight > 0) }
            if isBusy, handle === entry.handle { departing[id] = handle }
            handle.successor = nil
            effects.failures.append((.functionNotFound(path: entry.draft.route.path), waiters))
        }
        if let replica = entry.forward?.replica { effects.retired.append(replica) }
    }

    mutating func update(_ snapshot: ReplicaSnapshot, now: UInt64) -> Effects {
        let changed = snapshot.changes(since: replicas)
        replicas = snapshot
        var effects = Effects()
        assignReplicas(changed, now, &effects)
        return effects
    }

    private mutating func openHandle(of function: Function, now: UInt64) -> FunctionHandle {
        if let handle = departing.removeValue(forKey: function.id), handle.withActiveQueue(now: now, { $0.reopen() }) {
            return handle
        }
        let queue = InvocationQueue(bounds(of: function.target), now: now)
        return FunctionHandle(id: function.id, queue: queue, active: active)
    }

    private func limit(_ entry: Known, _ now: UInt64, _ effects: inout Effects) {
        let bounds = bounds(of: entry.draft.target)
        let handoffs = entry.handle.withQueue { $0.update(bounds, now: now) }
        if !handoffs.isEmpty { effects.handoffs.append((entry.handle, handoffs)) }
        for (_, handle) in (replicaHandles[entry.handle.id] ?? [:]).values {
            handle.withConnections { $0.limit = bounds.concurrency }
        }
        if let forward = entry.forward { _ = forward.handle.withQueue { $0.update(bounds.ofForward, now: now) } }
    }

    func bounds(of target: Target) -> InvocationQueue.Bounds {
        InvocationQueue.Bounds(
            concurrency: target.concurrency, inFlight: target.limits.inFlight,
            queued: target.limits.queued ?? queueLengthMax, rate: target.limits.callerRate)
    }

    /// Passes the replicas of functions to the functions' queues.
    mutating func assignReplicas(_ functions: Set<Function.ID>, _ now: UInt64, _ effects: inout Effects) {
        for id in functions {
            let replicas = replicas[id].replicas.filter { $0.state != .gone }
            if let entry = known[id]?.wrappedValue {
                let assignment = Assignment(
                    replicas: replicas, startFailure: startFailure(of: entry), isWithheld: entry.ownership.isWithheld)
                let newest = replicas.isEmpty && assignment.startFailure == nil ? nil : assignment
                if assigned[id] != newest {
                    assigned[id] = newest
                    assign(assignment, of: entry, now, &effects)
                }
            }
            let isUsed = known[id] != nil || departing[id] != nil
            retireHandles(of: id, keeping: isUsed ? Set(replicas.map(\.id)) : [], &effects)
            departing[id]?.withQueue { $0.keep(only: (replicaHandles[id] ?? [:]).values.map(\.handle), now: now) }
        }
    }

    private mutating func retireHandles(
        of function: Function.ID, keeping kept: Set<Replica.ID>, _ effects: inout Effects
    ) {
        for (id, known) in replicaHandles[function] ?? [:] where !kept.contains(id) {
            replicaHandles[function]?[id] = nil
            effects.retired.append(known.handle)
        }
        if replicaHandles[function]?.isEmpty == true { replicaHandles[function] = nil }
    }

    /// Returns the start failure of a function if it belongs to the declared revision, and `nil` otherwise. A restart
    /// counts as a start failure for invocations that time out. It does not fail new ones, because its replica is
    /// listed.
    private func startFailure(of entry: Known) -> StartFailure? {
        let shown = replicas[entry.handle.id]
        guard let startFailure = shown.startFailure ?? shown.restart else { return nil }
        let revision = Revision(
            of: entry.draft.target, in: entry.workingFolder, restartedAt: entry.restartedAt,
            carrying: entry.carriesMetadata ? entry.draft.metadata : .none)
        return startFailure.revision == revision.text ? startFailure : nil
    }

    private mutating func assign(_ assignment: Assignment, of entry: Known, _ now: UInt64, _ effects: inout Effects) {
        var states: [(handle: ReplicaHandle, isDraining: Bool)] = []
        var diallable: [ReplicaHandle] = []
        for replica in assignment.replicas {
            guard let handle = handle(of: replica, &effects), !assignment.isWithheld else { continue }
            let concurrency = entry.draft.target.concurrency
            handle.withConnections { $0.limit = concurrency }
            states.append((handle, replica.state == .draining))
            let mayDial = replica.state == .ready || replica.state == .starting && !replica.awaitsReadiness
            if mayDial { diallable.append(handle) }
        }
        // A ready replica that does not accept connections at the moment is expected to accept again soon.
        let hasStarting = assignment.replicas.contains { $0.state == .starting || $0.state == .ready }
        let (listed, startFailure) = (states, assignment.startFailure)
        let (handoffs, failed, loop, undialled) = entry.handle.withActiveQueue(now: now) { queue in
            let result = queue.update(listed, startFailure: startFailure, hasStarting: hasStarting, now: now)
            return (result.handoffs, result.failed, queue.firstWaiterLoop, queue.unaccepted())
        }
        if !handoffs.isEmpty { effects.handoffs.append((entry.handle, handoffs)) }
        if let startFailure, !failed.isEmpty { effects.failures.append((.startFailed(startFailure), failed)) }
        for handle in diallable where undialled.contains(handle.number) {
            effects.dials.append((handle, entry.handle, loop: loop))
        }
    }

    /// Returns the handle of a replica at its address. A replica with a new address gets a new handle: work that is
    /// still under way to the old address must not count for the new one.
    private mutating func handle(of replica: Replica, _ effects: inout Effects) -> ReplicaHandle? {
        if let known = replicaHandles[replica.function]?[replica.id] {
            if known.address == replica.address { return known.handle }
            replicaHandles[replica.function]?[replica.id] = nil
            effects.retired.append(known.handle)
        }
        guard let address = replica.address, let handle = makeHandle(replica.id, at: address) else { return nil }
        replicaHandles[replica.function, default: [:]][replica.id] = (address, handle)
        return handle
    }

    mutating func makeHandle(_ id: Replica.ID, at address: Replica.Address) -> ReplicaHandle? {
        guard let socket = try? SocketAddress(ip: address.ip, port: address.port) else { return nil }
        let handle = ReplicaHandle(id: id, address: socket, number: nextNumber, loops: loops)
        nextNumber += 1
        return handle
    }
}
