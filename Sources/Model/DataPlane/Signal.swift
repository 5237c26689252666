/// A wake-up call: "look again". Raised any number of times before somebody looks, it counts once.
public final class Signal: Sendable {
    private let latest = Latest<Void>(())

    /// A signal that nobody has raised.
    public init() {}

    /// Wakes every follower. Never waits.
    public func raise() { latest.publish(()) }

    /// Yields once at once and once per burst of ``raise()``.
    public func arrivals() -> AsyncStream<Void> { latest.values() }
}
