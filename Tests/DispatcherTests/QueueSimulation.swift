import F2SModel

@testable import F2SDispatcher

/// A random simulation of a queue beside a simple model of it, to which the queue is compared after each step.
struct QueueSimulation {
    private enum Fate { case waiting, granted }

    private struct Invocation {
        let sequence: UInt64
        var fate: Fate
        var lease: InvocationQueue.SlotLease?
    }

    private struct Replica {
        let handle: ReplicaHandle
        var isListed = true
        var isDraining = false
        var isAccepting = false
        var inFlight = 0

        var takes: Bool { isListed && !isDraining && isAccepting }

        func hasCapacity(_ bounds: InvocationQueue.Bounds) -> Bool { takes && inFlight < bounds.concurrency ?? .max }
    }

    private var generator: SplitMix64
    private var queue: InvocationQueue
    private var bounds: InvocationQueue.Bounds
    private var now: UInt64 = 1_000_000_000
    private var replicas: [Int: Replica] = [:]
    private var invocations: [Int: Invocation] = [:]
    /// The numbers of the waiting invocations, ordered by their sequence.
    private var waiting: [Int] = []
    private var granted: [Int] = []
    private var buckets: [UInt64: PlainBucket] = [:]
    private var nextInvocation = 0
    private var nextReplica = 0
    private var attempts = 0
    private var startFailure: StartFailure?
    private var admitted: UInt64 = 0
    /// The number of activations since an invocation began to wait for a first replica.
    private var activationsOfThisWait = 0
    private var nanosecondsInHand: UInt64 = 0
    private(set) var counts = Counts()

    init(seed: UInt64) throws {
        generator = SplitMix64(seed: seed &* 1000)
        let concurrency = [nil, 1, 3].randomElement(using: &generator) ?? nil
        bounds = InvocationQueue.Bounds(concurrency: concurrency, queued: 40)
        queue = InvocationQueue(bounds, now: now)
        for _ in 0..<2 { try addReplica() }
    }

    mutating func step() throws {
        let time = 1000 * UInt64.random(in: 0...3, using: &generator)
        now += time
        nanosecondsInHand += time * UInt64(granted.count + waiting.count)
        switch Int.random(in: 0..<200, using: &generator) {
        case 0..<76: try admit()
        case 76..<150: try finishOne()
        case 150..<160: try leave()
        case 160..<170: try comeBackOne()
        case 170..<182: try accept()
        case 182..<184: refuse()
        case 184..<189: try addReplica()
        case 189..<191: try drain()
        case 191: try unlist()
        case 192: try die()
        case 193..<197: try changeBounds()
        default: try changeStartFailure()
        }
    }

    // MARK: Events

    private mutating func admit() throws {
        let number = nextInvocation
        nextInvocation += 1
        let callers: [UInt64?] = [nil, 0, 1, 2, .max]
        let rateKey = callers.randomElement(using: &generator) ?? nil
        let wait = pay(rateKey)
        if wait == nil { admitted += 1 }
        switch queue.admit(waiter(number), from: rateKey, now: now, wallClock: 0) {
        case .granted(let lease, let sequence):
            try require(waiting.isEmpty, "a newcomer overtook the waiters")
            invocations[number] = Invocation(sequence: sequence, fate: .waiting)
            try give(lease, to: number)
        case .waiting(let sequence, let isCold, let activate):
            try require(waiting.count < bounds.queued, "\(waiting.count + 1) waiters of at most \(bounds.queued)")
            invocations[number] = Invocation(sequence: sequence, fate: .waiting)
            try enqueue(number, isCold, activate)
        case .queueFull(let limit):
            try require(limit == bounds.queued && waiting.count >= limit, "full with \(waiting.count) waiters")
            counts.full += 1
        case .rateExceeded(let told):
            try require(told == wait, "limited for \(told) ns, not \(wait ?? 0)")
            counts.limited += 1
            return
        case .failed:
            try require(startFailure != nil && !isAccepting, "failed without a start failure")
            counts.failed += 1
        case .closed, .moved: throw Late(description: "closed")
        }
        try require(wait == nil, "admitted, although the next token comes in \(wait ?? 0) ns")
    }

    private mutating func finishOne() throws {
        guard let number = granted.randomElement(using: &generator) else { return }
        try release(number)
        invocations[number] = nil
    }

    private mutating func leave() throws {
        guard let number = waiting.randomElement(using: &generator), let invocation = invocations[number] else {
            return
        }
        try require(queue.leave(invocation.sequence, now: now), "a waiter is unknown")
        try require(!queue.leave(invocation.sequence, now: now), "a waiter left twice")
        waiting.removeAll { $0 == number }
        invocations[number] = nil
        counts.left += 1
    }

    private mutating func comeBackOne() throws {
        if let number = granted.randomElement(using: &generator) { try comeBack(number) }
    }

    /// An invocation with a failed connection returns its slot and is admitted again at its old position. It uses no
    /// token.
    private mutating func comeBack(_ number: Int) throws {
        let invocation = try invocations[number].orThrow()
        let avoided = invocation.lease?.replica
        try release(number)
        counts.cameBack += 1
        let admission = queue.admit(
            waiter(number), from: 1, avoiding: avoided, sequence: invocation.sequence, now: now, wallClock: 0)
        switch admission {
        case .granted(let lease, let sequence):
            try require(sequence == invocation.sequence, "its position has changed")
            let hasOther = replicas.values.contains { [bounds] in $0.handle !== avoided && $0.hasCapacity(bounds) }
            try require(lease.replica !== avoided || !hasOther, "sent to the replica that has just failed")
            try give(lease, to: number, avoiding: avoided)
        case .waiting(let sequence, let isCold, let activate):
            try require(sequence == invocation.sequence, "its position has changed")
            try enqueue(number, isCold, activate)
        case .failed: invocations[number] = nil
        case .queueFull, .rateExceeded, .closed, .moved: throw Late(description: "a retry was rejected")
        }
    }

    private mutating func accept() throws {
        guard let number = anyReplica(), let replica = replicas[number] else { return }
        if replica.isListed { replicas[number]?.isAccepting = true }
        try handoff(queue.accepted(replica.handle, now: now))
    }

    private mutating func refuse() {
        guard let number = anyReplica(), let replica = replicas[number] else { return }
        _ = queue.refused(replica.handle)
        replicas[number]?.isAccepting = false
    }

    private mutating func addReplica() throws {
        guard replicas.values.count(where: \.isListed) < 4 else { return }
        replicas[nextReplica] = Replica(handle: try .sample(nextReplica))
        nextReplica += 1
        try tellReplicas()
    }

    private mutating func drain() throws {
        guard let number = anyReplica() else { return }
        replicas[number]?.isDraining.toggle()
        try tellReplicas()
    }

    private mutating func unlist() throws {
        guard let number = anyReplica() else { return }
        replicas[number]?.isListed = false
        try tellReplicas()
    }

    /// A replica fails. Its invocations end or are retried, and the platform removes it last.
    private mutating func die() throws {
        guard let number = anyReplica() else { return }
        _ = queue.refused(try replicas[number].orThrow().handle)
        replicas[number]?.isAccepting = false
        for invocation in granted where invocations[invocation]?.lease?.replica.number == number {
            if Bool.random(using: &generator) {
                try comeBack(invocation)
            } else {
                try release(invocation)
                invocations[invocation] = nil
            }
        }
        counts.deaths += 1
        guard replicas[number] != nil else { return }
        replicas[number]?.isListed = false
        try tellReplicas()
    }

    private mutating func changeBounds() throws {
        bounds.concurrency = [nil, 1, 2, 3].randomElement(using: &generator) ?? nil
        bounds.inFlight = [nil, 1, 2, 4, 6].randomElement(using: &generator) ?? nil
        bounds.queued = [0, 3, 40, 40].randomElement(using: &generator) ?? 40
        if Bool.random(using: &generator) {
            let rates = [nil, CallerRate(perSecond: 100_000, burst: 1), CallerRate(perSecond: 30_000, burst: 3)]
            let rate = rates.randomElement(using: &generator) ?? nil
            if rate != bounds.rate { buckets = [:] }
            bounds.rate = rate
        }
        try handoff(queue.update(bounds, now: now))
    }

    private mutating func changeStartFailure() throws {
        if startFailure == nil || Bool.random(using: &generator) {
            attempts += 1
            startFailure = StartFailure(
                stage: .start, reason: "r", message: "m", revision: Revision(text: "r"), attempts: attempts,
                nextAttempt: 1, retryAfterSeconds: 1)
        } else {
            startFailure = nil
        }
        try tellReplicas()
    }

    private mutating func tellReplicas() throws {
        let listed = replicas.sorted { $0.key < $1.key }.filter { $0.value.isListed }
        let (handoffs, failed) = queue.update(
            listed.map { ($0.value.handle, $0.value.isDraining) }, startFailure: startFailure, hasStarting: false,
            now: now)
        try handoff(handoffs)
        try require(failed.isEmpty || !isAccepting && failed.map(\.entry) == waiting, "the wrong waiters failed")
        for waiter in failed { invocations[waiter.entry] = nil }
        if !failed.isEmpty { waiting = [] }
        forgetReplicas()
    }
}

extension QueueSimulation {
    // MARK: Model

    private func waiter(_ number: Int) -> InvocationQueue.Waiter {
        .init(loop: number % 4, entry: number, generation: 1)
    }

    private mutating func anyReplica() -> Int? { replicas.keys.sorted().randomElement(using: &generator) }

    private var isAccepting: Bool { replicas.values.contains { $0.takes } }

    private var mayTakeMore: Bool { granted.count < bounds.inFlight ?? .max }

    /// Takes a token from the client's bucket of the model and returns `nil`, or returns the time until the next token.
    private mutating func pay(_ rateKey: UInt64?) -> UInt64? {
        guard let rateKey, let rate = bounds.rate else { return nil }
        return buckets[rateKey, default: PlainBucket(rate, now: now)].take(now: now)
    }

    private mutating func enqueue(_ number: Int, _ isCold: Bool, _ activate: Bool) throws {
        try require(isCold == !isAccepting, "isCold is wrong")
        try require(activate == (isCold && activationsOfThisWait == 0), "activated: \(activate), cold: \(isCold)")
        if activate {
            activationsOfThisWait += 1
            counts.activations += 1
        }
        let sequence = try invocations[number].orThrow().sequence
        let index = waiting.lastIndex { (invocations[$0]?.sequence ?? 0) < sequence }.map { $0 + 1 } ?? 0
        waiting.insert(number, at: index)
        invocations[number]?.fate = .waiting
    }

    private mutating func give(
        _ lease: InvocationQueue.SlotLease, to number: Int, avoiding avoided: ReplicaHandle? = nil
    ) throws {
        let replica = try replicas[lease.replica.number].orThrow()
        try require(mayTakeMore, "\(granted.count + 1) in flight of at most \(bounds.inFlight ?? 0)")
        try require(replica.hasCapacity(bounds), "the replica has no free slot")
        let able = replicas.values.filter { [bounds] in $0.hasCapacity(bounds) }
        let others = able.filter { $0.handle !== avoided }
        let fewest = (others.isEmpty ? able : others).map(\.inFlight).min() ?? 0
        try require(replica.inFlight == fewest, "not the least busy replica")
        try require(invocations[number]?.fate == .waiting, "granted twice")
        replicas[lease.replica.number]?.inFlight += 1
        invocations[number]?.fate = .granted
        invocations[number]?.lease = lease
        granted.append(number)
        counts.granted += 1
        if !mayTakeMore { counts.atLimit += 1 }
    }

    private mutating func handoff(_ handoffs: [InvocationQueue.SlotHandoff]) throws {
        for handoff in handoffs {
            let number = handoff.waiter.entry
            try require(
                waiting.first == number && handoff.waiter == waiter(number), "a slot was handed over out of order")
            waiting.removeFirst()
            try give(handoff.lease, to: number)
            counts.woken += 1
        }
        // Some waiters left while their slot was handed over. The loop returns the slot at once.
        for handoff in handoffs where Int.random(in: 0..<8, using: &generator) == 0 {
            let number = handoff.waiter.entry
            let sequence = try invocations[number].orThrow().sequence
            try require(!queue.leave(sequence, now: now), "an invocation with a slot left the queue")
            try release(number)
            invocations[number] = nil
        }
    }

    private mutating func release(_ number: Int) throws {
        let lease = try (invocations[number]?.lease).orThrow()
        replicas[lease.replica.number]?.inFlight -= 1
        invocations[number]?.fate = .waiting
        granted.removeAll { $0 == number }
        let handoff = queue.finish(lease, now: now)
        let replica = try replicas[lease.replica.number].orThrow()
        let isDrained = replica.inFlight == 0 && (replica.isDraining || !replica.isListed)
        try require(queue.isDrained(lease.position) == isDrained, "drained: \(!isDrained)")
        forgetReplicas()
        if let handoff { try self.handoff([handoff]) }
    }

    private mutating func forgetReplicas() {
        replicas = replicas.filter { $0.value.isListed || $0.value.inFlight > 0 }
    }

    private func require(_ condition: Bool, _ what: @autoclosure () -> String) throws {
        if !condition { throw Late(description: what()) }
    }

    // MARK: Invariants

    mutating func check() throws {
        if isAccepting || waiting.isEmpty { activationsOfThisWait = 0 }
        try require(queue.isAccepting == isAccepting, "isAccepting is wrong")
        try require(
            waiting.isEmpty || !mayTakeMore || !replicas.values.contains { [bounds] in $0.hasCapacity(bounds) },
            "a slot is free while an invocation waits")
        try require(queue.firstWaiterLoop == waiting.first.map { $0 % 4 }, "firstWaiterLoop is wrong")
        let load = queue.load(now: now)
        try require(load.inFlight == granted.count, "in flight \(load.inFlight), not \(granted.count)")
        try require(load.queued == waiting.count, "queued \(load.queued), not \(waiting.count)")
        try require(load.admitted == admitted, "admitted \(load.admitted), not \(admitted)")
        try require(load.wantsActivation == (!waiting.isEmpty && !isAccepting), "wantsActivation is wrong")
        let seconds = Double(nanosecondsInHand) / 1e9
        try require(
            abs(load.concurrencySeconds - seconds) < 1e-9, "integral \(load.concurrencySeconds), not \(seconds)")
        let reported = queue.currentReplicas()
        for replica in replicas.values {
            let load = reported.first { $0.0 === replica.handle }?.1
            try require(
                load?.inFlight == replica.inFlight,
                "\(replica.handle.id): \(reported.map(\.1)), not \(replica.inFlight)")
        }
        try require(reported.count == replicas.count, "a replica that is gone is still listed")
    }

    /// Closes the queue or lets all waiters leave, and checks that no invocation or slot is left.
    mutating func finishEverything() throws {
        if Bool.random(using: &generator) {
            try require(queue.close(now: now).map(\.entry) == waiting, "close returned the wrong waiters")
            for number in replicas.keys { replicas[number]?.isListed = false }
            guard case .closed = queue.admit(waiter(0), from: 1, now: now, wallClock: 0) else {
                throw Late(description: "admitted after close")
            }
        } else {
            for number in waiting { _ = queue.leave(try invocations[number].orThrow().sequence, now: now) }
        }
        waiting = []
        for number in granted { try release(number) }
        try require(queue.inFlight == 0 && queue.queued == 0, "an invocation is left")
        try require(queue.currentReplicas().allSatisfy { $0.1.inFlight == 0 }, "a slot is left")
    }
}
