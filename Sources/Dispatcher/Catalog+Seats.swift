import F2SModel

/// One function's queues, by its name.
struct NamedCell {
    let name: String
    let home: FunctionCell
    /// `nil`: its invocations never went elsewhere.
    let forward: FunctionCell?
}

// Who grants a function's slots: this process, or another one, to which public connections are forwarded then.
extension Catalog {
    /// Where a function's slots are granted.
    struct Seat: Equatable {
        /// The other process that public invocations go to; `nil`: they stay here.
        var owner: Replica.Address?
        /// Whether nobody is given a slot here.
        var isHeld = false
    }

    /// The way to another process: a queue without a limit, whose one replica is that process's internal listener.
    struct Forward {
        let cell: FunctionCell
        var address: Replica.Address?
        var replica: ReplicaCell?
        /// As the newest table has it.
        var entry: RouteTable.Entry?
    }

    /// How much longer an invocation waits for another process than that one does, which knows where the time went and
    /// should be the one to say so.
    private static let forwardGrace: UInt64 = 200_000_000

    mutating func update(_ ownership: Ownership, now: UInt64) -> Effects {
        self.ownership = ownership
        var effects = Effects()
        var routes: Set<Route> = []
        var moved: Set<Function.ID> = []
        for (id, var entry) in known where seat(of: id) != entry.seat {
            routes.insert(entry.draft.route)
            moved.insert(id)
            seat(&entry, now, &effects)
            known[id] = entry
        }
        guard !routes.isEmpty else { return effects }
        publishTables(now, changing: routes, &effects)
        place(moved, now, &effects)
        return effects
    }

    private func seat(of id: Function.ID) -> Seat {
        Seat(owner: mayForward ? ownership.elsewhere[id] : nil, isHeld: ownership.held.contains(id))
    }

    /// Takes over who grants a function's slots, and opens the way there.
    mutating func seat(_ entry: inout Known, _ now: UInt64, _ effects: inout Effects) {
        entry.seat = seat(of: entry.cell.id)
        guard entry.seat.owner != entry.forward?.address else { return }
        var forward =
            entry.forward
            ?? Forward(
                cell: FunctionCell(
                    id: entry.cell.id, queue: InvocationQueue(bounds(of: entry.draft.target).ofForward, now: now),
                    active: nil))
        if let replica = forward.replica { effects.retired.append(replica) }
        forward.address = entry.seat.owner
        forward.replica = forward.address.flatMap { makeCell(Replica.ID("f2s \($0)"), at: $0) }
        let replica = forward.replica
        let wakes = forward.cell.withQueue { queue in
            let listed = replica.map { [(cell: $0, isDraining: false)] } ?? []
            let wakes = queue.update(listed, trouble: nil, hasStarting: replica != nil, now: now).wakes
            // It serves: whoever it was that said so would not have named it otherwise.
            return wakes + (replica.map { queue.accepted($0, now: now) } ?? [])
        }
        if !wakes.isEmpty { effects.wakes.append((forward.cell, wakes)) }
        entry.forward = forward
    }

    /// Brings changed routes into the tables, and sends those who wait where no slot will be granted to where one will
    /// be.
    /// - Parameter routes: `nil`: all of them.
    mutating func publishTables(_ now: UInt64, changing routes: Set<Route>?, _ effects: inout Effects) {
        if routes == nil { (tables.home, tables.open, forwarded) = (RouteTable(), RouteTable(), []) }
        var changed: [(route: Route, open: [RouteTable.Entry])] = []
        var concerned: [Function.ID] = []
        for route in routes ?? Set(known.values.lazy.map(\.draft.route)) {
            var open: [RouteTable.Entry] = []
            var home: [RouteTable.Entry] = []
            for function in functions.holders(of: route) {
                guard let entries = makeEntries(of: function.id) else { continue }
                home.append(entries.home)
                open.append(entries.open)
                concerned.append(function.id)
            }
            tables.home.replace(route, with: home)
            changed.append((route, open))
        }
        // Where nothing is forwarded the two are one table.
        if forwarded.isEmpty {
            tables.open = tables.home
        } else {
            for (route, entries) in changed { tables.open.replace(route, with: entries) }
        }
        effects.tables = tables
        for id in concerned { settleWaiters(of: id, now, &effects) }
    }

    private func settleWaiters(of id: Function.ID, _ now: UInt64, _ effects: inout Effects) {
        guard let entry = known[id], let forward = entry.forward, let home = entry.entry else { return }
        if entry.seat.owner == nil {
            move(from: forward.cell, to: home, now, &effects)
        } else if let away = forward.entry {
            if entry.seat.isHeld {
                move(from: entry.cell, to: away, now, &effects)
            } else {
                open(entry.cell)
                open(forward.cell)
            }
        }
    }

    /// First the new place is opened, then the old one is closed: whoever is turned away finds a place that is open.
    private func move(
        from cell: FunctionCell, to entry: RouteTable.Entry, _ now: UInt64, _ effects: inout Effects
    ) {
        open(entry.cell)
        cell.successor = entry
        let waiters = cell.withQueue { $0.moveAway(now: now) }
        if !waiters.isEmpty { effects.moves.append((entry, waiters)) }
    }

    private func open(_ cell: FunctionCell) {
        cell.withQueue { $0.comeBack() }
        cell.successor = nil
    }

    /// The path of most functions, in memory once.
    private static let root = Array("/".utf8)

    /// The queues that answer a function's route, for other processes and for the public.
    private mutating func makeEntries(of id: Function.ID) -> (home: RouteTable.Entry, open: RouteTable.Entry)? {
        guard var entry = known[id] else { return nil }
        let own = makeEntry(entry, entry.cell, isForward: false)
        entry.entry = own
        var away: RouteTable.Entry?
        if let cell = entry.forward?.cell, entry.seat.owner != nil {
            away = makeEntry(entry, cell, isForward: true)
            forwarded.insert(id)
        } else {
            forwarded.remove(id)
        }
        entry.forward?.entry = away
        known[id] = entry
        return (own, away ?? own)
    }

    private func makeEntry(_ entry: Known, _ cell: FunctionCell, isForward: Bool) -> RouteTable.Entry {
        let target = entry.draft.target
        let timeout = min(target.timeout ?? timeouts.request, timeouts.request).nanoseconds
        let path = isForward ? nil : target.path == "/" ? Self.root : Array(target.path.utf8)
        let declaration = FunctionCell.Declaration(
            name: entry.draft.name, route: entry.draft.route, path: path,
            timeout: timeout + (isForward ? Self.forwardGrace : 0),
            startTimeout: target.startTimeout?.nanoseconds ?? 0, countsCallers: target.limits.rate != nil,
            holdsSlots: !isForward && (target.concurrency != nil || target.limits.inFlight != nil))
        return RouteTable.Entry(cell: cell, declaration: declaration, method: entry.draft.method)
    }
}

extension InvocationQueue.Bounds {
    /// The other process keeps the limits; how fast each caller may come is counted where callers are seen.
    var ofForward: InvocationQueue.Bounds { InvocationQueue.Bounds(queued: queued, rate: rate) }
}
