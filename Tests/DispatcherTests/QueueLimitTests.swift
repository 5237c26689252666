import F2SModel
import Testing

@testable import F2SDispatcher

/// What a function's own limits (`target.limits`) do to its queue.
@Suite struct QueueLimitTests {
    private func queue(_ replicas: Int, _ bounds: InvocationQueue.Bounds) throws -> InvocationQueue {
        var queue = InvocationQueue(bounds, now: 0)
        let cells = try (0..<replicas).map { try ReplicaCell.sample($0) }
        _ = queue.update(cells.map { ($0, false) }, trouble: nil, hasStarting: false, now: 0)
        for cell in cells { _ = queue.accepted(cell, now: 0) }
        return queue
    }

    private func waiter(_ number: Int) -> InvocationQueue.Waiter { .init(loop: 0, entry: number, generation: 1) }

    private func admit(
        _ queue: inout InvocationQueue, _ number: Int, from principal: UInt64? = nil, sequence: UInt64? = nil,
        now: UInt64 = 0
    ) -> InvocationQueue.Admission {
        queue.admit(waiter(number), from: principal, sequence: sequence, now: now, wallClock: 0)
    }

    private func grant(_ admission: InvocationQueue.Admission) throws -> InvocationQueue.Grant {
        guard case .granted(let grant, _) = admission else { throw Late(description: "\(admission)") }
        return grant
    }

    @Test func `never more in flight than the function allows, however many slots its replicas have`() throws {
        var queue = try queue(3, .init(concurrency: 10, inFlight: 2, queued: 10))
        let first = try grant(admit(&queue, 0))
        let second = try grant(admit(&queue, 1))
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

    @Test func `one who comes back waits for the limit too, in front`() throws {
        var queue = try queue(2, .init(inFlight: 1, queued: 10))
        let failed = try grant(admit(&queue, 0))
        _ = admit(&queue, 1)
        _ = admit(&queue, 2)
        let held = try queue.finish(failed, now: 0).orThrow()
        #expect(held.waiter == waiter(1))
        guard case .waiting = admit(&queue, 9, sequence: 0) else { throw Late(description: "granted over the limit") }
        #expect(try queue.finish(held.grant, now: 0).orThrow().waiter == waiter(9))
    }

    @Test func `a changed limit lets in as many as it makes room for, and takes nothing away`() throws {
        var queue = try queue(2, .init(inFlight: 1, queued: 10))
        var held = [try grant(admit(&queue, 0))]
        for number in 1...5 { _ = admit(&queue, number) }
        let wakes = queue.update(.init(inFlight: 3, queued: 10), now: 0)
        #expect(wakes.map(\.waiter) == [waiter(1), waiter(2)])
        held += wakes.map(\.grant)
        #expect(queue.update(.init(inFlight: 2, queued: 10), now: 0).map(\.waiter) == [])
        #expect(queue.inFlight == 3)
        #expect(queue.finish(held[0], now: 0)?.waiter == nil)
        #expect(queue.finish(held[1], now: 0)?.waiter == waiter(3))
        #expect(queue.update(.init(queued: 10), now: 0).map(\.waiter) == [waiter(4), waiter(5)])
    }

    @Test func `where nobody may wait, the next one is refused at once`() throws {
        var queue = try queue(1, .init(inFlight: 1, queued: 0))
        let held = try grant(admit(&queue, 0))
        guard case .full(limit: 0) = admit(&queue, 1) else { throw Late(description: "not refused") }
        #expect(queue.finish(held, now: 0)?.waiter == nil)
        _ = try grant(admit(&queue, 2))
        // One whose connection failed has been let in before.
        guard case .waiting = admit(&queue, 3, sequence: 0) else { throw Late(description: "refused") }
    }

    @Test func `a shorter queue refuses newcomers and keeps those who wait already`() throws {
        var queue = try queue(1, .init(concurrency: 1, queued: 5))
        let held = try grant(admit(&queue, 0))
        for number in 1...3 { _ = admit(&queue, number) }
        #expect(queue.update(.init(concurrency: 1, queued: 1), now: 0).map(\.waiter) == [])
        guard case .full(limit: 1) = admit(&queue, 4) else { throw Late(description: "not refused") }
        #expect(queue.queued == 3)
        #expect(try queue.finish(held, now: 0).orThrow().waiter == waiter(1))
    }

    @Test func `each caller has a rate of its own, and who is refused was never admitted`() throws {
        var queue = try queue(1, .init(queued: 10, rate: CallerRate(perSecond: 10, burst: 2)))
        for number in 0..<2 { _ = try grant(admit(&queue, number, from: 7)) }
        guard case .limited(retryAfterNanoseconds: 100_000_000) = admit(&queue, 2, from: 7) else {
            throw Late(description: "not limited")
        }
        #expect(queue.load(now: 0).admitted == 2 && queue.inFlight == 2)
        _ = try grant(admit(&queue, 3, from: 8))
        _ = try grant(admit(&queue, 4))
        guard case .limited(retryAfterNanoseconds: 1) = admit(&queue, 5, from: 7, now: 99_999_999) else {
            throw Late(description: "not limited")
        }
        _ = try grant(admit(&queue, 6, from: 7, now: 100_000_000))
    }

    @Test func `one who comes back does not pay again`() throws {
        var queue = try queue(2, .init(queued: 10, rate: CallerRate(perSecond: 1, burst: 2)))
        let failed = try grant(admit(&queue, 0, from: 7))
        for _ in 0..<3 {
            _ = queue.finish(failed, now: 0)
            _ = try grant(admit(&queue, 0, from: 7, sequence: 0))
        }
        _ = try grant(admit(&queue, 1, from: 7))
        guard case .limited = admit(&queue, 2, from: 7) else { throw Late(description: "not limited") }
    }

    @Test func `a rate can come, change and go; other limits leave what a caller owes alone`() throws {
        var queue = try queue(1, .init(queued: 10))
        for number in 0..<5 { _ = try grant(admit(&queue, number, from: 7)) }
        let rate = CallerRate(perSecond: 1)
        _ = queue.update(.init(queued: 10, rate: rate), now: 0)
        _ = try grant(admit(&queue, 5, from: 7))
        _ = queue.update(.init(inFlight: 100, queued: 20, rate: rate), now: 0)
        guard case .limited = admit(&queue, 6, from: 7) else { throw Late(description: "forgot what is owed") }
        _ = queue.update(.init(queued: 10, rate: CallerRate(perSecond: 2)), now: 0)
        for number in 7..<9 { _ = try grant(admit(&queue, number, from: 7)) }
        guard case .limited = admit(&queue, 9, from: 7) else { throw Late(description: "not limited") }
        _ = queue.update(.init(queued: 10), now: 0)
        _ = try grant(admit(&queue, 10, from: 7))
    }

    @Test func `a function that is gone says so, not that its caller is too fast`() throws {
        var queue = try queue(1, .init(queued: 10, rate: CallerRate(perSecond: 1)))
        _ = try grant(admit(&queue, 0, from: 7))
        _ = queue.close(now: 0)
        guard case .closed = admit(&queue, 1, from: 7) else { throw Late(description: "not closed") }
    }

    @Test func `a draining replica that accepts only now does not make a cold function wanted twice`() throws {
        let cell = try ReplicaCell.sample(0)
        var queue = InvocationQueue(.init(queued: 10), now: 0)
        _ = queue.update([(cell, true)], trouble: nil, hasStarting: false, now: 0)
        guard case .waiting(_, isCold: true, activate: true) = admit(&queue, 0) else {
            throw Late(description: "not wanted")
        }
        #expect(queue.accepted(cell, now: 0).map(\.waiter) == [])
        guard case .waiting(_, isCold: true, activate: false) = admit(&queue, 1) else {
            throw Late(description: "wanted twice")
        }
    }
}
