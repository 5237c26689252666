import Testing

@testable import F2SDispatcher

/// Which connections to a replica exist, are kept and change loops.
@Suite struct ReplicaConnectionsTests {
    private static let millisecond: UInt64 = 1_000_000

    private func connections(limit: Int? = nil) -> ReplicaConnections {
        var connections = ReplicaConnections(loops: 3)
        connections.limit = limit
        return connections
    }

    private func open(_ connections: inout ReplicaConnections, on loop: Int) {
        #expect(connections.take(loop) == .new)
        connections.opened()
    }

    @Test func `a loop uses its own idle connection first`() {
        var all = connections(limit: 1)
        open(&all, on: 1)
        #expect(all.keep(1, now: 0) == true)
        #expect(all.take(1) == .own)
        #expect(all.open == 1)
    }

    @Test func `at the limit another loop's idle connection is taken over, and promised once`() {
        var all = connections(limit: 2)
        for _ in 0..<2 { open(&all, on: 0) }
        for _ in 0..<2 { #expect(all.keep(0, now: 0) == true) }
        #expect(all.take(2) == .borrowed(from: 0))
        #expect(all.take(1) == .borrowed(from: 0))
        #expect(all.take(0) == .new)
    }

    @Test func `below the limit, and without one, a loop opens a connection of its own`() {
        for limit in [nil, 2] {
            var all = connections(limit: limit)
            open(&all, on: 0)
            #expect(all.keep(0, now: 0) == true)
            open(&all, on: 1)
            #expect(all.keep(1, now: 0) == true)
        }
    }

    @Test func `beyond the limit nothing is kept`() {
        var all = connections(limit: 1)
        open(&all, on: 0)
        // One whose client left while it was being opened.
        open(&all, on: 1)
        #expect(all.keep(1, now: 0) == false)
        all.closed()
        #expect(all.keep(0, now: 0) == true)
        all.limit = 0
        #expect(all.take(0) == .own)
        #expect(all.keep(0, now: 0) == false)
    }

    @Test func `one that is not fit makes way where the limit wants it, and stays where not`() {
        var full = connections(limit: 1)
        open(&full, on: 0)
        #expect(full.keep(0, now: 0) == true)
        #expect(full.take(0) == .own)
        #expect(full.refuse(0) == true)
        full.closed()
        #expect(full.open == 0)
        var free = connections(limit: 2)
        open(&free, on: 0)
        #expect(free.keep(0, now: 0) == true)
        #expect(free.take(0) == .own)
        #expect(free.refuse(0) == false)
        #expect(free.take(0) == .own)
    }

    @Test func `one that closes after it was promised leaves no count behind`() {
        var all = connections(limit: 1)
        open(&all, on: 0)
        #expect(all.keep(0, now: 0) == true)
        #expect(all.take(1) == .borrowed(from: 0))
        all.closedIdle(0)
        #expect(all.open == 0)
        open(&all, on: 1)
        #expect(all.keep(1, now: 0) == true)
        #expect(all.take(1) == .own)
    }

    /// Four connections are served over and over while others wait.
    private func starve(_ all: inout ReplicaConnections, until end: UInt64) -> UInt64? {
        for _ in 0..<6 { open(&all, on: 0) }
        for _ in 0..<6 { all.sentFirst(0) }
        for _ in 0..<2 { all.servedFirst(began: 0, now: 10 * Self.millisecond) }
        var now = 10 * Self.millisecond
        while now < end {
            guard all.keep(0, now: now) else { return now }
            #expect(all.take(0) == .own)
            all.took(10 * Self.millisecond)
            now += 10 * Self.millisecond
        }
        return nil
    }

    @Test func `a server whose threads sit in connections that come free is found out, and kept at that`() throws {
        var all = connections()
        let time = try #require(starve(&all, until: 1000 * Self.millisecond))
        print("idle connections made way after \(time / Self.millisecond) ms")
        #expect(time <= 100 * Self.millisecond)
        #expect(!all.hasFewThreads)
        all.closed()
        for _ in 0..<2 { all.servedFirst(began: 0, now: time + 10 * Self.millisecond) }
        #expect(all.hasFewThreads)
        // Two wait still.
        #expect(all.keep(0, now: time + 11 * Self.millisecond) == false)
        all.closed()
        for _ in 0..<2 { all.servedFirst(began: 0, now: time + 20 * Self.millisecond) }
        #expect(all.keep(0, now: time + 21 * Self.millisecond) == true)
        // Nothing is opened beside an idle one.
        #expect(all.take(1) == .borrowed(from: 0))
    }

    @Test func `a function that is only slow is suspected less and less often, and is never found guilty`() {
        var all = connections()
        open(&all, on: 0)
        #expect(all.keep(0, now: 0) == true)
        open(&all, on: 1)
        all.sentFirst(0)
        var suspicions = 0
        var now: UInt64 = 0
        while now < 20_000 * Self.millisecond {
            now += 50 * Self.millisecond
            guard all.mustCloseIdle(now) else { continue }
            suspicions += 1
            // The window in which something must come of it.
            now += 50 * Self.millisecond
        }
        #expect(suspicions > 0 && suspicions <= 12)
        all.servedFirst(began: 0, now: now)
        #expect(!all.hasFewThreads)
    }

    @Test func `progress is no starvation`() {
        var all = connections()
        open(&all, on: 0)
        #expect(all.keep(0, now: 0) == true)
        for _ in 0..<2 { all.sentFirst(0) }
        for step in 1...100 {
            let now = UInt64(step) * 40 * Self.millisecond
            #expect(all.mustCloseIdle(now) == false)
            all.sentFirst(now)
            all.servedFirst(began: now, now: now)
        }
    }
}
