import F2SModel
import Glibc

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
        now: { Timing.read(CLOCK_MONOTONIC) },
        wall: { Timing.read(CLOCK_REALTIME).inSeconds },
        pause: { try await CancellableSleep.sleep(for: $0) })

    private static func read(_ clock: clockid_t) -> Duration {
        var time = timespec()
        clock_gettime(clock, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
