import F2SModel
import Testing

@testable import F2SDispatcher

/// Tests the effect of a function's own limits (`target.limits`) on its queue.
@Suite struct QueueLimitTests {
    private func queue(_ replicas: Int, _ bounds: InvocationQueue.Bounds) throws -> InvocationQueue {
        var queue = InvocationQueue(bounds, now: 0)
        let handles = try (0..<replicas).map { try ReplicaHandle.sample($0) }
        _ = queue.update(handles.map { ($0, false) }, startFailure: nil, hasStarting: false, now: 0)
        for handle in handles { _ = queue.accepted(handle, now: 0) }
        return queue
    }

    private func waiter(_ number: Int) -> InvocationQueue.Waiter { .init(loop: 0, entry: number, generation: 1) }

    private func admit(
        _ queue: inout InvocationQueue, _ number: Int, from rateKey: UInt64? = nil, sequence: UInt64? = nil,
        now: UInt64 = 0
    ) -> InvocationQueue.Verdict {
        queue.admit(waiter(number), from: rateKey, sequence: sequence, now: now, wallClock: 0)
    }

    private func lease(_ verdict: InvocationQueue.Verdict) throws -> InvocationQueue.SlotLease {
        guard case .granted(let lease, _) = verdict else { throw Late(description: "\(verdict)") }
        return lease
    }

    @Test func `a function never exceeds its limit in flight, even if its replicas have more slots`() throws {
        var queue = try queue(3, .init(concurrency: 10, inFlight: 2, queued: 10))
        let first = try lease(admit(&queue, 0))
        let second = try lease(admit(&queue, 1))
        for number in 2..<5 {
            guard case .waiting(_, isCold: false, activate: false) = admit(&queue, number) else {
                throw Late(description: "granted over the limit")
            }
        }
        #expect(queue.inFlight == 2 && queue.queued == 3)
        #expect(try queue.finish(second, now: 0).orThrow().waiter == waiter(2))
        #expect(try queue.finish(first, now: 0).orThrow().waiter == waiter(3))
        #expect(queue.inFlight == 2 && queue.queued == 1)
    }

    @Test func `a retry also waits for the limit, at the front of the queue`() throws {
        var queue = try queue(2, .init(inFlight: 1, queued: 10))
        let failed = try lease(admit(&queue, 0))
        _ = admit(&queue, 1)
        _ = admit(&queue, 2)
        let held = try queue.finish(failed, now: 0).orThrow()
        #expect(held.waiter == waiter(1))
        guard case .waiting = admit(&queue, 9, sequence: 0) else { throw Late(description: "granted over the limit") }
        #expect(try queue.finish(held.lease, now: 0).orThrow().waiter == waiter(9))
    }

    @Test func `a raised limit grants slots at once, and a lowered one revokes none`() throws {
        var queue = try queue(2, .init(inFlight: 1, queued: 10))
        var held = [try lease(admit(&queue, 0))]
        for number in 1...5 { _ = admit(&queue, number) }
        let handoffs = queue.update(.init(inFlight: 3, queued: 10), now: 0)
        #expect(handoffs.map(\.waiter) == [waiter(1), waiter(2)])
        held += handoffs.map(\.lease)
        #expect(queue.update(.init(inFlight: 2, queued: 10), now: 0).map(\.waiter) == [])
        #expect(queue.inFlight == 3)
        #expect(queue.finish(held[0], now: 0)?.waiter == nil)
        #expect(queue.finish(held[1], now: 0)?.waiter == waiter(3))
        #expect(queue.update(.init(queued: 10), now: 0).map(\.waiter) == [waiter(4), waiter(5)])
    }

    @Test func `a queue of length 0 rejects the next invocation at once`() throws {
        var queue = try queue(1, .init(inFlight: 1, queued: 0))
        let held = try lease(admit(&queue, 0))
        guard case .queueFull(limit: 0) = admit(&queue, 1) else { throw Late(description: "not rejected") }
        #expect(queue.finish(held, now: 0)?.waiter == nil)
        _ = try lease(admit(&queue, 2))
        // A retry was admitted before.
        guard case .waiting = admit(&queue, 3, sequence: 0) else { throw Late(description: "rejected") }
    }

    @Test func `a shortened queue rejects newcomers and keeps its waiters`() throws {
        var queue = try queue(1, .init(concurrency: 1, queued: 5))
        let held = try lease(admit(&queue, 0))
        for number in 1...3 { _ = admit(&queue, number) }
        #expect(queue.update(.init(concurrency: 1, queued: 1), now: 0).map(\.waiter) == [])
        guard case .queueFull(limit: 1) = admit(&queue, 4) else { throw Late(description: "not rejected") }
        #expect(queue.queued == 3)
        #expect(try queue.finish(held, now: 0).orThrow().waiter == waiter(1))
    }

    @Test func `each client has its own rate, and a rejected invocation is not counted as admitted`() throws {
        var queue = try queue(1, .init(queued: 10, rate: CallerRate(perSecond: 10, burst: 2)))
        for number in 0..<2 { _ = try lease(admit(&queue, number, from: 7)) }
        guard case .rateExceeded(retryAfterNanoseconds: 100_000_000) = admit(&queue, 2, from: 7) else {
            throw Late(description: "not limited")
        }
        #expect(queue.load(now: 0).admitted == 2 && queue.inFlight == 2)
        _ = try lease(admit(&queue, 3, from: 8))
        _ = try lease(admit(&queue, 4))
        guard case .rateExceeded(retryAfterNanoseconds: 1) = admit(&queue, 5, from: 7, now: 99_999_999) else {
            throw Late(description: "not limited")
        }
        _ = try lease(admit(&queue, 6, from: 7, now: 100_000_000))
    }

    @Test func `a retry does not use another token`() throws {
        var queue = try queue(2, .init(queued: 10, rate: CallerRate(perSecond: 1, burst: 2)))
        let failed = try lease(admit(&queue, 0, from: 7))
        for _ in 0..<3 {
            _ = queue.finish(failed, now: 0)
            _ = try lease(admit(&queue, 0, from: 7, sequence: 0))
        }
        _ = try lease(admit(&queue, 1, from: 7))
        guard case .rateExceeded = admit(&queue, 2, from: 7) else { throw Late(description: "not limited") }
    }

    @Test func `a rate can be added, changed and removed, and other limits do not reset the buckets`() throws {
        var queue = try queue(1, .init(queued: 10))
        for number in 0..<5 { _ = try lease(admit(&queue, number, from: 7)) }
        let rate = CallerRate(perSecond: 1)
        _ = queue.update(.init(queued: 10, rate: rate), now: 0)
        _ = try lease(admit(&queue, 5, from: 7))
        _ = queue.update(.init(inFlight: 100, queued: 20, rate: rate), now: 0)
        guard case .rateExceeded = admit(&queue, 6, from: 7) else { throw Late(description: "the buckets were reset") }
        _ = queue.update(.init(queued: 10, rate: CallerRate(perSecond: 2)), now: 0)
        for number in 7..<9 { _ = try lease(admit(&queue, number, from: 7)) }
        guard case .rateExceeded = admit(&queue, 9, from: 7) else { throw Late(description: "not limited") }
        _ = queue.update(.init(queued: 10), now: 0)
        _ = try lease(admit(&queue, 10, from: 7))
    }

    @Test func `a closed queue returns closed even to a client over its rate`() throws {
        var queue = try queue(1, .init(queued: 10, rate: CallerRate(perSecond: 1)))
        _ = try lease(admit(&queue, 0, from: 7))
        _ = queue.close(now: 0)
        guard case .closed = admit(&queue, 1, from: 7) else { throw Late(description: "not closed") }
    }

    @Test func `a draining replica that starts to accept does not request a second activation`() throws {
        let handle = try ReplicaHandle.sample(0)
        var queue = InvocationQueue(.init(queued: 10), now: 0)
        _ = queue.update([(handle, true)], startFailure: nil, hasStarting: false, now: 0)
        guard case .waiting(_, isCold: true, activate: true) = admit(&queue, 0) else {
            throw Late(description: "no activation")
        }
        #expect(queue.accepted(handle, now: 0).map(\.waiter) == [])
        guard case .waiting(_, isCold: true, activate: false) = admit(&queue, 1) else {
            throw Late(description: "activated twice")
        }
    }
}
