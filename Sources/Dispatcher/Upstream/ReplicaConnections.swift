/// The connections of all event loops to one replica. No I/O, no clock and no lock.
///
/// A server with one thread serves one connection at a time: while it waits for the next request on an idle one, it
/// serves no other. There are therefore never more connections than the function's `concurrency`, over all loops, and a
/// loop without an idle connection borrows one from another loop.
///
/// The number of threads of a server is unknown. If new connections are not served although others become idle, those
/// are closed for a while. If several connections that had waited are served then, the replica is known to have few
/// threads. From then on no connection to it stays idle while another one waits to be served.
struct ReplicaConnections {
    /// The source of a connection for a loop.
    enum Source: Equatable {
        /// One of the loop's own idle connections.
        case own
        /// An idle connection of another loop, which is asked to hand it over.
        case borrowed(from: Int)
        case new
    }

    /// The number of idle connections that are not promised to another loop, by loop.
    private var idle: [Int]
    /// The number of connections, including those that are being opened.
    private(set) var open = 0
    /// The most connections at a time; `nil` for no limit.
    var limit: Int?
    /// True if the replica was found to serve few connections at a time.
    private(set) var hasFewThreads = false

    /// The number of connections that carry their first request and have received nothing yet.
    private var unserved = 0
    /// The time at which the first of them was opened, or one of them was served.
    private var waitingSince: UInt64 = 0
    /// The time of an exchange on a connection that has been served before, in nanoseconds; an average over the last
    /// few.
    private var serviceTime: UInt64 = 0
    /// The time since which connections that become idle are closed on suspicion; `nil` if there is no suspicion.
    private var suspectedSince: UInt64?
    private var confirmations = 0
    /// A factor for the next wait, which doubles with each suspicion that was wrong. `Backoff` of the model does not
    /// serve here: the factor lengthens only ``waitMin``, and this state is asked for each connection that is kept.
    private var waitFactor: UInt64 = 1

    /// The number of connections that must be served after others were closed, to confirm a suspicion.
    private static let confirmationsNeeded = 2
    /// The time, in nanoseconds, that a new connection may wait in any case.
    private static let waitMin: UInt64 = 50_000_000
    private static let waitFactorMax: UInt64 = 64

    init(loops: Int) { idle = [Int](repeating: 0, count: loops) }

    private var isFull: Bool { hasFewThreads || (limit.map { open >= $0 } ?? false) }

    // MARK: Opening and closing

    mutating func opened() { open += 1 }

    /// Records that a connection was closed that was not idle, or was promised to another loop.
    mutating func closed() { open -= 1 }

    /// Records that an idle connection was closed. If it was promised to another loop, that loop opens a new one.
    mutating func closedIdle(_ loop: Int) {
        open -= 1
        idle[loop] = max(0, idle[loop] - 1)
    }

    // MARK: Using and keeping

    /// Returns the source of a connection. An idle connection counts as used from now on.
    mutating func lease(_ loop: Int) -> Source {
        if idle[loop] > 0 {
            idle[loop] -= 1
            return .own
        }
        guard isFull, let other = idle.firstIndex(where: { $0 > 0 }) else { return .new }
        idle[other] -= 1
        return .borrowed(from: other)
    }

    /// Records that none of the loop's own idle connections meets the requirement.
    /// - Returns: True if one of them must be closed before a new one is opened.
    mutating func refuse(_ loop: Int) -> Bool {
        guard !isFull else { return true }
        idle[loop] += 1
        return false
    }

    /// Returns true if an unused connection is kept, and false if it must be closed.
    mutating func keep(_ loop: Int, now: UInt64) -> Bool {
        if let limit, open > limit { return false }
        guard !isInTheWay(now) else { return false }
        idle[loop] += 1
        return true
    }

    // MARK: Servers with few threads

    /// Records that a connection has been given its first request.
    mutating func sentFirst(_ now: UInt64) {
        if unserved == 0 { waitingSince = now }
        unserved += 1
    }

    /// Records that the first request of a connection is being answered.
    /// - Parameter began: The time at which the request was sent.
    mutating func servedFirst(began: UInt64, now: UInt64) {
        unserved -= 1
        waitingSince = now
        guard let suspectedSince, began < suspectedSince else { return }
        confirmations += 1
        if confirmations >= Self.confirmationsNeeded { hasFewThreads = true }
    }

    /// Records that the first request of a connection will not be answered there.
    mutating func gaveUpFirst() { unserved -= 1 }

    /// Records the time of an exchange on a connection that had been served before.
    mutating func took(_ nanoseconds: UInt64) {
        serviceTime = serviceTime == 0 ? nanoseconds : (serviceTime &* 7 &+ nanoseconds) / 8
    }

    /// Returns true if idle connections must be closed, because others are not served.
    mutating func mustCloseIdle(_ now: UInt64) -> Bool { idle.contains { $0 > 0 } && isInTheWay(now) }

    /// Returns true if an idle connection most likely keeps another one from being served.
    private mutating func isInTheWay(_ now: UInt64) -> Bool {
        guard unserved > 0 else { return false }
        guard !hasFewThreads else { return true }
        if let since = suspectedSince {
            if now < since &+ Self.waitMin &+ serviceTime &* 2 { return true }
            // No connection was served: the function is slow.
            if confirmations == 0 { waitFactor = min(waitFactor &* 2, Self.waitFactorMax) }
            suspectedSince = nil
            confirmations = 0
            waitingSince = now
        }
        guard now >= waitingSince &+ Self.waitMin &* waitFactor &+ serviceTime &* 3 else { return false }
        suspectedSince = now
        return true
    }
}
