/// A source of demand that F2S does not measure itself, for example a user's query of a metrics server.
///
/// A signal can only raise the number of replicas that the load requires. While a function's signal has no current
/// value, none of the function's replicas is stopped.
public protocol ScaleSignal: Sendable {
    /// Returns the newest reading for a function; `nil` if the function has no signal. It does no I/O and never blocks,
    /// because every decision about the function calls it.
    func currentReading(of function: Function.ID) -> ScaleReading?
}

/// A reading of a ``ScaleSignal``.
public struct ScaleReading: Sendable, Hashable {
    /// The number of replicas that the source requires; `nil` if the source has no value. A number below 1 requires
    /// none.
    public var replicas: Int?
    /// The time since the source had this value.
    public var age: Duration
    /// The source and its value, or the reason why there is none, as a clause without a full stop: `queue_length is
    /// 42`.
    public var reason: String

    /// Creates a reading.
    public init(replicas: Int?, age: Duration, reason: String) {
        self.replicas = replicas
        self.age = age
        self.reason = reason
    }
}
