import F2SModel

/// A token bucket: it gains tokens at a constant rate up to its size. A value without a clock.
///
/// `TokenBuckets` of Model do not serve here: they hold one number for each of thousands of callers, and no
/// level of which a part can be reserved.
struct TokenBucket: Sendable {
    private let perSecond: Double
    private let burst: Double
    private var tokens: Double
    private var filledAt: Duration?

    /// Creates a full bucket.
    /// - Parameters:
    ///   - perSecond: The rate at which it gains tokens, over 0.
    ///   - burst: The most tokens that it holds, at least 1.
    init(perSecond: Double, burst: Double) {
        self.perSecond = perSecond
        self.burst = burst
        tokens = burst
    }

    /// Consumes one token if the bucket holds at least `tokensMin`.
    /// - Returns: `nil` if a token was consumed; otherwise the time until the bucket holds `tokensMin`.
    mutating func consumeToken(ofAtLeast tokensMin: Double = 1, at now: Duration) -> Duration? {
        let elapsed = filledAt.map { now - $0 } ?? .zero
        filledAt = now
        tokens = min(burst, tokens + max(0, elapsed.inSeconds) * perSecond)
        // The tolerance covers rounding errors of fractions of a second.
        guard tokens + 1e-6 >= tokensMin else { return .seconds((tokensMin - tokens) / perSecond) }
        tokens -= 1
        return nil
    }
}
