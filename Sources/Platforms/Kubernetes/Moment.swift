import F2SModel
import Glibc

/// A moment on two clocks: one that only ever goes forward, for deadlines, and the one that people read.
struct Moment: Sendable, Hashable {
    /// Since the machine began; steady.
    var steady: Duration
    /// Seconds since 1970; may jump.
    var wall: Double

    /// The present.
    static var now: Moment {
        Moment(steady: read(CLOCK_MONOTONIC), wall: read(CLOCK_REALTIME).inSeconds)
    }

    private static func read(_ clock: clockid_t) -> Duration {
        var time = timespec()
        clock_gettime(clock, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
