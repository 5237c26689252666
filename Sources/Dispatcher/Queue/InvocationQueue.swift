import F2SModel

/// Admission and waiting of one function, exact for the whole process.
///
/// Pure: no I/O, no clock, no lock. The caller holds the function's `Mutex`, passes `now`, and performs what is
/// returned after the lock is released. Invariant: while somebody waits, there is no slot that may be granted; so slots
/// are granted in the order of admission.
struct InvocationQueue {
    /// What may be in hand at once, and how fast it may come.
    struct Bounds: Sendable {
        /// Invocations at once of each replica; `nil`: no limit.
        var concurrency: Int?
        /// Invocations at once of all replicas together; `nil`: no limit.
        var inFlight: Int?
        /// Invocations that may wait.
        var queued: Int
        /// How fast each caller may begin invocations; `nil`: no limit.
        var rate: CallerRate?
    }

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
        /// The caller begins invocations too fast; the next one is let in after so long.
        case limited(retryAfterNanoseconds: UInt64)
        /// In a box of its own: the answer that every invocation gets stays small.
        indirect case failed(StartTrouble)
        /// The function is gone; its caller has an old table still.
        case closed
        /// Slots are granted elsewhere; its caller has an old table still.
        case moved
    }

    private enum Access { case open, moved, closed }

    /// What a replica has in hand and whether it takes more. Plain numbers: looking for the least busy one touches no
    /// reference count.
    private struct Slot {
        var inFlight = 0
        var hasAccepted = false
        var isDraining = false
        var isListed = true
        /// Of those in flight, the abandoned ones that the replica did not finish in time. It takes nothing any more.
        var unfinished = 0

        var takes: Bool { hasAccepted && isListed && !isDraining && unfinished == 0 }
        /// Those that are still expected to end.
        var expected: Int { inFlight &- unfinished }
    }

    /// Positions are stable while a replica has invocations in flight; a freed one is used again.
    private var slots: [Slot] = []
    /// Whose slot it is, by position; `nil`: nobody's, and the slot is not listed.
    private var replicas: [ReplicaCell?] = []
    private var line = WaitingLine()
    private var nextSequence: UInt64 = 0
    private var cursor = 0
    private var bounds: Bounds
    private var buckets: TokenBuckets?
    /// In a box of its own: it is rare, and large.
    private var trouble: Boxed<StartTrouble>?
    private var hasStarting = false
    private var isActivationRaised = false
    private var access = Access.open
    private var acceptingSince: UInt64 = 0
    private var integral = 0.0
    private var integratedUntil: UInt64

    private(set) var inFlight = 0
    private(set) var admitted: UInt64 = 0
    /// Whether ``ActiveFunctions`` lists the function.
    var isListed = false

    init(_ bounds: Bounds, now: UInt64) {
        self.bounds = bounds
        buckets = bounds.rate.map { TokenBuckets($0) }
        integratedUntil = now
    }

    /// Those who wait.
    var queued: Int { line.count }

    /// Whether any replica takes invocations.
    var isAccepting: Bool { slots.contains { $0.takes } }

    /// Loop of the longest waiter: the connection that a first dial gets is best kept there.
    var firstWaiterLoop: Int? { line.first?.loop }

    /// Whether the platform lists a replica that may take invocations soon: none has to be asked for.
    var isStarting: Bool { hasStarting }

    /// Why the function has no replica, where that is known and nothing is being started.
    var currentTrouble: StartTrouble? { trouble?.wrappedValue }

    /// A slot at once, a place in the queue, or a refusal.
    /// - Parameters:
    ///   - principal: who calls, as ``TokenBuckets/take(_:now:)`` wants it; `nil`: no rate is kept to. It is looked at
    ///     where a rate is declared only, and who comes back has paid already.
    ///   - avoiding: a replica that has just failed; taken only where there is no other.
    ///   - sequence: an earlier place, for an invocation that comes back: it stands before all that came later.
    ///   - isMoved: whether it waited in another queue of the function until now: the bound does not concern it.
    ///   - wallClock: seconds since 1970, for the trouble's next attempt.
    mutating func admit(
        _ waiter: Waiter, from principal: UInt64? = nil, avoiding: ReplicaCell? = nil, sequence: UInt64? = nil,
        isMoved: Bool = false, now: UInt64, wallClock: Double
    ) -> Admission {
        guard access == .open else { return access == .closed ? .closed : .moved }
        if sequence == nil, let principal, case .refused(let wait)? = buckets?.take(principal, now: now) {
            return .limited(retryAfterNanoseconds: wait)
        }
        integrate(now)
        let number = sequence ?? nextSequence
        if sequence == nil {
            admitted &+= 1
            nextSequence &+= 1
        }
        // Nobody overtakes: only one who comes back may pass those who wait.
        if line.isEmpty || sequence != nil, let grant = takeSlot(avoiding: avoiding) {
            return .granted(grant, sequence: number)
        }
        let isCold = !isAccepting
        if isCold, !hasStarting, let trouble = currentTrouble, wallClock < trouble.nextAttempt {
            return .failed(trouble)
        }
        guard queued < bounds.queued || sequence != nil || isMoved else { return .full(limit: bounds.queued) }
        line.insert(waiter, sequence: number)
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

    /// An abandoned invocation did not end in time. Its slot is never granted again: it counts until its replica is no
    /// longer listed, and the replica takes nothing in the meantime.
    mutating func giveUp(_ grant: Grant, now: UInt64) -> Wake? {
        let position = grant.position
        guard replicas[position] === grant.replica, slots[position].isListed else { return finish(grant, now: now) }
        slots[position].unfinished += 1
        return nil
    }

    /// A waiter goes without having been granted a slot. `false`: it was granted one just now, which its loop must
    /// return.
    mutating func leave(_ sequence: UInt64, now: UInt64) -> Bool {
        integrate(now)
        guard line.remove(sequence: sequence) else { return false }
        if line.isEmpty { isActivationRaised = false }
        return true
    }

    /// A replica has accepted a connection: it takes invocations from now on.
    mutating func accepted(_ replica: ReplicaCell, now: UInt64) -> [Wake] {
        guard let position = position(of: replica), slots[position].isListed else { return [] }
        if !isAccepting { acceptingSince = now }
        slots[position].hasAccepted = true
        if isAccepting { isActivationRaised = false }
        return wakeAll(now: now)
    }

    /// A replica refused a connection or broke off: it takes nothing until it accepts again. `true`: it was accepting
    /// until now.
    mutating func refused(_ replica: ReplicaCell) -> Bool {
        guard let position = position(of: replica), slots[position].hasAccepted else { return false }
        slots[position].hasAccepted = false
        return slots[position].isListed
    }

    /// The complete set of replicas. Those no longer listed finish what they have and take nothing new.
    /// - Returns: who is to be woken with a slot, and who must be told that the function cannot start.
    mutating func update(
        _ listed: [(cell: ReplicaCell, isDraining: Bool)], trouble: StartTrouble?, hasStarting: Bool, now: UInt64
    ) -> (wakes: [Wake], failed: [Waiter]) {
        let wasAccepting = isAccepting
        for position in slots.indices { slots[position].isListed = false }
        for (cell, isDraining) in listed {
            let position = position(of: cell) ?? newPosition(for: cell)
            slots[position].isListed = true
            slots[position].isDraining = isDraining
        }
        for position in slots.indices where !slots[position].isListed { unlist(position, now) }
        let earlier = currentTrouble
        let isNew =
            trouble != nil && (trouble?.attempts != earlier?.attempts || trouble?.revision != earlier?.revision)
        self.trouble = trouble.map { Boxed(wrappedValue: $0) }
        self.hasStarting = hasStarting
        if !wasAccepting, isAccepting { acceptingSince = now }
        let wakes = wakeAll(now: now)
        if isAccepting { isActivationRaised = false }
        guard isNew, !hasStarting, !isAccepting else { return (wakes, []) }
        return (wakes, removeAllWaiters(now: now))
    }

    /// New bounds; wider ones may free slots. A rate that has changed begins with full buckets.
    mutating func update(_ bounds: Bounds, now: UInt64) -> [Wake] {
        if bounds.rate != self.bounds.rate { buckets = bounds.rate.map { TokenBuckets($0) } }
        self.bounds = bounds
        return wakeAll(now: now)
    }

    /// The function is gone: nothing is admitted until ``reopen()``. What its replicas have in flight still counts.
    /// - Returns: everybody who waits, who must be told.
    mutating func close(now: UInt64) -> [Waiter] {
        access = .closed
        return removeAllWaiters(now: now)
    }

    /// The function is declared again while its replicas still have work of its earlier life. `false`: they have none.
    mutating func reopen() -> Bool {
        if inFlight > 0 { access = .open }
        return inFlight > 0
    }

    /// All replicas but these are gone, with whatever they did not finish in time.
    mutating func keep(only replicas: [ReplicaCell], now: UInt64) {
        for position in slots.indices {
            guard let replica = self.replicas[position], !replicas.contains(where: { $0 === replica }) else { continue }
            unlist(position, now)
        }
    }

    /// Slots are granted elsewhere: nobody is admitted here until ``comeBack()``.
    /// - Returns: everybody who waits, who belongs there.
    mutating func moveAway(now: UInt64) -> [Waiter] {
        guard access == .open else { return [] }
        access = .moved
        return removeAllWaiters(now: now)
    }

    /// Slots are granted here again.
    mutating func comeBack() {
        if access == .moved { access = .open }
    }

    private mutating func removeAllWaiters(now: UInt64) -> [Waiter] {
        integrate(now)
        isActivationRaised = false
        return line.removeAll()
    }

    /// Whether the function is deleted.
    var isClosed: Bool { access == .closed }

    /// What the function has in hand.
    mutating func load(now: UInt64) -> LoadReport.FunctionLoad {
        integrate(now)
        return LoadReport.FunctionLoad(
            inFlight: inFlight, queued: queued, wantsActivation: queued > 0 && !isAccepting, admitted: admitted,
            concurrencySeconds: integral)
    }

    /// What each replica has in hand.
    func currentReplicas() -> [(ReplicaCell, LoadReport.ReplicaLoad)] {
        zip(replicas, slots).compactMap { replica, slot in
            replica.map { replica in
                let isUnresponsive = slot.unfinished > 0
                let isAccepting = slot.hasAccepted && slot.isListed && !isUnresponsive && access != .closed
                return (
                    replica,
                    .init(inFlight: slot.expected, isAccepting: isAccepting, isUnresponsive: isUnresponsive)
                )
            }
        }
    }

    /// Numbers of the replicas that are listed and have not accepted a connection: they are to be dialled.
    func unaccepted() -> Set<Int> {
        Set(
            zip(replicas, slots).compactMap { replica, slot in
                slot.isListed && !slot.hasAccepted ? replica?.number : nil
            })
    }

    /// Whether a replica that takes nothing new has nothing left.
    func isDrained(_ position: Int) -> Bool {
        let slot = slots[position]
        return slot.expected == 0 && (slot.isDraining || !slot.isListed || access == .closed)
    }
}

extension InvocationQueue {
    private mutating func takeSlot(avoiding: ReplicaCell? = nil) -> Grant? {
        guard inFlight < bounds.inFlight ?? .max else { return nil }
        let avoided = avoiding.flatMap { position(of: $0) }
        var best = leastBusy(except: avoided)
        if best == nil, avoided != nil { best = leastBusy(except: nil) }
        guard let position = best, let replica = replicas[position] else { return nil }
        slots[position].inFlight += 1
        inFlight += 1
        return Grant(replica: replica, position: position, acceptingSince: acceptingSince)
    }

    /// The replica with the fewest invocations of those that have a slot to give. Of several the first behind the last
    /// one that was taken, so that they take turns.
    private mutating func leastBusy(except avoided: Int?) -> Int? {
        let count = slots.count
        guard count > 0 else { return nil }
        cursor = cursor &+ 1 < count ? cursor &+ 1 : 0
        var best: Int?
        var bestInFlight = bounds.concurrency ?? Int.max
        var position = cursor
        for _ in 0..<count {
            let slot = slots[position]
            if slot.takes, slot.inFlight < bestInFlight, position != avoided {
                best = position
                bestInFlight = slot.inFlight
                if bestInFlight == 0 { break }
            }
            position = position &+ 1 < count ? position &+ 1 : 0
        }
        return best
    }

    private mutating func release(_ grant: Grant) {
        let position = grant.position
        guard replicas[position] === grant.replica, slots[position].inFlight > 0 else { return }
        slots[position].inFlight -= 1
        inFlight -= 1
        freeIfDone(position)
    }

    /// A replica that is gone keeps its position until its last invocation has ended.
    private mutating func freeIfDone(_ position: Int) {
        if slots[position].inFlight == 0, !slots[position].isListed { replicas[position] = nil }
    }

    private mutating func unlist(_ position: Int, _ now: UInt64) {
        slots[position].isListed = false
        forgetUnfinished(position, now)
        freeIfDone(position)
    }

    /// A replica that is gone has ended with all that it had.
    private mutating func forgetUnfinished(_ position: Int, _ now: UInt64) {
        integrate(now)
        inFlight -= slots[position].unfinished
        slots[position].inFlight -= slots[position].unfinished
        slots[position].unfinished = 0
    }

    private mutating func wakeNext() -> Wake? {
        guard let waiter = line.first, let grant = takeSlot() else { return nil }
        line.removeFirst()
        return Wake(waiter: waiter, grant: grant)
    }

    private mutating func wakeAll(now: UInt64) -> [Wake] {
        integrate(now)
        var wakes: [Wake] = []
        while let wake = wakeNext() { wakes.append(wake) }
        return wakes
    }

    private func position(of replica: ReplicaCell) -> Int? {
        replicas.firstIndex { $0 === replica }
    }

    private mutating func newPosition(for replica: ReplicaCell) -> Int {
        if let free = replicas.firstIndex(where: { $0 == nil }) {
            replicas[free] = replica
            slots[free] = Slot()
            return free
        }
        replicas.append(replica)
        slots.append(Slot())
        return slots.count - 1
    }

    @inline(__always) private mutating func integrate(_ now: UInt64) {
        guard now > integratedUntil else { return }
        integral += Double(inFlight &+ queued) * Double(now &- integratedUntil) / 1e9
        integratedUntil = now
    }
}
