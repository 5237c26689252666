import F2SModel
import Glibc

/// The clock and the waiting of everything that calls the API server; tests bring their own.
struct Timing: Sendable {
    /// Since some moment in the past; steady.
    var now: @Sendable () -> Duration
    /// Seconds since 1970; may jump.
    var wall: @Sendable () -> Double
    /// Waits; ends early by throwing when the task is cancelled.
    var pause: @Sendable (Duration) async throws -> Void

    /// The machine's own.
    static let system = Timing(
        now: { Timing.read(CLOCK_MONOTONIC) },
        wall: { Timing.read(CLOCK_REALTIME).inSeconds },
        pause: { try await Alarm.pause($0) })

    private static func read(_ clock: clockid_t) -> Duration {
        var time = timespec()
        clock_gettime(clock, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
