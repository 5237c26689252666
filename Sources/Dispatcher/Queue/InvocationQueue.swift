import F2SModel

/// Admission and waiting of one function, exact for the whole process.
///
/// Pure: no I/O, no clock, no lock. The caller holds the function's `Mutex`, passes `now`, and performs what is
/// returned after the lock is released. Invariant: while somebody waits, no slot is free; so slots are granted in the
/// order of admission.
struct InvocationQueue {
    /// A place where an invocation waits: which loop, which entry of its table, and which use of that entry.
    struct Waiter: Equatable, Sendable {
        let loop: Int
        let entry: Int
        let generation: UInt64
    }

    /// The right to run one invocation on one replica. Given back exactly once by ``finish(_:now:)``.
    struct Grant: Sendable {
        let replica: ReplicaCell
        let position: Int
        /// When replicas began to take invocations, after none did: until then a waiter waited for a start.
        let acceptingSince: UInt64
    }

    /// A grant for somebody who waited, possibly on another loop.
    struct Wake: Sendable {
        let waiter: Waiter
        let grant: Grant
    }

    /// `sequence` is the invocation's number in the order of admission: its name for ``leave(_:now:)``, and its place
    /// should it have to come back.
    enum Admission: Sendable {
        case granted(Grant, sequence: UInt64)
        /// - `isCold`: no replica takes invocations; `activate`: raise the signal, this is a cold function's first.
        case waiting(sequence: UInt64, isCold: Bool, activate: Bool)
        case full(limit: Int)
        case failed(StartTrouble)
        /// The function is gone; its caller has an old table still.
        case closed
    }

    private struct Slot {
        let replica: ReplicaCell
        var inFlight = 0
        var hasAccepted = false
        var isDraining = false
        var isListed = true
    }

    private struct Place {
        let sequence: UInt64
        /// `nil`: its waiter has left.
        var waiter: Waiter?
    }

    /// Positions are stable while a replica has invocations in flight; a freed one is used again.
    private var slots: [Slot?] = []
    private var places: [Place] = []
    private var firstPlace = 0
    private var nextSequence: UInt64 = 0
    private var cursor = 0
    private var concurrency: Int?
    private var lengthMax: Int
    private var trouble: StartTrouble?
    private var hasStarting = false
    private var isActivationRaised = false
    private var isClosed = false
    private var acceptingSince: UInt64 = 0
    private var integral = 0.0
    private var integratedUntil: UInt64

    private(set) var inFlight = 0
    private(set) var queued = 0
    private(set) var admitted: UInt64 = 0

    init(concurrency: Int?, lengthMax: Int, now: UInt64) {
        self.concurrency = concurrency
        self.lengthMax = lengthMax
        integratedUntil = now
    }

    /// Whether any replica takes invocations.
    var isAccepting: Bool { slots.contains { $0.map { $0.hasAccepted && !$0.isDraining && $0.isListed } ?? false } }

    /// Loop of the longest waiter: the connection that a first dial gets is best kept there.
    var firstWaiterLoop: Int? { places[firstPlace...].first { $0.waiter != nil }?.waiter?.loop }

    /// Why the function has no replica, where that is known and nothing is being started.
    var currentTrouble: StartTrouble? { trouble }

    /// A slot at once, a place in the queue, or a refusal.
    /// - Parameters:
    ///   - avoiding: a replica that has just failed; taken only where there is no other.
    ///   - sequence: an earlier place, for an invocation that comes back: it stands before all that came later.
    ///   - wallClock: seconds since 1970, for the trouble's next attempt.
    mutating func admit(
        _ waiter: Waiter, avoiding: ReplicaCell? = nil, sequence: UInt64? = nil, now: UInt64, wallClock: Double
    ) -> Admission {
        guard !isClosed else { return .closed }
        integrate(now)
        let number = sequence ?? nextSequence
        if sequence == nil {
            admitted &+= 1
            nextSequence &+= 1
        }
        // Nobody overtakes: only one who comes back may pass those who wait.
        if queued == 0 || sequence != nil, let grant = takeSlot(avoiding: avoiding) {
            return .granted(grant, sequence: number)
        }
        let isCold = !isAccepting
        if isCold, !hasStarting, let trouble, wallClock < trouble.nextAttempt { return .failed(trouble) }
        guard queued < lengthMax || sequence != nil else { return .full(limit: lengthMax) }
        insert(Place(sequence: number, waiter: waiter))
        queued += 1
        let activate = isCold && !isActivationRaised
        if activate { isActivationRaised = true }
        return .waiting(sequence: number, isCold: isCold, activate: activate)
    }

    /// Gives a slot back; the longest waiter gets it, if any may have it.
    mutating func finish(_ grant: Grant, now: UInt64) -> Wake? {
        integrate(now)
        release(grant)
        return wakeNext()
    }

    /// A waiter goes without having been granted a slot. `false`: it was granted one just now, which its loop must
    /// return.
    mutating func leave(_ sequence: UInt64, now: UInt64) -> Bool {
        guard let index = place(of: sequence), places[index].waiter != nil else { return false }
        integrate(now)
        places[index].waiter = nil
        queued -= 1
        if queued == 0 { isActivationRaised = false }
        trimPlaces()
        return true
    }

    /// A replica has accepted a connection: it takes invocations from now on.
    mutating func accepted(_ replica: ReplicaCell, now: UInt64) -> [Wake] {
        guard let position = position(of: replica), slots[position]?.isListed == true else { return [] }
        if !isAccepting { acceptingSince = now }
        slots[position]?.hasAccepted = true
        isActivationRaised = false
        return wakeAll(now: now)
    }

    /// A replica refused a connection or broke off: it takes nothing until it accepts again. `true`: it was accepting
    /// until now.
    mutating func refused(_ replica: ReplicaCell) -> Bool {
        guard let position = position(of: replica), let slot = slots[position], slot.hasAccepted else { return false }
        slots[position]?.hasAccepted = false
        return slot.isListed
    }

    /// The complete set of replicas. Those no longer listed finish what they have and take nothing new.
    /// - Returns: who is to be woken with a slot, and who must be told that the function cannot start.
    mutating func update(
        _ listed: [(cell: ReplicaCell, isDraining: Bool)], trouble: StartTrouble?, hasStarting: Bool, now: UInt64
    ) -> (wakes: [Wake], failed: [Waiter]) {
        let wasAccepting = isAccepting
        for index in slots.indices { slots[index]?.isListed = false }
        for (cell, isDraining) in listed {
            if let position = position(of: cell) {
                slots[position]?.isListed = true
                slots[position]?.isDraining = isDraining
            } else {
                var slot = Slot(replica: cell)
                slot.isDraining = isDraining
                place(slot)
            }
        }
        for index in slots.indices where slots[index]?.isListed == false && slots[index]?.inFlight == 0 {
            slots[index] = nil
        }
        let isNew =
            trouble != nil
            && (trouble?.attempts != self.trouble?.attempts || trouble?.revision != self.trouble?.revision)
        self.trouble = trouble
        self.hasStarting = hasStarting
        if !wasAccepting, isAccepting { acceptingSince = now }
        let wakes = wakeAll(now: now)
        if isAccepting { isActivationRaised = false }
        guard isNew, !hasStarting, !isAccepting else { return (wakes, []) }
        return (wakes, removeAllWaiters(now: now))
    }

    /// New limits of the function; more concurrency may free slots.
    mutating func update(concurrency: Int?, lengthMax: Int, now: UInt64) -> [Wake] {
        self.concurrency = concurrency
        self.lengthMax = lengthMax
        return wakeAll(now: now)
    }

    /// The function is gone: nobody is admitted any more.
    /// - Returns: everybody who waits, who must be told.
    mutating func close(now: UInt64) -> [Waiter] {
        isClosed = true
        for index in slots.indices { slots[index]?.isListed = false }
        return removeAllWaiters(now: now)
    }

    private mutating func removeAllWaiters(now: UInt64) -> [Waiter] {
        integrate(now)
        let waiters = places[firstPlace...].compactMap(\.waiter)
        places.removeAll()
        firstPlace = 0
        queued = 0
        isActivationRaised = false
        return waiters
    }

    /// What the function has in hand.
    mutating func load(now: UInt64) -> LoadReport.FunctionLoad {
        integrate(now)
        return LoadReport.FunctionLoad(
            inFlight: inFlight, queued: queued, wantsActivation: queued > 0 && !isAccepting, admitted: admitted,
            concurrencySeconds: integral)
    }

    /// What each replica has in hand.
    func currentReplicas() -> [(Replica.ID, LoadReport.ReplicaLoad)] {
        slots.compactMap { slot in
            slot.map { ($0.replica.id, .init(inFlight: $0.inFlight, isAccepting: $0.hasAccepted && $0.isListed)) }
        }
    }

    /// Numbers of the replicas that are listed and have not accepted a connection: they are to be dialled.
    func unaccepted() -> Set<Int> {
        Set(slots.compactMap { slot in slot.flatMap { $0.isListed && !$0.hasAccepted ? $0.replica.number : nil } })
    }

    /// Whether a replica that takes nothing new has nothing left.
    func isDrained(_ position: Int) -> Bool {
        guard let slot = slots[position] else { return true }
        return slot.inFlight == 0 && (slot.isDraining || !slot.isListed)
    }
}

extension InvocationQueue {
    private mutating func takeSlot(avoiding: ReplicaCell?) -> Grant? {
        let count = slots.count
        guard count > 0 else { return nil }
        cursor = cursor &+ 1 < count ? cursor &+ 1 : 0
        var best = -1
        var bestInFlight = concurrency ?? Int.max
        var index = cursor
        for _ in 0..<count {
            if let slot = slots[index], slot.hasAccepted, !slot.isDraining, slot.isListed, slot.inFlight < bestInFlight,
                slot.replica !== avoiding
            {
                best = index
                bestInFlight = slot.inFlight
                if bestInFlight == 0 { break }
            }
            index = index &+ 1 < count ? index &+ 1 : 0
        }
        guard best >= 0, let replica = slots[best]?.replica else {
            return avoiding == nil ? nil : takeSlot(avoiding: nil)
        }
        slots[best]?.inFlight += 1
        inFlight += 1
        return Grant(replica: replica, position: best, acceptingSince: acceptingSince)
    }

    private mutating func release(_ grant: Grant) {
        guard let slot = slots[grant.position], slot.replica === grant.replica, slot.inFlight > 0 else { return }
        slots[grant.position]?.inFlight -= 1
        inFlight -= 1
        if slot.inFlight == 1, !slot.isListed { slots[grant.position] = nil }
    }

    private mutating func wakeNext() -> Wake? {
        while firstPlace < places.count {
            guard let waiter = places[firstPlace].waiter else {
                firstPlace += 1
                continue
            }
            guard let grant = takeSlot(avoiding: nil) else { return nil }
            firstPlace += 1
            queued -= 1
            trimPlaces()
            return Wake(waiter: waiter, grant: grant)
        }
        return nil
    }

    private mutating func wakeAll(now: UInt64) -> [Wake] {
        integrate(now)
        var wakes: [Wake] = []
        while queued > 0, let wake = wakeNext() { wakes.append(wake) }
        return wakes
    }

    private mutating func insert(_ place: Place) {
        guard let last = places.last, last.sequence > place.sequence else {
            places.append(place)
            return
        }
        let index = places[firstPlace...].firstIndex { $0.sequence > place.sequence } ?? places.count
        places.insert(place, at: index)
    }

    /// Binary search: places are in the order of their sequence numbers.
    private func place(of sequence: UInt64) -> Int? {
        var low = firstPlace
        var high = places.count
        while low < high {
            let middle = (low + high) / 2
            if places[middle].sequence < sequence { low = middle + 1 } else { high = middle }
        }
        return low < places.count && places[low].sequence == sequence ? low : nil
    }

    /// Drops what is behind us once it outweighs what is ahead, so that each place is moved once on average.
    private mutating func trimPlaces() {
        if queued == 0 {
            places.removeAll(keepingCapacity: places.capacity <= 1024)
            firstPlace = 0
        } else if places.count > 2 * queued + 64 {
            places = places[firstPlace...].filter { $0.waiter != nil }
            firstPlace = 0
        }
    }

    private func position(of replica: ReplicaCell) -> Int? {
        slots.firstIndex { $0?.replica === replica }
    }

    private mutating func place(_ slot: Slot) {
        if let free = slots.firstIndex(where: { $0 == nil }) { slots[free] = slot } else { slots.append(slot) }
    }

    @inline(__always) private mutating func integrate(_ now: UInt64) {
        guard now > integratedUntil else { return }
        integral += Double(inFlight &+ queued) * Double(now &- integratedUntil) / 1e9
        integratedUntil = now
    }
}
