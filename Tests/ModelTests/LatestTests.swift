import F2SModel
import Testing

@Suite struct LatestTests {
    @Test func `a follower gets the value of now at once, and of what it missed the newest`() async {
        let latest = Latest(1)
        var values = latest.values().makeAsyncIterator()
        #expect(await values.next() == 1)
        latest.publish(2)
        latest.publish(3)
        latest.update { $0 += 1 }
        #expect(await values.next() == 4)
        #expect(latest.current == 4)
    }

    @Test func `every follower gets every last value, also one that comes late`() async {
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

    @Test func `a follower that is cancelled ends, and the others go on`() async {
        let latest = Latest(0)
        var other = latest.values().makeAsyncIterator()
        await withTaskGroup(of: Int.self) { group in
            group.addTask {
                var seen = 0
                for await _ in latest.values() { seen += 1 }
                return seen
            }
            group.cancelAll()
            // It ends although nothing more is published.
            for await seen in group { #expect(seen <= 1) }
        }
        latest.publish(7)
        #expect(await other.next() == 7)
    }

    @Test func `concurrent changes are all made, and the last value comes to the follower`() async {
        let latest = Latest(0)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<100 { latest.update { $0 += 1 } } } }
        }
        var values = latest.values().makeAsyncIterator()
        #expect(await values.next() == 800)
    }

    @Test func `a change that throws keeps the value`() {
        let latest = Latest(1)
        #expect(throws: CancellationError.self) { try latest.update { _ in throw CancellationError() } }
        #expect(latest.current == 1)
    }

    @Test func `a follower of several signals is woken by each of them`() async {
        let signals = [Signal(), Signal(), Signal()]
        var arrivals = Signal.arrivals(of: signals).makeAsyncIterator()
        #expect(await arrivals.next() != nil, "it is woken once at once")
        for signal in signals {
            signal.raise()
            signal.raise()
            #expect(await arrivals.next() != nil)
        }
    }

    @Test func `a signal that was raised often wakes once`() async {
        let signal = Signal()
        var arrivals = signal.arrivals().makeAsyncIterator()
        #expect(await arrivals.next() != nil)
        for _ in 0..<5 { signal.raise() }
        #expect(await arrivals.next() != nil)
        signal.raise()
        #expect(await arrivals.next() != nil)
    }

    /// Cancelling a task and resuming it both hold the task's lock.
    @Test(.timeLimit(.minutes(2))) func `a follower that is cancelled during a change blocks no other`() async {
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
