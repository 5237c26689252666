/// The time until the head of a response, by its parts, as `Server-Timing` reports it to a client of HTTP.
public struct InvocationTiming: Sendable, Hashable {
    /// The time spent waiting for a slot while replicas accepted invocations.
    public var queue: Duration
    /// The time spent waiting for a first replica.
    public var start: Duration
    /// The time that the function took, including the connection to it.
    public var function: Duration
    /// True if no replica accepted invocations when this one was admitted.
    public var isCold: Bool

    /// Creates a timing.
    public init(queue: Duration, start: Duration, function: Duration, isCold: Bool) {
        self.queue = queue
        self.start = start
        self.function = function
        self.isCold = isCold
    }
}
