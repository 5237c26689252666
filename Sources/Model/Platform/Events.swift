/// An occurrence that concerns a function and that operators should see.
public struct Event: Sendable, Hashable, Codable {
    /// The sequence number, which orders events and is the same in every process of the installation: microseconds
    /// since 1970, or slightly more if several events have the same microsecond.
    public var sequence: UInt64
    /// The time, in seconds since 1970.
    @UTCTime public var time: Double
    /// The function's name; empty for F2S itself.
    public var function: String
    /// True if an operator should act.
    public var isWarning: Bool
    /// One word for programs, in CamelCase: `Scaled`, `StartFailed`, `RouteConflict` …
    public var reason: String
    /// One sentence for people.
    public var message: String

    /// Creates an event.
    public init(
        sequence: UInt64 = 0, time: Double, function: String, isWarning: Bool = false, reason: String, message: String
    ) {
        self.sequence = sequence
        self.time = time
        self.function = function
        self.isWarning = isWarning
        self.reason = reason
        self.message = message
    }
}

/// A bounded buffer of the newest events, and a way to follow them.
public protocol Events: Sendable {
    /// Adds an event and assigns its sequence number. It never waits: if the buffer is full, the oldest event is
    /// dropped.
    func record(_ event: Event)

    /// Adds events that another process has recorded and numbered. Events that are already in the buffer are ignored.
    func emit(_ events: [Event])

    /// The sequence number of the newest event in this process; 0 if there is none.
    var newestSequence: UInt64 { get }

    /// Returns the events after `sequence` that are still in the buffer, oldest first.
    func currentEvents(after sequence: UInt64) -> [Event]

    /// Yields once per burst of new events; read them with ``currentEvents(after:)``.
    func arrivals() -> AsyncStream<Void>
}
