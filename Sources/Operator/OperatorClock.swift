import Glibc

/// Time as the operator sees it; tests drive one by hand.
public protocol OperatorClock: Sendable {
    /// Time since an arbitrary start; it never goes back.
    func now() -> Duration
    /// The time of day, in seconds since 1970.
    func secondsSince1970() -> Double
    /// Returns after `duration`.
    /// - Throws: `CancellationError`.
    func sleep(for duration: Duration) async throws
}

/// The machine's clocks.
public struct SystemOperatorClock: OperatorClock {
    private let start = ContinuousClock.now

    /// A clock that begins now.
    public init() {}

    /// Time since this clock was made, the machine's sleep included.
    public func now() -> Duration { start.duration(to: .now) }

    /// The machine's time of day.
    public func secondsSince1970() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Sleeps without holding a thread.
    public func sleep(for duration: Duration) async throws { try await ContinuousClock().sleep(for: duration) }
}
