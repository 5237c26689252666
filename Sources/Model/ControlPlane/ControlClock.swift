/// The control plane's source of time. Tests advance one by hand.
public protocol ControlClock: Sendable {
    /// Returns the time since an arbitrary start. It never decreases.
    func now() -> Duration
    /// Returns the time of day, in seconds since 1970.
    func secondsSince1970() -> Double
    /// Returns after `duration`.
    /// - Throws: `CancellationError` if the task is cancelled.
    func sleep(for duration: Duration) async throws
}
