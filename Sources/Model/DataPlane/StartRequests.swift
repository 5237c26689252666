/// Functions of which a replica was asked for although no invocation waits. Pure: the caller says what time it is.
public struct StartRequests: Sendable {
    /// How long a request holds; a client that waits for the replica repeats it more often than that.
    public static let lifetime = Duration.seconds(5)

    /// Requests at once. A further one is refused silently: its client repeats it.
    public static let countMax = 10_000

    /// When each request ends, on the monotonic clock.
    private var ends: [Function.ID: Duration] = [:]

    /// No requests.
    public init() {}

    /// Whether there is none.
    public var isEmpty: Bool { ends.isEmpty }

    /// The functions that a start was requested of, in no order; some of the requests may have ended.
    public var functions: [Function.ID] { Array(ends.keys) }

    /// Notes a request.
    /// - Returns: whether it is new, and not the repetition of one that still holds.
    public mutating func request(_ function: Function.ID, at now: Duration) -> Bool {
        // Those of functions that nobody looks at any more leave when there is no room for others.
        if ends.count >= Self.countMax { ends = ends.filter { $0.value > now } }
        guard ends[function] != nil || ends.count < Self.countMax else { return false }
        let before = ends.updateValue(now + Self.lifetime, forKey: function)
        return before.map { $0 <= now } ?? true
    }

    /// Whether a request for the function holds.
    /// - Parameter isAccepting: whether a replica of it takes invocations, which ends the request.
    public mutating func holds(_ function: Function.ID, isAccepting: Bool, at now: Duration) -> Bool {
        guard let end = ends[function] else { return false }
        guard isAccepting || end <= now else { return true }
        ends[function] = nil
        return false
    }
}
