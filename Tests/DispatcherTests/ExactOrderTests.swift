import F2SModel
import Glibc
import Synchronization
import Testing

@testable import F2SDispatcher

extension DispatcherSerial {
    /// Tests promise 6: a limit is exact, and invocations are served in the order of their arrival, on one or several
    /// event loops.
    @Suite struct ExactOrderTests {
        /// The number of requests of the first test: the promised number in `make soak`, and a tenth of it otherwise.
        /// Both run with 1, 2 and 4 loops.
        private static let requestsCount = getenv("F2S_SOAK") == nil ? 20_000 : 200_000

        @Test func `with 64 connections no replica has two requests at once, and every request gets a response`()
            async throws
        {
            let replicas = try LeanReplicas(3)
            let count = Self.requestsCount / 64
            try await withTestbed { bed in
                try await bed.serve(ports: replicas.ports, function: makeFunction(concurrency: 1))
                let begun = ContinuousClock.now
                let outcome = try await LeanLoad(port: bed.port).run(threads: 2, connections: 64, count: count)
                let time = begun.duration(to: .now)
                #expect(outcome.statuses == [200: 64 * count])
                #expect(outcome.foreign == 0 && outcome.broken == 0)
                try await eventually("no slot is in use") { bed.isIdle() }
                let tally = replicas.tally
                #expect(tally.most == [1, 1, 1])
                #expect(tally.served.reduce(0, +) == 64 * count)
                #expect(bed.load().admitted == UInt64(64 * count))
                #expect(await bed.metric("f2s_requests_completed_total{function=\"hello\"}") == Double(64 * count))
                report(
                    6,
                    "\(64 * count) requests from 64 connections over \(usualLoops) loops to 3 single-slot replicas "
                        + "in \(time): at most \(tally.most) at once, served \(tally.served), no slot left over")
            }
            replicas.stop()
        }

        /// With one slot, an invocation reaches the replica only after the previous one has ended, so the order of
        /// arrival is the order in which slots were granted.
        @Test(arguments: [1, 3]) func `invocations reach replicas in the order of admission on all loops`(slots: Int)
            async throws
        {
            let replicas = try LeanReplicas(slots, delay: 2_000_000, isOrderKept: true)
            try await withTestbed { bed in
                let rounds = 4
                let held = makeFunction(concurrency: 1)
                bed.declare(held)
                var mostOvertaken = 0
                var ordered = 0
                for round in 0..<rounds {
                    // No replica runs while the invocations are queued.
                    bed.run()
                    try await eventually("no replica accepts") { bed.accepting == 0 }
                    var clients: [Int32] = []
                    defer { for client in clients { close(client) } }
                    for number in 0..<64 {
                        let client = try Wire.connect(to: bed.port)
                        clients.append(client)
                        Wire.send(client, Array(get("/hello/\(round)-\(number)").utf8))
                        try await promptly("invocation \(number) is queued") { bed.load().queued == number + 1 }
                    }
                    bed.run(replicas.ports, of: held, round: round)
                    try await eventually("all requests have arrived") { replicas.tally.order.count == 64 * (round + 1) }
                    try await eventually("all invocations have ended") { bed.isIdle() }
                    var missing = Set(0..<64)
                    for path in replicas.tally.order.suffix(64) {
                        let number = try Int(path.split(separator: "-").last.orThrow()).orThrow()
                        missing.remove(number)
                        mostOvertaken = max(mostOvertaken, missing.count { $0 < number })
                        ordered += 1
                    }
                }
                // Invocations that are in flight at the same time may arrive in any order, because they may be on
                // different loops. An invocation may overtake those in the other slots, but no others.
                #expect(mostOvertaken < slots)
                report(
                    6,
                    "\(ordered) invocations queued on \(usualLoops) loops were served in the order of their "
                        + "admission by \(slots) replicas of concurrency 1 (at most \(mostOvertaken) were overtaken)")
            }
            replicas.stop()
        }

        /// The loops share the queue. Here four threads use it as four loops would, and record each decision under its
        /// lock, so that the record has the order of the decisions.
        @Test func `a queue used by four threads grants slots in the order of admission`() async throws {
            let handles = try (0..<3).map { try ReplicaHandle.sample($0) }
            var queue = InvocationQueue(concurrency: 1, lengthMax: 1000, now: 0)
            _ = queue.update(handles.map { ($0, false) }, startFailure: nil, hasStarting: false, now: 0)
            for handle in handles { _ = queue.accepted(handle, now: 0) }
            let turnstile = Turnstile(queue)
            let perThread = 20_000
            try await withThrowingTaskGroup(of: Void.self) { group in
                for thread in 0..<4 {
                    group.addTask { try await onThread { turnstile.pass(perThread, thread: thread) } }
                }
                try await group.waitForAll()
            }
            turnstile.drain()
            let record = turnstile.record
            #expect(record.granted == Array(0..<UInt64(4 * perThread)))
            #expect(record.mostInside == 1)
            #expect(record.inFlight == 0 && record.queued == 0)
            #expect(record.waited > perThread)
            report(
                6,
                "\(record.granted.count) grants to 4 threads in the order of admission, \(record.waited) of them "
                    + "after a wait; at most \(record.mostInside) per replica")
        }
    }
}

/// A queue with its lock and a record of its decisions.
private final class Turnstile: Sendable {
    struct Record {
        /// The sequence numbers in the order of their grants.
        var granted: [UInt64] = []
        var waited = 0
        var mostInside = 0
        var inFlight = 0
        var queued = 0
    }

    private struct State {
        var queue: InvocationQueue
        var record = Record()
        var sequences: [UInt64: UInt64] = [:]
        var held: [InvocationQueue.SlotLease] = []
        var nextGeneration: UInt64 = 0

        mutating func take(_ lease: InvocationQueue.SlotLease, _ sequence: UInt64) {
            record.granted.append(sequence)
            held.append(lease)
            let inside = held.count { $0.replica === lease.replica }
            record.mostInside = max(record.mostInside, inside)
        }

        mutating func finishOne() {
            guard !held.isEmpty else { return }
            let lease = held.remove(at: Int(nextGeneration % UInt64(held.count)))
            guard let handoff = queue.finish(lease, now: 0),
                let sequence = sequences.removeValue(forKey: handoff.waiter.generation)
            else { return }
            record.waited += 1
            take(handoff.lease, sequence)
        }
    }

    private let state: Mutex<State>

    init(_ queue: sending InvocationQueue) { state = Mutex(State(queue: queue)) }

    func pass(_ count: Int, thread: Int) {
        for _ in 0..<count {
            state.withLock { state in
                state.nextGeneration += 1
                let waiter = InvocationQueue.Waiter(loop: thread, entry: 0, generation: state.nextGeneration)
                switch state.queue.admit(waiter, now: 0, wallClock: 0) {
                case .granted(let lease, let sequence): state.take(lease, sequence)
                case .waiting(let sequence, _, _): state.sequences[waiter.generation] = sequence
                default: break
                }
            }
            // Acquires the lock again, as a loop does, so that another thread may come in between. Usually some waiters
            // stay in the queue, and at times none.
            state.withLock { state in
                let wanted = Int(state.nextGeneration / 64 % 16)
                while state.queue.queued > wanted || wanted == 0 && !state.held.isEmpty { state.finishOne() }
            }
        }
    }

    func drain() {
        state.withLock { state in
            while !state.held.isEmpty { state.finishOne() }
        }
    }

    var record: Record {
        state.withLock { state in
            var record = state.record
            record.inFlight = state.queue.inFlight
            record.queued = state.queue.queued
            return record
        }
    }
}
