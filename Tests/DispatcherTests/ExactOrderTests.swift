import F2SModel
import Glibc
import Synchronization
import Testing

@testable import F2SDispatcher

extension DispatcherSerial {
    /// Must hold 6: a limit is exact, and who came first is served first, whichever loops the invocations are on.
    @Suite struct ExactOrderTests {
        /// Requests of the first test: as many as are promised in `make soak`, and a tenth of them otherwise. Either
        /// runs with 1, 2 and 4 loops.
        private static let requestsCount = getenv("F2S_SOAK") == nil ? 20_000 : 200_000

        @Test func `requests from 64 connections are never two at once in a replica, and all are answered`()
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
                #expect(outcome.strangers == 0 && outcome.broken == 0)
                try await eventually("no slot is left") { bed.isIdle() }
                let tally = replicas.tally
                #expect(tally.most == [1, 1, 1])
                #expect(tally.served.reduce(0, +) == 64 * count)
                #expect(bed.load().admitted == UInt64(64 * count))
                #expect(bed.metric("f2s_requests_completed_total{function=\"hello\"}") == Double(64 * count))
                report(
                    6,
                    "\(64 * count) requests from 64 connections over \(usualLoops) loops to 3 single-slot replicas "
                        + "in \(time): at most \(tally.most) at once, served \(tally.served), none left over")
            }
            replicas.stop()
        }

        /// One slot is a clock: the next invocation arrives only after the one before has ended, so the order of
        /// arrival is that of the grants.
        @Test(arguments: [1, 3]) func `who is admitted first arrives first, whichever loop it is on`(slots: Int)
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
                    // Nobody is served while they line up.
                    bed.run()
                    try await eventually("nobody takes") { bed.accepting == 0 }
                    var clients: [Int32] = []
                    defer { for client in clients { close(client) } }
                    for number in 0..<64 {
                        let client = try Wire.connect(to: bed.port)
                        clients.append(client)
                        Wire.send(client, Array(get("/hello/\(round)-\(number)").utf8))
                        try await promptly("number \(number) waits") { bed.load().queued == number + 1 }
                    }
                    bed.run(replicas.ports, of: held, round: round)
                    try await eventually("all are served") { replicas.tally.order.count == 64 * (round + 1) }
                    try await eventually("all have ended") { bed.isIdle() }
                    var missing = Set(0..<64)
                    for path in replicas.tally.order.suffix(64) {
                        let number = try Int(path.split(separator: "-").last.orThrow()).orThrow()
                        missing.remove(number)
                        mostOvertaken = max(mostOvertaken, missing.count { $0 < number })
                        ordered += 1
                    }
                }
                // Those that are in flight at the same time may arrive in any order, for their loops are not each
                // other's: who arrives may have overtaken those who hold the other slots, and nobody else.
                #expect(mostOvertaken < slots)
                report(
                    6,
                    "\(ordered) invocations lined up over \(usualLoops) loops were served in the order of their "
                        + "admission by \(slots) replicas of concurrency 1 (at most \(mostOvertaken) were overtaken)")
            }
            replicas.stop()
        }

        /// The cell is what the loops share. Here four threads use it as four loops do, and note under its lock what it
        /// decides: that record is the order in which it was decided.
        @Test func `a queue that four threads use grants in the order of admission`() async throws {
            let cells = try (0..<3).map { try ReplicaCell.sample($0) }
            var queue = InvocationQueue(concurrency: 1, lengthMax: 1000, now: 0)
            _ = queue.update(cells.map { ($0, false) }, trouble: nil, hasStarting: false, now: 0)
            for cell in cells { _ = queue.accepted(cell, now: 0) }
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
                    + "waited for; at most \(record.mostInside) per replica")
        }
    }
}

/// One queue, its lock, and what happened under it.
private final class Turnstile: Sendable {
    struct Record {
        /// Sequence numbers in the order of their grants.
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
        var held: [InvocationQueue.Grant] = []
        var nextGeneration: UInt64 = 0

        mutating func take(_ grant: InvocationQueue.Grant, _ sequence: UInt64) {
            record.granted.append(sequence)
            held.append(grant)
            let inside = held.count { $0.replica === grant.replica }
            record.mostInside = max(record.mostInside, inside)
        }

        mutating func finishOne() {
            guard !held.isEmpty else { return }
            let grant = held.remove(at: Int(nextGeneration % UInt64(held.count)))
            guard let wake = queue.finish(grant, now: 0),
                let sequence = sequences.removeValue(forKey: wake.waiter.generation)
            else { return }
            record.waited += 1
            take(wake.grant, sequence)
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
                case .granted(let grant, let sequence): state.take(grant, sequence)
                case .waiting(let sequence, _, _): state.sequences[waiter.generation] = sequence
                default: break
                }
            }
            // Locked anew, as on a loop: between the two anybody may come. Mostly some wait, at times nobody does.
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
