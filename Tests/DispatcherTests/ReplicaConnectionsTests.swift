import Testing

@testable import F2SDispatcher

/// Tests the decisions to open, keep, close and move connections to a replica.
@Suite struct ReplicaConnectionsTests {
    private static let millisecond: UInt64 = 1_000_000

    private func connections(limit: Int? = nil) -> ReplicaConnections {
        var connections = ReplicaConnections(loops: 3)
        connections.limit = limit
        return connections
    }

    private func open(_ connections: inout ReplicaConnections, on loop: Int) {
        #expect(connections.lease(loop) == .new)
        connections.opened()
    }

    @Test func `a loop uses its own idle connection first`() {
        var all = connections(limit: 1)
        open(&all, on: 1)
        #expect(all.keep(1, now: 0) == true)
        #expect(all.lease(1) == .own)
        #expect(all.open == 1)
    }

    @Test func `at the limit a loop borrows another loop's idle connection, and each is lent once`() {
        var all = connections(limit: 2)
        for _ in 0..<2 { open(&all, on: 0) }
        for _ in 0..<2 { #expect(all.keep(0, now: 0) == true) }
        #expect(all.lease(2) == .borrowed(from: 0))
        #expect(all.lease(1) == .borrowed(from: 0))
        #expect(all.lease(0) == .new)
    }

    @Test func `below the limit or without one, a loop opens its own connection`() {
        for limit in [nil, 2] {
            var all = connections(limit: limit)
            open(&all, on: 0)
            #expect(all.keep(0, now: 0) == true)
            open(&all, on: 1)
            #expect(all.keep(1, now: 0) == true)
        }
    }

    @Test func `no connection above the limit is kept`() {
        var all = connections(limit: 1)
        open(&all, on: 0)
        // A connection whose client left while it was being opened.
        open(&all, on: 1)
        #expect(all.keep(1, now: 0) == false)
        all.closed()
        #expect(all.keep(0, now: 0) == true)
        all.limit = 0
        #expect(all.lease(0) == .own)
        #expect(all.keep(0, now: 0) == false)
    }

    @Test func `a connection that is unfit for a request is closed only at the limit`() {
        var full = connections(limit: 1)
        open(&full, on: 0)
        #expect(full.keep(0, now: 0) == true)
        #expect(full.lease(0) == .own)
        #expect(full.refuse(0) == true)
        full.closed()
        #expect(full.open == 0)
        var free = connections(limit: 2)
        open(&free, on: 0)
        #expect(free.keep(0, now: 0) == true)
        #expect(free.lease(0) == .own)
        #expect(free.refuse(0) == false)
        #expect(free.lease(0) == .own)
    }

    @Test func `a lent connection that closes is no longer counted`() {
        var all = connections(limit: 1)
        open(&all, on: 0)
        #expect(all.keep(0, now: 0) == true)
        #expect(all.lease(1) == .borrowed(from: 0))
        all.closedIdle(0)
        #expect(all.open == 0)
        open(&all, on: 1)
        #expect(all.keep(1, now: 0) == true)
        #expect(all.lease(1) == .own)
    }

    /// Opens six connections and serves one of them over and over while four wait for their first response. Returns the
    /// time at which the connection is not kept, or `nil` if it is kept until `end`.
    private func starve(_ all: inout ReplicaConnections, until end: UInt64) -> UInt64? {
        for _ in 0..<6 { open(&all, on: 0) }
        for _ in 0..<6 { all.sentFirst(0) }
        for _ in 0..<2 { all.servedFirst(began: 0, now: 10 * Self.millisecond) }
        var now = 10 * Self.millisecond
        while now < end {
            guard all.keep(0, now: now) else { return now }
            #expect(all.lease(0) == .own)
            all.took(10 * Self.millisecond)
            now += 10 * Self.millisecond
        }
        return nil
    }

    @Test func `a server with few threads is detected, and its number of connections is limited`() throws {
        var all = connections()
        let time = try #require(starve(&all, until: 1000 * Self.millisecond))
        print("idle connections were closed after \(time / Self.millisecond) ms")
        #expect(time <= 100 * Self.millisecond)
        #expect(!all.hasFewThreads)
        all.closed()
        for _ in 0..<2 { all.servedFirst(began: 0, now: time + 10 * Self.millisecond) }
        #expect(all.hasFewThreads)
        // Two connections still wait for their first response.
        #expect(all.keep(0, now: time + 11 * Self.millisecond) == false)
        all.closed()
        for _ in 0..<2 { all.servedFirst(began: 0, now: time + 20 * Self.millisecond) }
        #expect(all.keep(0, now: time + 21 * Self.millisecond) == true)
        // No connection is opened while another one is idle.
        #expect(all.lease(1) == .borrowed(from: 0))
    }

    @Test func `a slow function is suspected less and less often, and never taken for one with few threads`() {
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
            // The window in which closing the idle connection must have an effect.
            now += 50 * Self.millisecond
        }
        #expect(suspicions > 0 && suspicions <= 12)
        all.servedFirst(began: 0, now: now)
        #expect(!all.hasFewThreads)
    }

    @Test func `a server that makes progress is not suspected`() {
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
