/// Requests for a replica of functions for which no invocation waits. The type has no clock: the caller passes the
/// time.
public struct StartRequests: Sendable {
    /// The time that a request holds. A client that waits for the replica repeats it more often than that.
    public static let lifetime = Duration.seconds(5)

    /// The maximum number of requests. Further requests are silently rejected, and their clients repeat them.
    public static let countMax = 10_000

    /// The end of each request, on the monotonic clock.
    private var ends: [Function.ID: Duration] = [:]

    /// Creates an empty set of requests.
    public init() {}

    /// True if there are no requests.
    public var isEmpty: Bool { ends.isEmpty }

    /// The functions with a start request, in no order. Some of the requests may have ended.
    public var functions: [Function.ID] { Array(ends.keys) }

    /// Records a request.
    /// - Returns: true if the request is new, false if it repeats a request that still holds or exceeds ``countMax``.
    public mutating func request(_ function: Function.ID, at now: Duration) -> Bool {
        // Requests that are no longer checked stay in the table, so expired ones are removed when it is full.
        if ends.count >= Self.countMax { ends = ends.filter { $0.value > now } }
        guard ends[function] != nil || ends.count < Self.countMax else { return false }
        let before = ends.updateValue(now + Self.lifetime, forKey: function)
        return before.map { $0 <= now } ?? true
    }

    /// Returns true if a request for the function holds.
    /// - Parameter isAccepting: true if a replica of the function accepts invocations, which ends the request.
    public mutating func holds(_ function: Function.ID, isAccepting: Bool, at now: Duration) -> Bool {
        guard let end = ends[function] else { return false }
        guard isAccepting || end <= now else { return true }
        ends[function] = nil
        return false
    }
}
