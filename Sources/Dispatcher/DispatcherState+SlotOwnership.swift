import F2SModel

/// The queues of one function, with its name.
struct FunctionQueues {
    let name: String
    let local: FunctionHandle
    /// The queue for forwarding; `nil` if the function's invocations were never forwarded.
    let forward: FunctionHandle?
}

// The ownership of slots: either this process grants a function's slots, or another process does, and this process
// forwards its public invocations there.
extension DispatcherState {
    /// The ownership of a function's slots, as this process knows it.
    struct SlotOwnership: Equatable {
        /// The other process to which public invocations are forwarded; `nil` if this process serves them.
        var owner: Replica.Address?
        /// True if this process must not grant slots.
        var isWithheld = false
    }

    /// The queue for forwarding to another process. It has no limit, and its one replica is that process's internal
    /// listener.
    struct Forward {
        let handle: FunctionHandle
        var address: Replica.Address?
        var replica: ReplicaHandle?
        /// The entry of the newest route table.
        var entry: RouteTable.Entry?
    }

    /// The additional time, in nanoseconds, that an invocation waits for another process. That process should time out
    /// first and report the timeout, because it knows how the time was spent.
    private static let forwardGrace: UInt64 = 200_000_000

    mutating func update(_ ownership: Ownership, now: UInt64) -> Effects {
        self.ownership = ownership
        var effects = Effects()
        var routes: Set<Route> = []
        var moved: Set<Function.ID> = []
        for (id, known) in known where slotOwnership(of: id) != known.wrappedValue.ownership {
            var entry = known.wrappedValue
            routes.insert(entry.draft.route)
            moved.insert(id)
            updateOwnership(&entry, now, &effects)
            self.known[id] = Boxed(wrappedValue: entry)
        }
        guard !routes.isEmpty else { return effects }
        publishTables(now, changing: routes, &effects)
        assignReplicas(moved, now, &effects)
        return effects
    }

    private func slotOwnership(of id: Function.ID) -> SlotOwnership {
        SlotOwnership(owner: mayForward ? ownership.elsewhere[id] : nil, isWithheld: ownership.withheld.contains(id))
    }

    /// Updates the ownership of a function's slots, and creates the queue for forwarding to the owner.
    mutating func updateOwnership(_ entry: inout Known, _ now: UInt64, _ effects: inout Effects) {
        entry.ownership = slotOwnership(of: entry.handle.id)
        guard entry.ownership.owner != entry.forward?.address else { return }
        var forward =
            entry.forward
            ?? Forward(
                handle: FunctionHandle(
                    id: entry.handle.id, queue: InvocationQueue(bounds(of: entry.draft.target).ofForward, now: now),
                    active: nil))
        if let replica = forward.replica { effects.retired.append(replica) }
        forward.address = entry.ownership.owner
        forward.replica = forward.address.flatMap { makeHandle(Replica.ID("f2s \($0)"), at: $0) }
        let replica = forward.replica
        let handoffs = forward.handle.withQueue { queue in
            let listed = replica.map { [(handle: $0, isDraining: false)] } ?? []
            let handoffs = queue.update(listed, startFailure: nil, hasStarting: replica != nil, now: now).handoffs
            // The owner accepts connections, or it would not have been published as the owner.
            return handoffs + (replica.map { queue.accepted($0, now: now) } ?? [])
        }
        if !handoffs.isEmpty { effects.handoffs.append((forward.handle, handoffs)) }
        entry.forward = forward
    }

    /// Updates changed routes in the tables, and moves waiting invocations to the queue that grants slots.
    /// - Parameter routes: The changed routes; `nil` for all routes.
    mutating func publishTables(_ now: UInt64, changing routes: Set<Route>?, _ effects: inout Effects) {
        if routes == nil { (tables.local, tables.publicRoutes, forwarded) = (RouteTable(), RouteTable(), []) }
        var changed: [(route: Route, open: [RouteTable.Entry])] = []
        var concerned: [Function.ID] = []
        for route in routes ?? Set(known.values.lazy.map(\.wrappedValue.draft.route)) {
            var open: [RouteTable.Entry] = []
            var local: [RouteTable.Entry] = []
            for function in functions.holders(of: route) {
                guard let entries = makeEntries(of: function.id) else { continue }
                local.append(entries.local)
                open.append(entries.open)
                concerned.append(function.id)
            }
            tables.local.replace(route, with: local)
            changed.append((route, open))
        }
        // If nothing is forwarded, both tables are the same.
        if forwarded.isEmpty {
            tables.publicRoutes = tables.local
        } else {
            for (route, entries) in changed { tables.publicRoutes.replace(route, with: entries) }
        }
        effects.tables = tables
        for id in concerned { moveWaiters(of: id, now, &effects) }
    }

    private func moveWaiters(of id: Function.ID, _ now: UInt64, _ effects: inout Effects) {
        guard let entry = known[id]?.wrappedValue, let forward = entry.forward, let local = entry.entry else { return }
        if entry.ownership.owner == nil {
            move(from: forward.handle, to: local, now, &effects)
        } else if let remote = forward.entry {
            if entry.ownership.isWithheld {
                move(from: entry.handle, to: remote, now, &effects)
            } else {
                open(entry.handle)
                open(forward.handle)
            }
        }
    }

    /// Moves waiting invocations to another queue. The new queue opens before the old one closes, so that an invocation
    /// that the old queue rejects finds an open one.
    private func move(
        from handle: FunctionHandle, to entry: RouteTable.Entry, _ now: UInt64, _ effects: inout Effects
    ) {
        open(entry.handle)
        handle.successor = entry
        let waiters = handle.withQueue { $0.moveAway(now: now) }
        if !waiters.isEmpty { effects.moves.append((entry, waiters)) }
    }

    private func open(_ handle: FunctionHandle) {
        handle.withQueue { $0.comeBack() }
        handle.successor = nil
    }

    /// The path of most functions, in memory only once.
    private static let root = Array("/".utf8)

    /// Returns the entries of a function's route: one for other processes, and one for the public.
    private mutating func makeEntries(of id: Function.ID) -> (local: RouteTable.Entry, open: RouteTable.Entry)? {
        guard var entry = known[id]?.wrappedValue else { return nil }
        let own = makeEntry(entry, entry.handle, isForward: false)
        entry.entry = own
        var remote: RouteTable.Entry?
        if let handle = entry.forward?.handle, entry.ownership.owner != nil {
            remote = makeEntry(entry, handle, isForward: true)
            forwarded.insert(id)
        } else {
            forwarded.remove(id)
        }
        entry.forward?.entry = remote
        known[id] = Boxed(wrappedValue: entry)
        return (own, remote ?? own)
    }

    private func makeEntry(_ entry: Known, _ handle: FunctionHandle, isForward: Bool) -> RouteTable.Entry {
        let target = entry.draft.target
        let timeout = min(target.timeout ?? timeouts.request, timeouts.request).nanoseconds
        let path = isForward ? nil : target.path == "/" ? Self.root : Array(target.path.utf8)
        let declaration = FunctionHandle.Declaration(
            name: entry.draft.name, route: entry.draft.route, path: path,
            timeout: timeout + (isForward ? Self.forwardGrace : 0),
            startTimeout: target.startTimeout?.nanoseconds ?? 0, countsCallers: target.limits.rate != nil,
            holdsSlots: !isForward && (target.concurrency != nil || target.limits.inFlight != nil),
            access: entry.draft.access ?? .authenticated, forwardsAuthorization: target.forwardsAuthorization,
            cors: entry.draft.cors.map { CORSPolicy($0) }, offersLogin: entry.draft.offersLogin)
        return RouteTable.Entry(handle: handle, declaration: declaration, method: entry.draft.method)
    }
}

extension InvocationQueue.Bounds {
    /// The bounds of the queue for forwarding. The other process enforces the limits. The rate of each caller is
    /// limited here, where the caller is known.
    var ofForward: InvocationQueue.Bounds { InvocationQueue.Bounds(queued: queued, rate: rate) }
}
