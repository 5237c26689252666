import F2SModel
import Glibc

/// A point in time on two clocks: a monotonic clock for deadlines, and the wall clock for people.
struct Moment: Sendable, Hashable {
    /// Time since the machine started; monotonic.
    var steady: Duration
    /// Seconds since 1970; may jump.
    var wall: Double

    /// The current time.
    static var now: Moment {
        Moment(steady: read(CLOCK_MONOTONIC), wall: read(CLOCK_REALTIME).inSeconds)
    }

    private static func read(_ clock: clockid_t) -> Duration {
        var time = timespec()
        clock_gettime(clock, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
