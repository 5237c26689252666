import F2SModel
import NIOCore
import TestSupport
import Testing

@testable import F2SDispatcher

extension DispatcherSerial {
    /// The queue under anything that may happen to it, in any order: what must hold is checked after each step.
    @Suite struct QueueSimulationTests {
        @Test(arguments: [nil, 1, 3] as [Int?], [1, 2, 3, 4] as [UInt64])
        func `no slot and no waiter is ever lost or given twice`(concurrency: Int?, seed: UInt64) throws {
            var simulation = try QueueSimulation(seed: seed, concurrency: concurrency)
            for step in 0..<20_000 {
                do {
                    try simulation.step()
                    try simulation.check()
                } catch {
                    throw Late(description: "seed \(seed), concurrency \(concurrency ?? 0), step \(step): \(error)")
                }
            }
            try simulation.finishEverything()
            #expect(simulation.grantedCount > 5000)
        }
    }
}

/// A queue, and books kept in the plainest way next to it.
struct QueueSimulation {
    private enum Fate { case waiting, granted }

    private struct Invocation {
        let sequence: UInt64
        var fate: Fate
        var grant: InvocationQueue.Grant?
    }

    private struct Replica {
        let cell: ReplicaCell
        var isListed = true
        var isDraining = false
        var isAccepting = false
        var inFlight = 0
    }

    private var generator: SeededGenerator
    private var queue: InvocationQueue
    private var concurrency: Int?
    private let lengthMax = 40
    private var now: UInt64 = 0
    private var replicas: [Int: Replica] = [:]
    private var invocations: [Int: Invocation] = [:]
    /// Numbers of those who wait, in order of their sequence.
    private var waiting: [Int] = []
    private var granted: [Int] = []
    private var nextInvocation = 0
    private var nextReplica = 0
    private var attempts = 0
    private var trouble: StartTrouble?
    private(set) var grantedCount = 0

    init(seed: UInt64, concurrency: Int?) throws {
        generator = SeededGenerator(seed: seed &* 1000 &+ UInt64(concurrency ?? 0))
        self.concurrency = concurrency
        queue = InvocationQueue(concurrency: concurrency, lengthMax: lengthMax, now: 0)
        for _ in 0..<2 { try addReplica() }
    }

    mutating func step() throws {
        now += UInt64.random(in: 0...3, using: &generator)
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<38: try admit()
        case 38..<76: try finishOne()
        case 76..<81: try leave()
        case 81..<86: try comeBack()
        case 86..<92: try accept()
        case 92: refuse()
        case 93..<96: try addReplica()
        case 96: try drain()
        case 97: try unlist()
        case 98: try changeConcurrency()
        default: try changeTrouble()
        }
    }

    // MARK: What may happen

    private mutating func admit() throws {
        let number = nextInvocation
        nextInvocation += 1
        let hadWaiters = !waiting.isEmpty
        switch queue.admit(waiter(number), now: now, wallClock: 0) {
        case .granted(let grant, let sequence):
            try require(!hadWaiters, "a newcomer overtook those who wait")
            invocations[number] = Invocation(sequence: sequence, fate: .waiting)
            try give(grant, to: number)
        case .waiting(let sequence, let isCold, _):
            try require(isCold == !isAccepting, "cold is told wrongly")
            invocations[number] = Invocation(sequence: sequence, fate: .waiting)
            enqueue(number)
        case .full: try require(waiting.count >= lengthMax, "full with \(waiting.count)")
        case .failed: try require(trouble != nil && !isAccepting, "failed without a reason")
        case .closed: throw Late(description: "closed")
        }
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
        try require(queue.leave(invocation.sequence, now: now), "a waiter is not known")
        try require(!queue.leave(invocation.sequence, now: now), "a waiter left twice")
        waiting.removeAll { $0 == number }
        invocations[number] = nil
    }

    /// An invocation whose connection failed gives its slot back and is admitted again, in its old place.
    private mutating func comeBack() throws {
        guard let number = granted.randomElement(using: &generator), let invocation = invocations[number] else {
            return
        }
        let avoided = invocation.grant?.replica
        try release(number)
        switch queue.admit(waiter(number), avoiding: avoided, sequence: invocation.sequence, now: now, wallClock: 0) {
        case .granted(let grant, let sequence):
            try require(sequence == invocation.sequence, "its place has changed")
            let hasOther = replicas.values.contains { $0.cell !== avoided && hasRoom($0) }
            try require(grant.replica !== avoided || !hasOther, "sent to the replica that has just failed")
            try give(grant, to: number)
        case .waiting: enqueue(number)
        case .failed: invocations[number] = nil
        case .full, .closed: throw Late(description: "one who came back was refused")
        }
    }

    private mutating func accept() throws {
        guard let number = replicas.keys.sorted().randomElement(using: &generator), let replica = replicas[number]
        else { return }
        if replica.isListed { replicas[number]?.isAccepting = true }
        try wake(queue.accepted(replica.cell, now: now))
    }

    private mutating func refuse() {
        guard let number = replicas.keys.sorted().randomElement(using: &generator), let replica = replicas[number]
        else { return }
        _ = queue.refused(replica.cell)
        replicas[number]?.isAccepting = false
    }

    private mutating func addReplica() throws {
        guard replicas.values.count(where: \.isListed) < 4 else { return }
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
        replicas[nextReplica] = Replica(
            cell: ReplicaCell(id: .init("\(nextReplica)"), address: address, number: nextReplica))
        nextReplica += 1
        try tellReplicas()
    }

    private mutating func drain() throws {
        guard let number = replicas.keys.sorted().randomElement(using: &generator) else { return }
        replicas[number]?.isDraining.toggle()
        try tellReplicas()
    }

    private mutating func unlist() throws {
        guard let number = replicas.keys.sorted().randomElement(using: &generator) else { return }
        replicas[number]?.isListed = false
        try tellReplicas()
    }

    private mutating func changeConcurrency() throws {
        concurrency = [nil, 1, 2, 3].randomElement(using: &generator) ?? nil
        try wake(queue.update(concurrency: concurrency, lengthMax: lengthMax, now: now))
    }

    private mutating func changeTrouble() throws {
        if trouble == nil || Bool.random(using: &generator) {
            attempts += 1
            trouble = StartTrouble(
                stage: .start, reason: "r", message: "m", revision: Revision(text: "r"), attempts: attempts,
                nextAttempt: 1, retryAfterSeconds: 1)
        } else {
            trouble = nil
        }
        try tellReplicas()
    }

    private mutating func tellReplicas() throws {
        let listed = replicas.sorted { $0.key < $1.key }.filter { $0.value.isListed }
        let (wakes, failed) = queue.update(
            listed.map { ($0.value.cell, $0.value.isDraining) }, trouble: trouble, hasStarting: false, now: now)
        try wake(wakes)
        try require(failed.isEmpty || !isAccepting && failed.map(\.entry) == waiting, "the wrong ones failed")
        for waiter in failed { invocations[waiter.entry] = nil }
        if !failed.isEmpty { waiting = [] }
        replicas = replicas.filter { $0.value.isListed || $0.value.inFlight > 0 }
    }

    // MARK: Books

    private func waiter(_ number: Int) -> InvocationQueue.Waiter { .init(loop: 0, entry: number, generation: 1) }

    private func takes(_ replica: Replica) -> Bool { replica.isListed && !replica.isDraining && replica.isAccepting }

    private func hasRoom(_ replica: Replica) -> Bool { takes(replica) && replica.inFlight < concurrency ?? .max }

    private var isAccepting: Bool { replicas.values.contains(where: takes) }

    private mutating func enqueue(_ number: Int) {
        let sequence = invocations[number]?.sequence ?? 0
        let index = waiting.lastIndex { (invocations[$0]?.sequence ?? 0) < sequence }.map { $0 + 1 } ?? 0
        waiting.insert(number, at: index)
        invocations[number]?.fate = .waiting
    }

    private mutating func give(_ grant: InvocationQueue.Grant, to number: Int) throws {
        let replica = try replicas[grant.replica.number].orThrow()
        try require(hasRoom(replica), "a slot of a replica that has none")
        let fewest = replicas.values.filter(hasRoom).map(\.inFlight).min() ?? 0
        try require(replica.inFlight == fewest || invocations[number]?.grant != nil, "not the least busy replica")
        try require(invocations[number]?.fate == .waiting, "granted twice")
        replicas[grant.replica.number]?.inFlight += 1
        invocations[number]?.fate = .granted
        invocations[number]?.grant = grant
        granted.append(number)
        grantedCount += 1
    }

    private mutating func wake(_ wakes: [InvocationQueue.Wake]) throws {
        for wake in wakes {
            try require(waiting.first == wake.waiter.entry, "woken out of order")
            waiting.removeFirst()
            try give(wake.grant, to: wake.waiter.entry)
        }
    }

    private mutating func release(_ number: Int) throws {
        let grant = try (invocations[number]?.grant).orThrow()
        replicas[grant.replica.number]?.inFlight -= 1
        invocations[number]?.fate = .waiting
        granted.removeAll { $0 == number }
        try wake([queue.finish(grant, now: now)].compactMap { $0 })
        replicas = replicas.filter { $0.value.isListed || $0.value.inFlight > 0 }
    }

    private func require(_ condition: Bool, _ what: @autoclosure () -> String) throws {
        if !condition { throw Late(description: what()) }
    }

    // MARK: What must hold

    mutating func check() throws {
        try require(queue.inFlight == granted.count, "in flight \(queue.inFlight), not \(granted.count)")
        try require(queue.queued == waiting.count, "queued \(queue.queued), not \(waiting.count)")
        try require(queue.isAccepting == isAccepting, "whether it accepts")
        try require(waiting.isEmpty || !replicas.values.contains(where: hasRoom), "a slot is free while somebody waits")
        let reported = queue.currentReplicas()
        for replica in replicas.values {
            let load = reported.first { $0.0 == replica.cell.id }?.1
            try require(load?.inFlight == replica.inFlight, "\(replica.cell.id): \(reported), not \(replica.inFlight)")
        }
        try require(reported.count == replicas.count, "a replica that is gone is kept")
    }

    /// Everybody ends: nothing may be left.
    mutating func finishEverything() throws {
        for number in waiting { _ = queue.leave(try invocations[number].orThrow().sequence, now: now) }
        waiting = []
        for number in granted { try release(number) }
        try check()
        try require(queue.inFlight == 0 && queue.queued == 0, "something is left")
    }
}
