import F2SSystem

/// The clocks and the sleep function of the API client. Tests supply their own.
struct Timing: Sendable {
    /// Returns the time since an arbitrary moment in the past; it never jumps.
    var now: @Sendable () -> Duration
    /// Returns the seconds since 1970; they may jump.
    var wall: @Sendable () -> Double
    /// Waits for a duration. Throws as soon as the task is cancelled.
    var pause: @Sendable (Duration) async throws -> Void

    /// The clocks of the operating system.
    static let system = Timing(
        now: { SystemClock.monotonic() },
        wall: { SystemClock.secondsSince1970() },
        pause: { try await CancellableSleep.sleep(for: $0) })
}
