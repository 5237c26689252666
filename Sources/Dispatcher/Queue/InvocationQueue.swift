import F2SModel

/// Grants slots to the invocations of one function and lets them wait, exactly for the whole process.
///
/// Pure: no I/O, no clock, no lock. The caller holds the function's `Mutex`, passes `now`, and performs the returned
/// actions after the lock is released. Invariant: while an invocation waits, there is no slot that may be granted.
/// Slots are therefore granted in the order of admission.
struct InvocationQueue {
    /// The limits of invocations at a time, and of their rate.
    struct Bounds: Sendable {
        /// The most invocations at a time on each replica; `nil` for no limit.
        var concurrency: Int?
        /// The most invocations at a time on all replicas together; `nil` for no limit.
        var inFlight: Int?
        /// The most invocations that may wait.
        var queued: Int
        /// The rate at which each caller may begin invocations; `nil` for no limit.
        var rate: CallerRate?
    }

    /// The location of a waiting invocation: its loop, its entry in the loop's table, and the use of that entry.
    struct Waiter: Equatable, Sendable {
        let loop: Int
        let entry: Int
        let generation: UInt64
    }

    /// The right to run one invocation on one replica. It is returned exactly once, by ``finish(_:now:)`` or, for an
    /// invocation that did not end, by ``giveUp(_:now:)``.
    struct SlotLease: Sendable {
        let replica: ReplicaHandle
        let position: Int
        /// The time at which replicas began to accept invocations after there was none. Until then an invocation waited
        /// for a start.
        let acceptingSince: UInt64
    }

    /// A slot lease for a waiting invocation, possibly on another loop.
    struct SlotHandoff: Sendable {
        let waiter: Waiter
        let lease: SlotLease
    }

    /// The reaction to an invocation. `sequence` is the invocation's number in the order of arrival. It identifies the
    /// invocation in ``leave(_:now:)`` and restores its position if it returns to the queue.
    enum Verdict: Sendable {
        case granted(SlotLease, sequence: UInt64)
        /// The invocation waits. `isCold`: no replica accepts invocations. `activate`: the caller raises the signal,
        /// because this is the first invocation that waits for a cold function.
        case waiting(sequence: UInt64, isCold: Bool, activate: Bool)
        case queueFull(limit: Int)
        /// The caller exceeds its rate. Its next invocation is admitted after this time.
        case rateExceeded(retryAfterNanoseconds: UInt64)
        /// Boxed, so that every verdict stays small.
        indirect case failed(StartFailure)
        /// The function is deleted; the invocation was routed by an old table.
        case closed
        /// Another queue grants the slots; the invocation was routed by an old table.
        case moved
    }

    private enum Access { case open, moved, closed }

    /// The invocations of a replica, and its ability to accept more. Plain numbers: the search for the least busy
    /// replica touches no reference count.
    private struct Slot {
        var inFlight = 0
        var hasAccepted = false
        var isDraining = false
        var isListed = true
        /// The abandoned invocations among those in flight that the replica did not finish in time. If there are any,
        /// the replica gets no further invocations.
        var unfinished = 0

        var takes: Bool { hasAccepted && isListed && !isDraining && unfinished == 0 }
        /// The invocations in flight that are still expected to end.
        var expected: Int { inFlight &- unfinished }
    }

    /// The slots by position. A position is stable while its replica has invocations in flight; a free one is reused.
    private var slots: [Slot] = []
    /// The replica of each slot, by position; `nil` if the position is free, and its slot is not listed.
    private var replicas: [ReplicaHandle?] = []
    private var line = WaitQueue()
    private var nextSequence: UInt64 = 0
    private var cursor = 0
    private var bounds: Bounds
    private var buckets: TokenBuckets?
    /// Boxed, because it is rare and large.
    private var startFailure: Boxed<StartFailure>?
    private var hasStarting = false
    private var isActivationRaised = false
    private var access = Access.open
    private var acceptingSince: UInt64 = 0
    private var integral = 0.0
    private var integratedUntil: UInt64

    private(set) var inFlight = 0
    private(set) var admitted: UInt64 = 0
    /// True if ``ActiveFunctions`` lists the function.
    var isListed = false

    init(_ bounds: Bounds, now: UInt64) {
        self.bounds = bounds
        buckets = bounds.rate.map { TokenBuckets($0) }
        integratedUntil = now
    }

    /// The number of waiting invocations.
    var queued: Int { line.count }

    /// True if any replica accepts invocations.
    var isAccepting: Bool { slots.contains { $0.takes } }

    /// The loop of the invocation that has waited longest. The connection of a successful first dial is best kept
    /// there.
    var firstWaiterLoop: Int? { line.first?.loop }

    /// True if the platform lists a replica that may accept invocations soon, so that none has to be requested.
    var isStarting: Bool { hasStarting }

    /// The start failure of the function; `nil` if there is none.
    var currentStartFailure: StartFailure? { startFailure?.wrappedValue }

    /// Grants a slot at once, lets the invocation wait, or rejects it.
    /// - Parameters:
    ///   - rateKey: The caller, as ``TokenBuckets/consumeToken(_:now:)`` expects it; `nil` if no rate applies. It is
    ///     used only if a rate is declared, and not for an invocation that returns to the queue, which has already
    ///     paid.
    ///   - avoiding: A replica that has just failed; it is used only if there is no other one.
    ///   - sequence: The earlier number of an invocation that returns to the queue. It precedes all that came later.
    ///   - isMoved: True if the invocation waited in another queue of the function until now. The limit of waiting
    ///     invocations does not apply to it.
    ///   - wallClock: Seconds since 1970, for comparison with the next attempt of the start failure.
    mutating func admit(
        _ waiter: Waiter, from rateKey: UInt64? = nil, avoiding: ReplicaHandle? = nil, sequence: UInt64? = nil,
        isMoved: Bool = false, now: UInt64, wallClock: Double
    ) -> Verdict {
        guard access == .open else { return access == .closed ? .closed : .moved }
        if sequence == nil, let rateKey, case .refused(let wait)? = buckets?.consumeToken(rateKey, now: now) {
            return .rateExceeded(retryAfterNanoseconds: wait)
        }
        integrate(now)
        let number = sequence ?? nextSequence
        if sequence == nil {
            admitted &+= 1
            nextSequence &+= 1
        }
        // No invocation overtakes waiting ones, except one that returns to the queue.
        if line.isEmpty || sequence != nil, let lease = leaseSlot(avoiding: avoiding) {
            return .granted(lease, sequence: number)
        }
        let isCold = !isAccepting
        if isCold, !hasStarting, let startFailure = currentStartFailure, wallClock < startFailure.nextAttempt {
            return .failed(startFailure)
        }
        guard queued < bounds.queued || sequence != nil || isMoved else { return .queueFull(limit: bounds.queued) }
        line.insert(waiter, sequence: number)
        let activate = isCold && !isActivationRaised
        if activate { isActivationRaised = true }
        return .waiting(sequence: number, isCold: isCold, activate: activate)
    }

    /// Returns a slot. The invocation that has waited longest gets it, if a slot may be granted.
    mutating func finish(_ lease: SlotLease, now: UInt64) -> SlotHandoff? {
        integrate(now)
        release(lease)
        return handOffNext()
    }

    /// Gives up an abandoned invocation that did not end in time. Its slot is never granted again: it counts until its
    /// replica is no longer listed, and the replica gets no invocations in the meantime.
    mutating func giveUp(_ lease: SlotLease, now: UInt64) -> SlotHandoff? {
        let position = lease.position
        guard replicas[position] === lease.replica, slots[position].isListed else { return finish(lease, now: now) }
        slots[position].unfinished += 1
        return nil
    }

    /// Removes a waiting invocation.
    /// - Returns: False if it no longer waits: it has just been granted a slot, which its loop must return.
    mutating func leave(_ sequence: UInt64, now: UInt64) -> Bool {
        integrate(now)
        guard line.remove(sequence: sequence) else { return false }
        if line.isEmpty { isActivationRaised = false }
        return true
    }

    /// Records that a replica has accepted a connection. From now on it gets invocations.
    mutating func accepted(_ replica: ReplicaHandle, now: UInt64) -> [SlotHandoff] {
        guard let position = position(of: replica), slots[position].isListed else { return [] }
        if !isAccepting { acceptingSince = now }
        slots[position].hasAccepted = true
        if isAccepting { isActivationRaised = false }
        return handOffAll(now: now)
    }

    /// Records that a replica rejected a connection or broke one off. It gets no invocations until it accepts again.
    /// - Returns: True if the replica was accepting until now.
    mutating func refused(_ replica: ReplicaHandle) -> Bool {
        guard let position = position(of: replica), slots[position].hasAccepted else { return false }
        slots[position].hasAccepted = false
        return slots[position].isListed
    }

    /// Replaces the set of replicas. Those that are no longer listed finish their invocations and get no new ones.
    /// - Returns: The slots for waiting invocations, and the invocations that must fail because the function cannot
    ///   start.
    mutating func update(
        _ listed: [(handle: ReplicaHandle, isDraining: Bool)], startFailure: StartFailure?, hasStarting: Bool,
        now: UInt64
    ) -> (handoffs: [SlotHandoff], failed: [Waiter]) {
        let wasAccepting = isAccepting
        for position in slots.indices { slots[position].isListed = false }
        for (handle, isDraining) in listed {
            let position = position(of: handle) ?? newPosition(for: handle)
            slots[position].isListed = true
            slots[position].isDraining = isDraining
        }
        for position in slots.indices where !slots[position].isListed { unlist(position, now) }
        let earlier = currentStartFailure
        let isNew =
            startFailure != nil
            && (startFailure?.attempts != earlier?.attempts || startFailure?.revision != earlier?.revision)
        self.startFailure = startFailure.map { Boxed(wrappedValue: $0) }
        self.hasStarting = hasStarting
        if !wasAccepting, isAccepting { acceptingSince = now }
        let handoffs = handOffAll(now: now)
        if isAccepting { isActivationRaised = false }
        guard isNew, !hasStarting, !isAccepting else { return (handoffs, []) }
        return (handoffs, removeAllWaiters(now: now))
    }

    /// Replaces the bounds. Wider ones may free slots. A rate that has changed begins with full buckets.
    mutating func update(_ bounds: Bounds, now: UInt64) -> [SlotHandoff] {
        if bounds.rate != self.bounds.rate { buckets = bounds.rate.map { TokenBuckets($0) } }
        self.bounds = bounds
        return handOffAll(now: now)
    }

    /// Closes the queue of a deleted function: nothing is admitted until ``reopen()``. The invocations in flight on its
    /// replicas still count.
    /// - Returns: All waiting invocations, which must fail.
    mutating func close(now: UInt64) -> [Waiter] {
        access = .closed
        return removeAllWaiters(now: now)
    }

    /// Reopens the queue of a function that is declared again while its replicas still have earlier invocations.
    /// - Returns: False if they have none.
    mutating func reopen() -> Bool {
        if inFlight > 0 { access = .open }
        return inFlight > 0
    }

    /// Removes all replicas but these, with the invocations that they did not finish in time.
    mutating func keep(only replicas: [ReplicaHandle], now: UInt64) {
        for position in slots.indices {
            guard let replica = self.replicas[position], !replicas.contains(where: { $0 === replica }) else { continue }
            unlist(position, now)
        }
    }

    /// Closes the queue because another queue grants the slots: nothing is admitted here until ``comeBack()``.
    /// - Returns: All waiting invocations, which must move to the other queue.
    mutating func moveAway(now: UInt64) -> [Waiter] {
        guard access == .open else { return [] }
        access = .moved
        return removeAllWaiters(now: now)
    }

    /// Reopens the queue because it grants the slots again.
    mutating func comeBack() {
        if access == .moved { access = .open }
    }

    private mutating func removeAllWaiters(now: UInt64) -> [Waiter] {
        integrate(now)
        isActivationRaised = false
        return line.removeAll()
    }

    /// True if the function is deleted.
    var isClosed: Bool { access == .closed }

    /// Returns the load of the function.
    mutating func load(now: UInt64) -> LoadReport.FunctionLoad {
        integrate(now)
        return LoadReport.FunctionLoad(
            inFlight: inFlight, queued: queued, wantsActivation: queued > 0 && !isAccepting, admitted: admitted,
            concurrencySeconds: integral)
    }

    /// Returns the load of each replica.
    func currentReplicas() -> [(ReplicaHandle, LoadReport.ReplicaLoad)] {
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

    /// Returns the numbers of the replicas that are listed and have not accepted a connection. They must be dialled.
    func unaccepted() -> Set<Int> {
        Set(
            zip(replicas, slots).compactMap { replica, slot in
                slot.isListed && !slot.hasAccepted ? replica?.number : nil
            })
    }

    /// Returns true if a replica that gets no new invocations has none left.
    func isDrained(_ position: Int) -> Bool {
        let slot = slots[position]
        return slot.expected == 0 && (slot.isDraining || !slot.isListed || access == .closed)
    }
}

extension InvocationQueue {
    private mutating func leaseSlot(avoiding: ReplicaHandle? = nil) -> SlotLease? {
        guard inFlight < bounds.inFlight ?? .max else { return nil }
        let avoided = avoiding.flatMap { position(of: $0) }
        var best = leastBusy(except: avoided)
        if best == nil, avoided != nil { best = leastBusy(except: nil) }
        guard let position = best, let replica = replicas[position] else { return nil }
        slots[position].inFlight += 1
        inFlight += 1
        return SlotLease(replica: replica, position: position, acceptingSince: acceptingSince)
    }

    /// Returns the position of the replica with the fewest invocations among those that have a free slot. Each search
    /// begins one position further, so that equal replicas take turns.
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

    private mutating func release(_ lease: SlotLease) {
        let position = lease.position
        guard replicas[position] === lease.replica, slots[position].inFlight > 0 else { return }
        slots[position].inFlight -= 1
        inFlight -= 1
        freeIfDone(position)
    }

    /// Frees the position of a replica that is gone, once its last invocation has ended.
    private mutating func freeIfDone(_ position: Int) {
        if slots[position].inFlight == 0, !slots[position].isListed { replicas[position] = nil }
    }

    private mutating func unlist(_ position: Int, _ now: UInt64) {
        slots[position].isListed = false
        forgetUnfinished(position, now)
        freeIfDone(position)
    }

    /// Removes the unfinished invocations of a replica that is gone: they have ended with it.
    private mutating func forgetUnfinished(_ position: Int, _ now: UInt64) {
        integrate(now)
        inFlight -= slots[position].unfinished
        slots[position].inFlight -= slots[position].unfinished
        slots[position].unfinished = 0
    }

    private mutating func handOffNext() -> SlotHandoff? {
        guard let waiter = line.first, let lease = leaseSlot() else { return nil }
        line.removeFirst()
        return SlotHandoff(waiter: waiter, lease: lease)
    }

    private mutating func handOffAll(now: UInt64) -> [SlotHandoff] {
        integrate(now)
        var handoffs: [SlotHandoff] = []
        while let handoff = handOffNext() { handoffs.append(handoff) }
        return handoffs
    }

    private func position(of replica: ReplicaHandle) -> Int? {
        replicas.firstIndex { $0 === replica }
    }

    private mutating func newPosition(for replica: ReplicaHandle) -> Int {
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
