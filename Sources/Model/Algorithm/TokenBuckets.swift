/// Token buckets, one for each caller. They limit the rate at which a caller may do something, for example begin
/// invocations of a function.
///
/// Pure: no clock, no I/O. A bucket is one number, the time at which it will be full again (the generic cell rate
/// algorithm). An unused entry, a full bucket and a forgotten one are therefore the same, and no cleanup is needed: the
/// entry of a full bucket is simply reused. A bucket that keeps its level, such as `TokenBucket` of the Kubernetes
/// client, has 48 bytes and needs a cleanup.
///
/// The table is bounded. If no entry that a caller may use can be reused, because all of their owners owe tokens, the
/// caller is served from one bucket that all such callers share. Evicting another caller's bucket would defeat every
/// limit: a client that calls under ever new names would always find a full one. All callers together therefore never
/// get more than ``callersMax`` + 1 buckets give.
public struct TokenBuckets: Sendable {
    /// The result of ``consumeToken(_:now:)``.
    public enum Verdict: Sendable, Equatable {
        /// The bucket had a token.
        case taken
        /// The next token is available after this time, at least 1 ns.
        case refused(retryAfterNanoseconds: UInt64)
    }

    /// The bucket of one caller. `rateKey` is valid only while `fullAt` is in the future.
    private struct Bucket {
        var rateKey: UInt64 = 0
        var fullAt: UInt64 = 0
    }

    /// The most callers that can owe tokens at a time, each with a bucket of its own. A bucket has 16 bytes: at most
    /// 256 KiB for each function that declares a rate, and only if so many have called within the time that a bucket
    /// takes to fill.
    public static let callersMax = 16_384
    /// The number of entries in a set; a caller may use any entry of its set. A search reads four cache lines. In a
    /// table of the largest size, one caller in 100,000 finds its set full when a quarter of all entries is in use, and
    /// one in 100 when half of them are.
    private static let entriesPerSet = 16

    /// The rate of each caller.
    public let rate: CallerRate
    /// The time between two tokens, in nanoseconds.
    private let interval: UInt64
    /// The time in which an empty bucket fills, in nanoseconds.
    private let depth: UInt64
    private var buckets = [Bucket](repeating: Bucket(), count: entriesPerSet)
    /// The binary logarithm of the number of sets.
    private var setBits = 0
    private var sharedFullAt: UInt64 = 0
    /// The latest time so far. Time never goes back: a loop that has read its clock a little earlier than another one
    /// gets the tokens of the later time.
    private var latest: UInt64 = 0

    /// Creates full buckets for all callers.
    public init(_ rate: CallerRate) {
        self.rate = rate
        // The bounds of a rate ensure that this is at least 1000, and that no sum below overflows 64 bits.
        interval = UInt64((1e9 / rate.perSecond).rounded())
        depth = interval * UInt64(rate.burst)
    }

    /// Consumes one token of a caller's bucket.
    /// - Parameters:
    ///   - rateKey: A hash that identifies the caller. It is seeded in each process, so that a caller cannot choose
    ///     to share another one's set.
    ///   - now: The monotonic clock in nanoseconds.
    public mutating func consumeToken(_ rateKey: UInt64, now: UInt64) -> Verdict {
        latest = max(latest, now)
        let now = latest
        let index = bucketIndex(of: rateKey, now: now)
        let fullAt = index.map { buckets[$0].fullAt } ?? sharedFullAt
        let paid = max(fullAt, now) + interval
        let missing = paid - now
        guard missing <= depth else { return .refused(retryAfterNanoseconds: missing - depth) }
        if let index { buckets[index] = Bucket(rateKey: rateKey, fullAt: paid) } else { sharedFullAt = paid }
        return .taken
    }

    /// Returns a token that was consumed before to a caller's bucket.
    public mutating func returnToken(_ rateKey: UInt64) {
        let first = firstEntry(of: rateKey)
        for index in first..<first + Self.entriesPerSet where buckets[index].rateKey == rateKey {
            buckets[index].fullAt -= min(interval, buckets[index].fullAt)
            return
        }
        sharedFullAt -= min(interval, sharedFullAt)
    }

    /// Returns the index of the caller's bucket or of a full one for it, and `nil` if there is none and the table may
    /// not grow.
    private mutating func bucketIndex(of rateKey: UInt64, now: UInt64) -> Int? {
        let first = firstEntry(of: rateKey)
        var full: Int?
        for index in first..<first + Self.entriesPerSet {
            if buckets[index].rateKey == rateKey { return index }
            if full == nil, buckets[index].fullAt <= now { full = index }
        }
        if let full { return full }
        guard buckets.count < Self.callersMax else { return nil }
        grow(now: now)
        return bucketIndex(of: rateKey, now: now)
    }

    /// Doubles the number of sets. The buckets of one set are split between two, so there is an entry for each of them.
    private mutating func grow(now: UInt64) {
        let owing = buckets.filter { $0.fullAt > now }
        buckets = [Bucket](repeating: Bucket(), count: 2 * buckets.count)
        setBits += 1
        for bucket in owing {
            var index = firstEntry(of: bucket.rateKey)
            while buckets[index].fullAt > now { index += 1 }
            buckets[index] = bucket
        }
    }

    /// Returns the first entry of a caller's set. The upper bits of the product depend on every bit of the number
    /// (Fibonacci hashing).
    private func firstEntry(of rateKey: UInt64) -> Int {
        Int((rateKey &* 0x9E37_79B9_7F4A_7C15) >> UInt64(64 - setBits)) * Self.entriesPerSet
    }
}
