import F2SModel
import Testing

@testable import F2SDispatcher

/// Tests a queue whose slots are granted by another queue.
@Suite struct MovedQueueTests {
    private func waiter(_ number: Int) -> InvocationQueue.Waiter { .init(loop: 0, entry: number, generation: 1) }

    private func queue(_ handle: ReplicaHandle? = nil, lengthMax: Int = 10, rate: CallerRate? = nil) -> InvocationQueue
    {
        var queue = InvocationQueue(.init(concurrency: 1, queued: lengthMax, rate: rate), now: 0)
        guard let handle else { return queue }
        _ = queue.update([(handle, false)], startFailure: nil, hasStarting: true, now: 0)
        _ = queue.accepted(handle, now: 0)
        return queue
    }

    @Test func `moving returns the waiters in order, and the queue admits none until it comes back`() throws {
        var queue = queue(try .sample(1))
        guard case .granted(let lease, _) = queue.admit(waiter(0), now: 0, wallClock: 0) else {
            throw Late(description: "no slot")
        }
        for number in 1...3 { _ = queue.admit(waiter(number), now: 0, wallClock: 0) }
        #expect(queue.moveAway(now: 1) == [waiter(1), waiter(2), waiter(3)])
        #expect(queue.moveAway(now: 1).isEmpty)
        guard case .moved = queue.admit(waiter(4), now: 1, wallClock: 0) else { throw Late(description: "admitted") }
        guard case .moved = queue.admit(waiter(5), sequence: 2, now: 1, wallClock: 0) else {
            throw Late(description: "admitted")
        }
        #expect(queue.load(now: 1).inFlight == 1 && queue.load(now: 1).queued == 0)
        #expect(queue.load(now: 1).admitted == 4)
        #expect(queue.finish(lease, now: 2)?.waiter == nil)
        queue.comeBack()
        guard case .granted = queue.admit(waiter(6), now: 3, wallClock: 0) else { throw Late(description: "no slot") }
    }

    @Test func `a waiter moved from another queue is admitted above the limit and uses no token`() throws {
        var queue = queue(lengthMax: 1, rate: CallerRate(perSecond: 1, burst: 1))
        for number in 1...3 {
            guard case .waiting = queue.admit(waiter(number), isMoved: true, now: 0, wallClock: 0) else {
                throw Late(description: "rejected")
            }
        }
        guard case .queueFull(1) = queue.admit(waiter(4), from: 7, now: 0, wallClock: 0) else {
            throw Late(description: "admitted above the limit")
        }
        #expect(queue.load(now: 0).queued == 3)
    }

    @Test func `a closed queue does not come back`() throws {
        var queue = queue()
        _ = queue.moveAway(now: 0)
        #expect(queue.close(now: 0).isEmpty)
        queue.comeBack()
        guard case .closed = queue.admit(waiter(1), now: 0, wallClock: 0) else { throw Late(description: "admitted") }
        _ = queue.moveAway(now: 0)
        guard case .closed = queue.admit(waiter(1), now: 0, wallClock: 0) else { throw Late(description: "admitted") }
    }

    @Test func `a forwarding queue has the bounds for length and rate, but not those for slots`() {
        let bounds = InvocationQueue.Bounds(
            concurrency: 1, inFlight: 2, queued: 3, rate: CallerRate(perSecond: 1, burst: 1))
        #expect(bounds.ofForward.concurrency == nil && bounds.ofForward.inFlight == nil)
        #expect(bounds.ofForward.queued == 3 && bounds.ofForward.rate == bounds.rate)
    }
}
