import F2SModel

/// A point in time on two clocks: the monotonic clock for deadlines, and the wall clock for people.
public struct Moment: Sendable, Hashable {
    /// The time on the monotonic clock, since the machine started.
    public var steady: Duration
    /// The wall-clock time in seconds since 1970. It may jump.
    public var wall: Double

    /// Creates a moment from the times of both clocks.
    public init(steady: Duration, wall: Double) {
        self.steady = steady
        self.wall = wall
    }

    /// The present moment.
    public static var now: Moment {
        Moment(steady: SystemClock.monotonic(), wall: SystemClock.secondsSince1970())
    }

    /// Returns the wall-clock time of a later or earlier moment of the steady clock, in seconds since 1970.
    public func wall(at steady: Duration) -> Double { wall + (steady - self.steady).inSeconds }
}
