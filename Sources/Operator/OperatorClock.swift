import F2SSystem

/// The operator's source of time. Tests advance one by hand.
public protocol OperatorClock: Sendable {
    /// Returns the time since an arbitrary start. It never decreases.
    func now() -> Duration
    /// Returns the time of day, in seconds since 1970.
    func secondsSince1970() -> Double
    /// Returns after `duration`.
    /// - Throws: `CancellationError` if the task is cancelled.
    func sleep(for duration: Duration) async throws
}

/// The clocks of the machine.
public struct SystemOperatorClock: OperatorClock {
    private let start = ContinuousClock.now

    /// Creates a clock that starts now.
    public init() {}

    /// Returns the time since this clock was created, including the time that the machine was suspended.
    public func now() -> Duration { start.duration(to: .now) }

    /// Returns the machine's time of day, in seconds since 1970.
    public func secondsSince1970() -> Double { SystemClock.secondsSince1970() }

    /// Suspends the task without blocking a thread.
    public func sleep(for duration: Duration) async throws { try await ContinuousClock().sleep(for: duration) }
}
