/// A wake-up call: "look again". Raised any number of times before somebody looks, it counts once.
public final class Signal: Sendable {
    private let latest = Latest<Void>(())

    /// A signal that nobody has raised.
    public init() {}

    /// Wakes every follower. Never waits.
    public func raise() { latest.publish(()) }

    /// Yields once at once and once per burst of ``raise()``.
    public func arrivals() -> AsyncStream<Void> { latest.values() }

    /// Yields once at once and once per burst of ``raise()`` of any of the signals. It wakes its follower directly: no
    /// task stands between them.
    public static func arrivals(of signals: [Signal]) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let ends = signals.map { $0.latest.follow(continuation) }
        continuation.onTermination = { _ in for end in ends { end() } }
        return stream
    }
}
