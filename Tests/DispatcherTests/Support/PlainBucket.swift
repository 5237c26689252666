import F2SModel

/// A token bucket in its textbook form: its level rises with time, and each token costs a fixed part of the level. The
/// dispatcher's packed buckets must decide exactly as this one does.
struct PlainBucket {
    private let nanosecondsPerToken: UInt64
    private let capacity: UInt64
    private var level: UInt64
    private var filledAt: UInt64

    init(_ rate: CallerRate, now: UInt64) {
        nanosecondsPerToken = UInt64((1e9 / rate.perSecond).rounded())
        capacity = nanosecondsPerToken * UInt64(rate.burst)
        level = capacity
        filledAt = now
    }

    /// Takes a token and returns `nil`, or returns the time until the next token, in nanoseconds.
    mutating func take(now: UInt64) -> UInt64? {
        level = min(capacity, level + (now - filledAt))
        filledAt = now
        guard level >= nanosecondsPerToken else { return nanosecondsPerToken - level }
        level -= nanosecondsPerToken
        return nil
    }
}
