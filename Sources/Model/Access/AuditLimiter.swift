/// Decides which entries the audit log leaves out, so that callers without credentials cannot fill it. Pure: no clock.
public struct AuditLimiter: Sendable {
    /// The decision about an entry.
    public enum Verdict: Sendable, Equatable {
        /// Write the entry, after a line with the number of those that were left out before it.
        case write(omitted: Int)
        /// Leave the entry out.
        case leaveOut
    }

    /// The most entries per second of callers that are not identified, and the most refusals of other callers.
    public static let perSecond = 100
    private static let burst = 1000

    private var buckets = TokenBuckets(CallerRate(perSecond: Double(perSecond), burst: burst))
    private var omitted = 0

    /// Creates a limiter that has left nothing out.
    public init() {}

    /// Decides about an entry.
    /// - Parameter now: The monotonic clock in nanoseconds.
    public mutating func decide(_ entry: AuditEntry, now: UInt64) -> Verdict {
        // The actions of identified callers are always written. Other callers do not use up their share.
        let isLimited = entry.user == nil || entry.result == .refused
        if isLimited, case .refused = buckets.consumeToken(entry.user == nil ? 1 : 2, now: now) {
            omitted += 1
            return .leaveOut
        }
        return .write(omitted: popOmitted())
    }

    /// Returns the number of entries that were left out since the last line that tells it.
    public mutating func popOmitted() -> Int {
        defer { omitted = 0 }
        return omitted
    }
}
