/// A signal to check the state again. Signals that are raised before a follower reacts are coalesced into one.
public final class Signal: Sendable {
    private let latest = Latest<Void>(())

    /// Creates a signal that has not been raised.
    public init() {}

    /// Wakes every follower. It never waits.
    public func raise() { latest.publish(()) }

    /// Returns a stream that yields once immediately, and once per burst of ``raise()``.
    public func arrivals() -> AsyncStream<Void> { latest.values() }

    /// Returns a stream that yields once immediately, and once per burst of ``raise()`` of any of the signals. The
    /// signals wake the follower directly, without a task in between.
    public static func arrivals(of signals: [Signal]) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let ends = signals.map { $0.latest.follow(continuation) }
        continuation.onTermination = { _ in for end in ends { end() } }
        return stream
    }
}
