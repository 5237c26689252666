import F2SModel
import Glibc

/// A moment on two clocks: the steady clock, for deadlines, and the wall clock, for people.
struct Moment: Sendable, Hashable {
    /// The time on the monotonic clock, since the start of the machine.
    var steady: Duration
    /// The wall-clock time in seconds since 1970. It may jump.
    var wall: Double

    /// The present moment.
    static var now: Moment {
        Moment(steady: read(CLOCK_MONOTONIC), wall: read(CLOCK_REALTIME).inSeconds)
    }

    /// Returns the wall-clock time of a later or earlier moment of the steady clock, in seconds since 1970.
    func wall(at steady: Duration) -> Double { wall + (steady - self.steady).inSeconds }

    private static func read(_ clock: clockid_t) -> Duration {
        var time = timespec()
        clock_gettime(clock, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
