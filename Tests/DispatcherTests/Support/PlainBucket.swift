import F2SModel

/// A token bucket as everybody explains it: it fills with time, and a token costs what it takes to come in.
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

    /// How long to wait; `nil`: a token was there and is taken.
    mutating func take(now: UInt64) -> UInt64? {
        level = min(capacity, level + (now - filledAt))
        filledAt = now
        guard level >= nanosecondsPerToken else { return nanosecondsPerToken - level }
        level -= nanosecondsPerToken
        return nil
    }
}
