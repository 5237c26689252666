/// Something that has happened to a function and that people should see.
public struct Event: Sendable, Hashable, Codable {
    /// Orders events, and is the same in every process of the installation: microseconds since 1970, or a little more
    /// where several events share a microsecond.
    public var sequence: UInt64
    /// When, seconds since 1970.
    @UTCTime public var time: Double
    /// The function's name; empty for F2S itself.
    public var function: String
    /// Whether an operator should look.
    public var isWarning: Bool
    /// One word for programs, CamelCase: `Scaled`, `StartFailed`, `RouteConflict` …
    public var reason: String
    /// One sentence.
    public var message: String

    /// An event.
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

/// What has happened: a bounded memory of the newest events, and a way to follow them.
public protocol Events: Sendable {
    /// Adds an event; its sequence number is given here. Never waits: the oldest event makes room.
    func record(_ event: Event)

    /// Adds events that another process has recorded and numbered; those that are remembered already are passed over.
    func take(_ events: [Event])

    /// The number of the newest event that is known here; 0: there is none.
    var newestSequence: UInt64 { get }

    /// The events after `sequence` that are still remembered, oldest first.
    func currentEvents(after sequence: UInt64) -> [Event]

    /// Yields once per burst of new events; read them with ``currentEvents(after:)``.
    func arrivals() -> AsyncStream<Void>
}
