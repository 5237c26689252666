/// The limits of a function (`target.limits`). Each F2S process applies them to all replicas of the function together.
/// Every limit is optional, and a change needs no restart.
public struct FunctionLimits: Sendable, Hashable {
    /// The number of invocations at once, 1…``inFlightMax`` (`inFlight`). If `nil`, only `target.concurrency` limits
    /// each replica.
    public var inFlight: Int?
    /// The number of invocations that may wait, 0…``queuedMax`` (`queued`). With 0 no invocation waits. If `nil`, the
    /// setting `queue_length` applies.
    public var queued: Int?
    /// The number of invocations per second that each caller may begin, within ``rateAllowed`` (`rate`). If `nil`,
    /// there is no limit.
    public var rate: Double?
    /// The number of invocations that an idle caller may begin at once, 1…``burstMax`` (`burst`). If `nil`, it is the
    /// number for one second, at least 1. It has no effect without ``rate``.
    public var burst: Int?

    /// The upper bound of `inFlight`.
    public static let inFlightMax = 1_000_000
    /// The upper bound of `queued`.
    public static let queuedMax = 1_000_000
    /// The allowed values of `rate`: from one in almost three hours to a million per second.
    public static let rateAllowed = 0.0001...1_000_000
    /// The upper bound of `burst`.
    public static let burstMax = 1_000_000

    /// Creates limits. A limit that is not given does not apply.
    public init(inFlight: Int? = nil, queued: Int? = nil, rate: Double? = nil, burst: Int? = nil) {
        self.inFlight = inFlight
        self.queued = queued
        self.rate = rate
        self.burst = burst
    }

    /// Returns an error for each invalid value and each invalid combination of values.
    /// - Parameter minReplicas: `target.minReplicas`.
    func fieldErrors(minReplicas: Int) -> [FieldError] {
        let field = "target.limits"
        let counts: [(String, Int?, ClosedRange<Int>)] = [
            ("\(field).inFlight", inFlight, 1...Self.inFlightMax), ("\(field).queued", queued, 0...Self.queuedMax),
            ("\(field).burst", burst, 1...Self.burstMax),
        ]
        var found = counts.compactMap { field, count, allowed in
            count.flatMap { allowed.contains($0) ? nil : FieldError(field, $0, outside: allowed) }
        }
        if queued == 0, minReplicas == 0 {
            found.append(
                FieldError(
                    field: "\(field).queued", value: "0",
                    requirement: "be at least 1 while target.minReplicas is 0: an invocation that starts the "
                        + "function waits for its first replica"))
        }
        if let rate, !Self.rateAllowed.contains(rate) {
            found.append(
                FieldError(
                    field: "\(field).rate", value: "\(rate)",
                    requirement:
                        "be between \(Self.rateAllowed.lowerBound) and \(Int(Self.rateAllowed.upperBound)) per "
                        + "second"))
        }
        if let burst, rate == nil {
            found.append(
                FieldError(
                    field: "\(field).burst", value: "\(burst)",
                    requirement: "be used with target.limits.rate, which sets how fast the burst refills"))
        }
        return found
    }

    /// The rate limit of each caller; `nil` if there is none.
    public var callerRate: CallerRate? { rate.map { CallerRate(perSecond: $0, burst: burst) } }
}

/// The parameters of a caller's token bucket: its fill rate and its size.
public struct CallerRate: Sendable, Hashable {
    /// Tokens that are added per second. Each invocation uses one.
    public let perSecond: Double
    /// The number of tokens in a full bucket, at least 1.
    public let burst: Int

    /// Creates a rate. Without `burst`, a full bucket holds the tokens of one second, at least one. A value outside its
    /// bounds becomes the nearest bound; a validated draft contains no such value.
    public init(perSecond: Double, burst: Int? = nil) {
        let (allowed, burstMax) = (FunctionLimits.rateAllowed, FunctionLimits.burstMax)
        // With the arguments in this order, NaN becomes a bound too.
        self.perSecond = min(allowed.upperBound, max(allowed.lowerBound, perSecond))
        self.burst = min(burstMax, max(1, burst ?? Int(self.perSecond.rounded(.up))))
    }
}
