/// What a function lets through (`target.limits`): in each process of F2S, over all of its replicas. Every bound is
/// optional, and changes without a restart.
public struct FunctionLimits: Sendable, Hashable {
    /// Invocations at once, 1…``inFlightMax`` (`inFlight`); `nil`: only `target.concurrency` of each replica counts.
    public var inFlight: Int?
    /// Invocations that may wait, 0…``queuedMax`` (`queued`); 0: none ever waits; `nil`: the setting `queue_length`.
    public var queued: Int?
    /// Invocations per second that each caller may begin, ``rateAllowed`` (`rate`); `nil`: as many as they like.
    public var rate: Double?
    /// Invocations that a caller who was quiet may begin at once, 1…``burstMax`` (`burst`); `nil`: one second's worth,
    /// at least one. It means nothing without ``rate``.
    public var burst: Int?

    /// Upper bound of `inFlight`.
    public static let inFlightMax = 1_000_000
    /// Upper bound of `queued`.
    public static let queuedMax = 1_000_000
    /// What `rate` may be: from one in almost three hours to a million in a second.
    public static let rateAllowed = 0.0001...1_000_000
    /// Upper bound of `burst`.
    public static let burstMax = 1_000_000

    /// No limit unless given.
    public init(inFlight: Int? = nil, queued: Int? = nil, rate: Double? = nil, burst: Int? = nil) {
        self.inFlight = inFlight
        self.queued = queued
        self.rate = rate
        self.burst = burst
    }

    /// How each caller is slowed down; `nil`: not at all.
    public var callerRate: CallerRate? { rate.map { CallerRate(perSecond: $0, burst: burst) } }
}

/// A caller's token bucket: how fast it fills, and what it holds.
public struct CallerRate: Sendable, Hashable {
    /// Tokens that come in per second; each invocation takes one.
    public let perSecond: Double
    /// Tokens that a full bucket holds, at least 1.
    public let burst: Int

    /// A rate; without `burst`, a full bucket holds one second's worth, at least one token. What is outside of its
    /// bounds, which no draft that was checked is, becomes the nearest bound.
    public init(perSecond: Double, burst: Int? = nil) {
        let (allowed, burstMax) = (FunctionLimits.rateAllowed, FunctionLimits.burstMax)
        // In this order NaN becomes a bound, too.
        self.perSecond = min(allowed.upperBound, max(allowed.lowerBound, perSecond))
        self.burst = min(burstMax, max(1, burst ?? Int(self.perSecond.rounded(.up))))
    }
}
