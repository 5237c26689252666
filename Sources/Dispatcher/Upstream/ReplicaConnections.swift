/// The connections that all event loops together have to one replica. No I/O, no clock and no lock.
///
/// A server with one thread serves one connection at a time: while it waits for the next request on an idle one, it
/// serves no other. So there are never more connections than the function's `concurrency`, whichever loops they belong
/// to, and a loop without an idle connection takes one over from another loop.
///
/// The number of threads of a server is unknown. Where new connections are not served although others come free, those
/// that come free are closed for a while; where several that had waited are served then, the replica is known to have
/// few threads. From then on no connection to it stays idle while another one waits to be served.
struct ReplicaConnections {
    /// Where a loop gets a connection from.
    enum Source: Equatable {
        /// One of its own idle ones.
        case own
        /// An idle one of another loop, which is asked to hand it over.
        case borrowed(from: Int)
        case new
    }

    /// Idle connections that are not promised to another loop, by loop.
    private var idle: [Int]
    /// Connections of any kind, those that are being opened included.
    private(set) var open = 0
    /// Most connections at once; `nil`: no limit.
    var limit: Int?
    /// Whether the replica was found to serve few connections at once.
    private(set) var hasFewThreads = false

    /// Connections that carry their first request and have received nothing yet.
    private var unserved = 0
    /// When the first of them was opened, or one of them was served.
    private var waitingSince: UInt64 = 0
    /// Nanoseconds that an exchange takes on a connection that has been served before; an average over the last few.
    private var serviceTime: UInt64 = 0
    /// Since when connections that come free are closed on suspicion.
    private var suspectedSince: UInt64?
    private var confirmations = 0
    /// Doubles with each suspicion that was wrong.
    private var patience: UInt64 = 1

    /// Connections that must be served after others were closed.
    private static let confirmationsNeeded = 2
    /// Nanoseconds that a new connection may wait at least.
    private static let waitMin: UInt64 = 50_000_000
    private static let patienceMax: UInt64 = 64

    init(loops: Int) { idle = [Int](repeating: 0, count: loops) }

    private var isFull: Bool { hasFewThreads || (limit.map { open >= $0 } ?? false) }

    // MARK: Opening and closing

    mutating func opened() { open += 1 }

    /// A connection is closed that was not idle, or was promised to another loop.
    mutating func closed() { open -= 1 }

    /// An idle connection is closed. It may have been promised: the other loop then opens one of its own.
    mutating func closedIdle(_ loop: Int) {
        open -= 1
        idle[loop] = max(0, idle[loop] - 1)
    }

    // MARK: Using and keeping

    /// Finds a connection; an idle one counts as used from now on.
    mutating func take(_ loop: Int) -> Source {
        if idle[loop] > 0 {
            idle[loop] -= 1
            return .own
        }
        guard isFull, let other = idle.firstIndex(where: { $0 > 0 }) else { return .new }
        idle[other] -= 1
        return .borrowed(from: other)
    }

    /// None of the loop's own idle connections is fit for what is to be sent.
    /// - Returns: whether one of them must be closed before a new one is opened.
    mutating func refuse(_ loop: Int) -> Bool {
        guard !isFull else { return true }
        idle[loop] += 1
        return false
    }

    /// Whether a connection that has nothing to do is kept; if not, it is to be closed.
    mutating func keep(_ loop: Int, now: UInt64) -> Bool {
        if let limit, open > limit { return false }
        guard !isInTheWay(now) else { return false }
        idle[loop] += 1
        return true
    }

    // MARK: Servers with few threads

    /// A connection has been given its first request.
    mutating func sentFirst(_ now: UInt64) {
        if unserved == 0 { waitingSince = now }
        unserved += 1
    }

    /// The first request of a connection is being answered.
    /// - Parameter began: when it was sent.
    mutating func servedFirst(began: UInt64, now: UInt64) {
        unserved -= 1
        waitingSince = now
        guard let suspectedSince, began < suspectedSince else { return }
        confirmations += 1
        if confirmations >= Self.confirmationsNeeded { hasFewThreads = true }
    }

    /// The first request of a connection will not be answered there.
    mutating func gaveUpFirst() { unserved -= 1 }

    /// An exchange has taken so long on a connection that had been served before.
    mutating func took(_ nanoseconds: UInt64) {
        serviceTime = serviceTime == 0 ? nanoseconds : (serviceTime &* 7 &+ nanoseconds) / 8
    }

    /// Whether idle connections must be closed, because others are not served.
    mutating func mustCloseIdle(_ now: UInt64) -> Bool { idle.contains { $0 > 0 } && isInTheWay(now) }

    /// Whether an idle connection most likely keeps another one from being served.
    private mutating func isInTheWay(_ now: UInt64) -> Bool {
        guard unserved > 0 else { return false }
        guard !hasFewThreads else { return true }
        if let since = suspectedSince {
            if now < since &+ Self.waitMin &+ serviceTime &* 2 { return true }
            // Nothing has come of it: the function is slow.
            if confirmations == 0 { patience = min(patience &* 2, Self.patienceMax) }
            suspectedSince = nil
            confirmations = 0
            waitingSince = now
        }
        guard now >= waitingSince &+ Self.waitMin &* patience &+ serviceTime &* 3 else { return false }
        suspectedSince = now
        return true
    }
}
