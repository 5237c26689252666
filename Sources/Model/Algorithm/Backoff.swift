/// Exponential backoff: the pauses after failures in a row. A value without a clock.
public struct Backoff: Sendable, Hashable {
    /// The pause after the first failure.
    public let base: Duration
    /// The factor by which each further failure in a row lengthens the pause, at least 1.
    public let factor: Int
    /// The longest pause.
    public let maximum: Duration

    /// Creates a backoff. A negative duration counts as zero, and a factor below 1 as 1.
    public init(base: Duration, factor: Int = 2, maximum: Duration) {
        self.base = max(base, .zero)
        self.factor = max(factor, 1)
        self.maximum = max(maximum, .zero)
    }

    /// Returns the pause after this many failures in a row. A number below 1 counts as 1.
    public func pause(after failures: Int) -> Duration {
        var pause = min(base, maximum)
        guard factor > 1, base > .zero else { return pause }
        var increases = max(failures, 1) - 1
        while increases > 0, pause < maximum {
            pause = min(pause * factor, maximum)
            increases -= 1
        }
        return pause
    }

    /// Returns a random part of the pause, at least half of it. Clients that failed at the same time therefore do not
    /// retry at the same time.
    /// - Parameter generator: The source of the jitter. Equal generators give equal pauses.
    public func pause(after failures: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        pause(after: failures) * Double.random(in: 0.5...1, using: &generator)
    }
}
