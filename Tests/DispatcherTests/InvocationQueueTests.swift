import F2SModel
import Testing

@testable import F2SDispatcher

@Suite struct InvocationQueueTests {
    private func replica(_ number: Int) throws -> ReplicaCell { try .sample(number) }

    /// A queue whose replicas accept already.
    private func queue(_ cells: [ReplicaCell], concurrency: Int? = 1, lengthMax: Int = 10) -> InvocationQueue {
        var queue = InvocationQueue(concurrency: concurrency, lengthMax: lengthMax, now: 0)
        _ = queue.update(cells.map { ($0, false) }, trouble: nil, hasStarting: false, now: 0)
        for cell in cells { _ = queue.accepted(cell, now: 0) }
        return queue
    }

    private func waiter(_ number: Int) -> InvocationQueue.Waiter { .init(loop: 0, entry: number, generation: 1) }

    private func admit(_ queue: inout InvocationQueue, _ number: Int, wallClock: Double = 0)
        -> InvocationQueue.Admission
    {
        queue.admit(waiter(number), now: 0, wallClock: wallClock)
    }

    private func grant(_ admission: InvocationQueue.Admission) throws -> InvocationQueue.Grant {
        guard case .granted(let grant, _) = admission else { throw Late(description: "\(admission)") }
        return grant
    }

    private func sequence(_ admission: InvocationQueue.Admission) throws -> UInt64 {
        switch admission {
        case .granted(_, let sequence), .waiting(let sequence, _, _): return sequence
        case .full, .limited, .failed, .closed, .moved: throw Late(description: "\(admission)")
        }
    }

    private func trouble(attempts: Int = 1, nextAttempt: Double = 10) -> StartTrouble {
        StartTrouble(
            stage: .start, reason: "ExitedAtStart", message: "m", revision: Revision(text: "r"), attempts: attempts,
            nextAttempt: nextAttempt, retryAfterSeconds: 1)
    }

    @Test func `the replica with the fewest invocations gets the next one`() throws {
        let cells = try (0..<3).map(replica)
        var queue = queue(cells, concurrency: nil)
        var grants: [InvocationQueue.Grant] = []
        for number in 0..<30 { grants.append(try grant(admit(&queue, number))) }
        for cell in cells { #expect(grants.count { $0.replica === cell } == 10) }
        for given in grants where given.replica === cells[1] { _ = queue.finish(given, now: 0) }
        for number in 0..<10 { #expect(try grant(admit(&queue, number)).replica === cells[1]) }
        #expect(queue.inFlight == 30)
    }

    @Test func `never more than the limit at once, and slots go to those who wait in order of admission`() throws {
        var queue = queue([try replica(0), try replica(1)], concurrency: 1)
        let first = try grant(admit(&queue, 0))
        let second = try grant(admit(&queue, 1))
        #expect(first.replica !== second.replica)
        for number in 2..<5 { _ = admit(&queue, number) }
        #expect(queue.queued == 3)
        let wake = try queue.finish(second, now: 0).orThrow()
        #expect(wake.waiter == waiter(2))
        #expect(wake.grant.replica === second.replica)
        #expect(try queue.finish(first, now: 0).orThrow().waiter == waiter(3))
        #expect(queue.inFlight == 2)
        #expect(queue.queued == 1)
    }

    @Test(arguments: [true, false])
    func `a slot that was given up counts until its replica is gone`(isListed: Bool) throws {
        let cells = try (0..<2).map(replica)
        var queue = InvocationQueue(
            InvocationQueue.Bounds(concurrency: 2, inFlight: 3, queued: 10), now: 0)
        _ = queue.update(cells.map { ($0, false) }, trouble: nil, hasStarting: false, now: 0)
        for cell in cells { _ = queue.accepted(cell, now: 0) }
        let grants = try (0..<3).map { try grant(admit(&queue, $0)) }
        _ = admit(&queue, 3)
        let hung = try #require(grants.first { one in grants.count { $0.replica === one.replica } == 2 })
        let position = hung.position
        #expect(queue.giveUp(hung, now: 0) == nil)
        #expect(queue.inFlight == 3)
        #expect(!queue.isDrained(position))
        // The replica takes nothing any more, the other one does.
        let other = try #require(grants.first { $0.replica !== hung.replica })
        #expect(try queue.finish(other, now: 0).orThrow().grant.replica === other.replica)
        _ = admit(&queue, 4)
        let rest = try #require(grants.last { $0.replica === hung.replica })
        #expect(queue.finish(rest, now: 0)?.grant.replica === other.replica)
        let listed = cells.map { ($0, $0 === hung.replica) }
        #expect(queue.update(listed, trouble: nil, hasStarting: false, now: 0).wakes.isEmpty)
        #expect(queue.isDrained(position))
        #expect(queue.inFlight == 3)
        _ = admit(&queue, 5)
        let others = cells.filter { $0 !== hung.replica }
        if isListed {
            _ = queue.update(others.map { ($0, false) }, trouble: nil, hasStarting: false, now: 0)
        } else {
            _ = queue.close(now: 0)
            #expect(queue.inFlight == 3)
            queue.keep(only: others, now: 0)
        }
        #expect(queue.inFlight == 2)
    }

    @Test func `who leaves is passed over, and leaving twice or after a grant is told`() throws {
        var queue = queue([try replica(0)])
        let held = try grant(admit(&queue, 0))
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

    @Test func `a full queue refuses, and one who comes back is let in all the same`() throws {
        var queue = queue([try replica(0)], lengthMax: 1)
        let held = try grant(admit(&queue, 0))
        _ = admit(&queue, 1)
        guard case .full(1) = admit(&queue, 2) else { throw Late(description: "not full") }
        let back = queue.admit(waiter(3), sequence: 0, now: 0, wallClock: 0)
        guard case .waiting(0, false, false) = back else { throw Late(description: "\(back)") }
        #expect(try queue.finish(held, now: 0).orThrow().waiter == waiter(3))
    }

    @Test func `one who comes back stands before all that came later`() throws {
        var queue = queue([try replica(0)])
        let held = try grant(admit(&queue, 0))
        for number in 1...3 { _ = admit(&queue, number) }
        _ = queue.finish(held, now: 0)
        _ = queue.admit(waiter(9), sequence: 1, now: 0, wallClock: 0)
        _ = queue.admit(waiter(8), sequence: 0, now: 0, wallClock: 0)
        let woken = queue.removeAllForTest()
        #expect(woken == [waiter(8), waiter(9), waiter(2), waiter(3)])
    }

    @Test func `the replica that has just failed is taken only where there is no other`() throws {
        let cells = [try replica(0), try replica(1)]
        var queue = queue(cells, concurrency: nil)
        for _ in 0..<5 {
            let admission = queue.admit(waiter(0), avoiding: cells[0], sequence: 0, now: 0, wallClock: 0)
            #expect(try grant(admission).replica === cells[1])
        }
        _ = queue.refused(cells[1])
        let admission = queue.admit(waiter(0), avoiding: cells[0], sequence: 0, now: 0, wallClock: 0)
        #expect(try grant(admission).replica === cells[0])
    }

    @Test func `a cold function is wanted once, however many wait`() throws {
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
        guard case .waiting(_, true, true) = admit(&queue, 7) else { throw Late(description: "not wanted again") }
    }

    @Test func `a replica is used from the moment it accepts, and not before`() throws {
        let cell = try replica(0)
        var queue = InvocationQueue(concurrency: 2, lengthMax: 10, now: 0)
        _ = admit(&queue, 0)
        #expect(queue.update([(cell, false)], trouble: nil, hasStarting: true, now: 0).wakes.map(\.waiter) == [])
        #expect(queue.unaccepted() == [0])
        for number in 1..<4 { _ = admit(&queue, number) }
        let wakes = queue.accepted(cell, now: 0)
        #expect(wakes.map(\.waiter) == [waiter(0), waiter(1)])
        #expect(queue.unaccepted().isEmpty)
        #expect(queue.accepted(cell, now: 0).map(\.waiter) == [])
        #expect(queue.accepted(try replica(1), now: 0).map(\.waiter) == [])
    }

    @Test func `a replica that refuses takes nothing until it accepts again`() throws {
        let cell = try replica(0)
        var queue = queue([cell])
        #expect(queue.refused(cell) == true)
        #expect(queue.refused(cell) == false)
        guard case .waiting(_, true, true) = admit(&queue, 0) else { throw Late(description: "not cold") }
        #expect(queue.accepted(cell, now: 0).count == 1)
    }

    @Test func `a draining replica gets nothing new and is drained when its last invocation ends`() throws {
        let cell = try replica(0)
        var queue = queue([cell], concurrency: nil)
        let first = try grant(admit(&queue, 0))
        let second = try grant(admit(&queue, 1))
        _ = queue.update([(cell, true)], trouble: nil, hasStarting: false, now: 0)
        guard case .waiting = admit(&queue, 2) else { throw Late(description: "granted") }
        #expect(queue.finish(first, now: 0)?.waiter == nil)
        #expect(!queue.isDrained(first.position))
        #expect(queue.finish(second, now: 0)?.waiter == nil)
        #expect(queue.isDrained(second.position))
        #expect(queue.currentReplicas().first?.1.inFlight == 0)
    }

    @Test func `a replica that is listed no longer finishes what it has, and its place is used again`() throws {
        let old = try replica(0)
        let new = try replica(1)
        var queue = queue([old])
        let held = try grant(admit(&queue, 0))
        _ = queue.update([(new, false)], trouble: nil, hasStarting: false, now: 0)
        _ = queue.accepted(new, now: 0)
        let other = try grant(admit(&queue, 1))
        #expect(other.replica === new)
        #expect(queue.finish(held, now: 0)?.waiter == nil)
        #expect(queue.isDrained(held.position))
        #expect(queue.finish(other, now: 0)?.waiter == nil)
        #expect(queue.inFlight == 0)
        _ = queue.finish(other, now: 0)
        #expect(queue.inFlight == 0)
    }

    @Test func `more concurrency frees slots, less takes none away`() throws {
        var queue = queue([try replica(0)])
        _ = admit(&queue, 0)
        for number in 1...4 { _ = admit(&queue, number) }
        #expect(queue.update(.init(concurrency: 3, queued: 10), now: 0).map(\.waiter) == [waiter(1), waiter(2)])
        #expect(queue.update(.init(concurrency: 1, queued: 10), now: 0).map(\.waiter) == [])
        #expect(queue.inFlight == 3)
        #expect(queue.update(.init(queued: 10), now: 0).count == 2)
    }

    @Test func `a start that failed fails those who wait, and those who come until the next attempt`() throws {
        var queue = InvocationQueue(concurrency: nil, lengthMax: 10, now: 0)
        _ = admit(&queue, 0)
        let failed = queue.update([], trouble: trouble(), hasStarting: false, now: 0).failed
        #expect(failed == [waiter(0)])
        guard case .failed = admit(&queue, 1, wallClock: 9) else { throw Late(description: "admitted") }
        guard case .waiting(_, true, true) = admit(&queue, 2, wallClock: 10) else {
            throw Late(description: "not tried again")
        }
        // The same trouble told again is not another one; the next attempt's is.
        #expect(queue.update([], trouble: trouble(), hasStarting: false, now: 0).failed == [])
        #expect(queue.update([], trouble: trouble(attempts: 2), hasStarting: true, now: 0).failed == [])
        #expect(queue.update([], trouble: trouble(attempts: 3), hasStarting: false, now: 0).failed == [waiter(2)])
        #expect(queue.queued == 0)
    }

    @Test func `a trouble says nothing while another replica serves`() throws {
        let cell = try replica(0)
        var queue = queue([cell])
        #expect(queue.update([(cell, false)], trouble: trouble(), hasStarting: false, now: 0).failed == [])
        #expect(throws: Never.self) { try self.grant(self.admit(&queue, 0, wallClock: 0)) }
    }

    @Test func `a function that is gone tells those who wait and admits nobody`() throws {
        var queue = queue([try replica(0)])
        let held = try grant(admit(&queue, 0))
        _ = admit(&queue, 1)
        #expect(queue.close(now: 0) == [waiter(1)])
        guard case .closed = admit(&queue, 2) else { throw Late(description: "admitted") }
        #expect(queue.finish(held, now: 0)?.waiter == nil)
        #expect(queue.inFlight == 0)
    }

    @Test func `the integral of what is in hand is exact`() throws {
        var queue = queue([try replica(0)])
        guard case .granted(let held, _) = queue.admit(waiter(0), now: 1_000_000_000, wallClock: 0) else {
            throw Late(description: "not granted")
        }
        _ = queue.admit(waiter(1), now: 3_000_000_000, wallClock: 0)
        _ = queue.finish(held, now: 4_000_000_000)
        let load = queue.load(now: 6_000_000_000)
        // Two seconds with one, one with two, two with one.
        #expect(load.concurrencySeconds == 6)
        #expect(load.admitted == 2)
    }
}
