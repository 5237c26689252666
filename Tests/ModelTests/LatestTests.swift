import F2SModel
import Testing

@Suite struct LatestTests {
    @Test func `a follower gets the current value at once, and only the newest of the values that it missed`() async {
        let latest = Latest(1)
        var values = latest.values().makeAsyncIterator()
        #expect(await values.next() == 1)
        latest.publish(2)
        latest.publish(3)
        latest.update { $0 += 1 }
        #expect(await values.next() == 4)
        #expect(latest.current == 4)
    }

    @Test func `every follower gets the last value, also a follower that starts late`() async {
        let latest = Latest("a")
        var early = latest.values().makeAsyncIterator()
        latest.publish("b")
        var late = latest.values().makeAsyncIterator()
        #expect(await early.next() == "b")
        #expect(await late.next() == "b")
        latest.publish("c")
        #expect(await early.next() == "c")
        #expect(await late.next() == "c")
    }

    @Test func `a cancelled follower ends, and the others continue`() async {
        let latest = Latest(0)
        var other = latest.values().makeAsyncIterator()
        await withTaskGroup(of: Int.self) { group in
            group.addTask {
                var seen = 0
                for await _ in latest.values() { seen += 1 }
                return seen
            }
            group.cancelAll()
            // The follower ends although no further value is published.
            for await seen in group { #expect(seen <= 1) }
        }
        latest.publish(7)
        #expect(await other.next() == 7)
    }

    @Test func `all concurrent changes are applied, and the follower gets the last value`() async {
        let latest = Latest(0)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<100 { latest.update { $0 += 1 } } } }
        }
        var values = latest.values().makeAsyncIterator()
        #expect(await values.next() == 800)
    }

    @Test func `a change that throws does not change the value`() {
        let latest = Latest(1)
        #expect(throws: CancellationError.self) { try latest.update { _ in throw CancellationError() } }
        #expect(latest.current == 1)
    }

    @Test func `each of several signals wakes their follower`() async {
        let signals = [Signal(), Signal(), Signal()]
        var arrivals = Signal.arrivals(of: signals).makeAsyncIterator()
        #expect(await arrivals.next() != nil, "the follower is woken once immediately")
        for signal in signals {
            signal.raise()
            signal.raise()
            #expect(await arrivals.next() != nil)
        }
    }

    @Test func `a signal that is raised several times wakes its follower once`() async {
        let signal = Signal()
        var arrivals = signal.arrivals().makeAsyncIterator()
        #expect(await arrivals.next() != nil)
        for _ in 0..<5 { signal.raise() }
        #expect(await arrivals.next() != nil)
        signal.raise()
        #expect(await arrivals.next() != nil)
    }

    /// Cancelling a task and resuming it both hold the task's lock.
    @Test(.timeLimit(.minutes(2))) func `cancelling a follower during a change causes no deadlock`() async {
        let latest = Latest(0)
        await withTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    latest.update { $0 += 1 }
                    await Task.yield()
                }
            }
            for _ in 0..<20_000 {
                let follower = Task { for await _ in latest.values() {} }
                await Task.yield()
                follower.cancel()
                await follower.value
            }
            group.cancelAll()
        }
        #expect(latest.current > 0)
    }
}
