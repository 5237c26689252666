import F2SModel
import Testing

@testable import F2SDispatcher

@Suite struct InvocationQueueTests {
    private func replica(_ number: Int) throws -> ReplicaHandle { try .sample(number) }

    /// Returns a queue with replicas that accept requests.
    private func queue(_ handles: [ReplicaHandle], concurrency: Int? = 1, lengthMax: Int = 10) -> InvocationQueue {
        var queue = InvocationQueue(concurrency: concurrency, lengthMax: lengthMax, now: 0)
        _ = queue.update(handles.map { ($0, false) }, startFailure: nil, hasStarting: false, now: 0)
        for handle in handles { _ = queue.accepted(handle, now: 0) }
        return queue
    }

    private func waiter(_ number: Int) -> InvocationQueue.Waiter { .init(loop: 0, entry: number, generation: 1) }

    private func admit(_ queue: inout InvocationQueue, _ number: Int, wallClock: Double = 0)
        -> InvocationQueue.Verdict
    {
        queue.admit(waiter(number), now: 0, wallClock: wallClock)
    }

    private func lease(_ verdict: InvocationQueue.Verdict) throws -> InvocationQueue.SlotLease {
        guard case .granted(let lease, _) = verdict else { throw Late(description: "\(verdict)") }
        return lease
    }

    private func sequence(_ verdict: InvocationQueue.Verdict) throws -> UInt64 {
        switch verdict {
        case .granted(_, let sequence), .waiting(let sequence, _, _): return sequence
        case .queueFull, .rateExceeded, .failed, .closed, .moved: throw Late(description: "\(verdict)")
        }
    }

    private func startFailure(attempts: Int = 1, nextAttempt: Double = 10) -> StartFailure {
        StartFailure(
            stage: .start, reason: "ExitedAtStart", message: "m", revision: Revision(text: "r"), attempts: attempts,
            nextAttempt: nextAttempt, retryAfterSeconds: 1)
    }

    @Test func `the replica with the fewest invocations gets the next one`() throws {
        let handles = try (0..<3).map(replica)
        var queue = queue(handles, concurrency: nil)
        var leases: [InvocationQueue.SlotLease] = []
        for number in 0..<30 { leases.append(try lease(admit(&queue, number))) }
        for handle in handles { #expect(leases.count { $0.replica === handle } == 10) }
        for given in leases where given.replica === handles[1] { _ = queue.finish(given, now: 0) }
        for number in 0..<10 { #expect(try lease(admit(&queue, number)).replica === handles[1]) }
        #expect(queue.inFlight == 30)
    }

    @Test func `the limit is never exceeded, and waiters get slots in the order of admission`() throws {
        var queue = queue([try replica(0), try replica(1)], concurrency: 1)
        let first = try lease(admit(&queue, 0))
        let second = try lease(admit(&queue, 1))
        #expect(first.replica !== second.replica)
        for number in 2..<5 { _ = admit(&queue, number) }
        #expect(queue.queued == 3)
        let handoff = try queue.finish(second, now: 0).orThrow()
        #expect(handoff.waiter == waiter(2))
        #expect(handoff.lease.replica === second.replica)
        #expect(try queue.finish(first, now: 0).orThrow().waiter == waiter(3))
        #expect(queue.inFlight == 2)
        #expect(queue.queued == 1)
    }

    @Test(arguments: [true, false])
    func `a slot that is given up counts until its replica is gone`(isListed: Bool) throws {
        let handles = try (0..<2).map(replica)
        var queue = InvocationQueue(
            InvocationQueue.Bounds(concurrency: 2, inFlight: 3, queued: 10), now: 0)
        _ = queue.update(handles.map { ($0, false) }, startFailure: nil, hasStarting: false, now: 0)
        for handle in handles { _ = queue.accepted(handle, now: 0) }
        let leases = try (0..<3).map { try lease(admit(&queue, $0)) }
        _ = admit(&queue, 3)
        let hung = try #require(leases.first { one in leases.count { $0.replica === one.replica } == 2 })
        let position = hung.position
        #expect(queue.giveUp(hung, now: 0) == nil)
        #expect(queue.inFlight == 3)
        #expect(!queue.isDrained(position))
        // The replica gets no further invocations, but the other one does.
        let other = try #require(leases.first { $0.replica !== hung.replica })
        #expect(try queue.finish(other, now: 0).orThrow().lease.replica === other.replica)
        _ = admit(&queue, 4)
        let rest = try #require(leases.last { $0.replica === hung.replica })
        #expect(queue.finish(rest, now: 0)?.lease.replica === other.replica)
        let listed = handles.map { ($0, $0 === hung.replica) }
        #expect(queue.update(listed, startFailure: nil, hasStarting: false, now: 0).handoffs.isEmpty)
        #expect(queue.isDrained(position))
        #expect(queue.inFlight == 3)
        _ = admit(&queue, 5)
        let others = handles.filter { $0 !== hung.replica }
        if isListed {
            _ = queue.update(others.map { ($0, false) }, startFailure: nil, hasStarting: false, now: 0)
        } else {
            _ = queue.close(now: 0)
            #expect(queue.inFlight == 3)
            queue.keep(only: others, now: 0)
        }
        #expect(queue.inFlight == 2)
    }

    @Test func `a waiter that leaves is skipped, and leaving twice or after a grant returns false`() throws {
        var queue = queue([try replica(0)])
        let held = try lease(admit(&queue, 0))
        let one = try sequence(admit(&queue, 1))
        let two = try sequence(admit(&queue, 2))
        #expect(queue.leave(one, now: 0) == true)
        #expect(queue.leave(one, now: 0) == false)
        #expect(queue.queued == 1)
        #expect(try queue.finish(held, now: 0).orThrow().waiter == waiter(2))
        #expect(queue.leave(two, now: 0) == false)
        #expect(queue.leave(999, now: 0) == false)
        #expect(queue.queued == 0)
    }

    @Test func `a full queue rejects newcomers but admits a retry`() throws {
        var queue = queue([try replica(0)], lengthMax: 1)
        let held = try lease(admit(&queue, 0))
        _ = admit(&queue, 1)
        guard case .queueFull(1) = admit(&queue, 2) else { throw Late(description: "not full") }
        let back = queue.admit(waiter(3), sequence: 0, now: 0, wallClock: 0)
        guard case .waiting(0, false, false) = back else { throw Late(description: "\(back)") }
        #expect(try queue.finish(held, now: 0).orThrow().waiter == waiter(3))
    }

    @Test func `a retry is queued before all later invocations`() throws {
        var queue = queue([try replica(0)])
        let held = try lease(admit(&queue, 0))
        for number in 1...3 { _ = admit(&queue, number) }
        _ = queue.finish(held, now: 0)
        _ = queue.admit(waiter(9), sequence: 1, now: 0, wallClock: 0)
        _ = queue.admit(waiter(8), sequence: 0, now: 0, wallClock: 0)
        let woken = queue.removeAllForTest()
        #expect(woken == [waiter(8), waiter(9), waiter(2), waiter(3)])
    }

    @Test func `a retry uses the replica that has just failed only if there is no other`() throws {
        let handles = [try replica(0), try replica(1)]
        var queue = queue(handles, concurrency: nil)
        for _ in 0..<5 {
            let verdict = queue.admit(waiter(0), avoiding: handles[0], sequence: 0, now: 0, wallClock: 0)
            #expect(try lease(verdict).replica === handles[1])
        }
        _ = queue.refused(handles[1])
        let verdict = queue.admit(waiter(0), avoiding: handles[0], sequence: 0, now: 0, wallClock: 0)
        #expect(try lease(verdict).replica === handles[0])
    }

    @Test func `any number of waiters of a cold function requests one activation`() throws {
        var queue = InvocationQueue(concurrency: 1, lengthMax: 200, now: 0)
        var activations = 0
        for number in 0..<100 {
            guard case .waiting(_, true, let activate) = admit(&queue, number) else {
                throw Late(description: "not cold")
            }
            if activate { activations += 1 }
        }
        #expect(activations == 1)
        #expect(queue.load(now: 0).wantsActivation == true)
        for sequence in 0..<100 { #expect(queue.leave(UInt64(sequence), now: 0) == true) }
        #expect(queue.load(now: 0).wantsActivation == false)
        guard case .waiting(_, true, true) = admit(&queue, 7) else { throw Late(description: "not activated again") }
    }

    @Test func `a replica gets no invocation before it accepts connections`() throws {
        let handle = try replica(0)
        var queue = InvocationQueue(concurrency: 2, lengthMax: 10, now: 0)
        _ = admit(&queue, 0)
        #expect(
            queue.update([(handle, false)], startFailure: nil, hasStarting: true, now: 0).handoffs.map(\.waiter) == [])
        #expect(queue.unaccepted() == [0])
        for number in 1..<4 { _ = admit(&queue, number) }
        let handoffs = queue.accepted(handle, now: 0)
        #expect(handoffs.map(\.waiter) == [waiter(0), waiter(1)])
        #expect(queue.unaccepted().isEmpty)
        #expect(queue.accepted(handle, now: 0).map(\.waiter) == [])
        #expect(queue.accepted(try replica(1), now: 0).map(\.waiter) == [])
    }

    @Test func `a replica that refuses connections gets no invocation until it accepts again`() throws {
        let handle = try replica(0)
        var queue = queue([handle])
        #expect(queue.refused(handle) == true)
        #expect(queue.refused(handle) == false)
        guard case .waiting(_, true, true) = admit(&queue, 0) else { throw Late(description: "not cold") }
        #expect(queue.accepted(handle, now: 0).count == 1)
    }

    @Test func `a draining replica gets no new invocation and is drained when its last one ends`() throws {
        let handle = try replica(0)
        var queue = queue([handle], concurrency: nil)
        let first = try lease(admit(&queue, 0))
        let second = try lease(admit(&queue, 1))
        _ = queue.update([(handle, true)], startFailure: nil, hasStarting: false, now: 0)
        guard case .waiting = admit(&queue, 2) else { throw Late(description: "granted") }
        #expect(queue.finish(first, now: 0)?.waiter == nil)
        #expect(!queue.isDrained(first.position))
        #expect(queue.finish(second, now: 0)?.waiter == nil)
        #expect(queue.isDrained(second.position))
        #expect(queue.currentReplicas().first?.1.inFlight == 0)
    }

    @Test func `a replica that is no longer listed finishes its invocations, and its position is reused`() throws {
        let old = try replica(0)
        let new = try replica(1)
        var queue = queue([old])
        let held = try lease(admit(&queue, 0))
        _ = queue.update([(new, false)], startFailure: nil, hasStarting: false, now: 0)
        _ = queue.accepted(new, now: 0)
        let other = try lease(admit(&queue, 1))
        #expect(other.replica === new)
        #expect(queue.finish(held, now: 0)?.waiter == nil)
        #expect(queue.isDrained(held.position))
        #expect(queue.finish(other, now: 0)?.waiter == nil)
        #expect(queue.inFlight == 0)
        _ = queue.finish(other, now: 0)
        #expect(queue.inFlight == 0)
    }

    @Test func `a higher concurrency grants slots at once, and a lower one revokes none`() throws {
        var queue = queue([try replica(0)])
        _ = admit(&queue, 0)
        for number in 1...4 { _ = admit(&queue, number) }
        #expect(queue.update(.init(concurrency: 3, queued: 10), now: 0).map(\.waiter) == [waiter(1), waiter(2)])
        #expect(queue.update(.init(concurrency: 1, queued: 10), now: 0).map(\.waiter) == [])
        #expect(queue.inFlight == 3)
        #expect(queue.update(.init(queued: 10), now: 0).count == 2)
    }

    @Test func `a start failure fails the waiters and all newcomers until the next attempt`() throws {
        var queue = InvocationQueue(concurrency: nil, lengthMax: 10, now: 0)
        _ = admit(&queue, 0)
        let failed = queue.update([], startFailure: startFailure(), hasStarting: false, now: 0).failed
        #expect(failed == [waiter(0)])
        guard case .failed = admit(&queue, 1, wallClock: 9) else { throw Late(description: "admitted") }
        guard case .waiting(_, true, true) = admit(&queue, 2, wallClock: 10) else {
            throw Late(description: "not tried again")
        }
        // The same start failure is reported only once, but that of the next attempt is a new one.
        #expect(queue.update([], startFailure: startFailure(), hasStarting: false, now: 0).failed == [])
        #expect(queue.update([], startFailure: startFailure(attempts: 2), hasStarting: true, now: 0).failed == [])
        #expect(
            queue.update([], startFailure: startFailure(attempts: 3), hasStarting: false, now: 0).failed == [waiter(2)])
        #expect(queue.queued == 0)
    }

    @Test func `a start failure is ignored while another replica accepts`() throws {
        let handle = try replica(0)
        var queue = queue([handle])
        #expect(queue.update([(handle, false)], startFailure: startFailure(), hasStarting: false, now: 0).failed == [])
        #expect(throws: Never.self) { try self.lease(self.admit(&queue, 0, wallClock: 0)) }
    }

    @Test func `closing the queue returns its waiters, and a closed queue admits no invocation`() throws {
        var queue = queue([try replica(0)])
        let held = try lease(admit(&queue, 0))
        _ = admit(&queue, 1)
        #expect(queue.close(now: 0) == [waiter(1)])
        guard case .closed = admit(&queue, 2) else { throw Late(description: "admitted") }
        #expect(queue.finish(held, now: 0)?.waiter == nil)
        #expect(queue.inFlight == 0)
    }

    @Test func `the integral of the open invocations over time is exact`() throws {
        var queue = queue([try replica(0)])
        guard case .granted(let held, _) = queue.admit(waiter(0), now: 1_000_000_000, wallClock: 0) else {
            throw Late(description: "not granted")
        }
        _ = queue.admit(waiter(1), now: 3_000_000_000, wallClock: 0)
        _ = queue.finish(held, now: 4_000_000_000)
        let load = queue.load(now: 6_000_000_000)
        // Two seconds with one invocation, one second with two, two seconds with one.
        #expect(load.concurrencySeconds == 6)
        #expect(load.admitted == 2)
    }
}
