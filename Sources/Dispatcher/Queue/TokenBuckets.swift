import F2SModel

/// A function's token buckets, one for each of its callers: how fast each of them may begin invocations.
///
/// Pure: no clock, no I/O; a part of ``InvocationQueue``, and so exact over all loops. A bucket is one number, the
/// moment at which it will be full again (the generic cell rate algorithm). Hence a place that was never used, a full
/// bucket and a forgotten one are the same, and nobody has to clean up: a full bucket's place is simply used again.
///
/// The table is bounded. When none of the places that a caller may have can be used again, because all of their owners
/// owe something, the caller is served from one bucket that all such callers share. To throw somebody else's bucket
/// out would be the end of every limit: whoever calls under ever new names would always find a full one. So all callers
/// together never get more than ``principalsMax`` + 1 buckets give.
struct TokenBuckets: Sendable {
    enum Verdict: Sendable, Equatable {
        case taken
        /// The next token is there after so long, at least 1 ns.
        case refused(retryAfterNanoseconds: UInt64)
    }

    /// `principal` counts only while `fullAt` lies ahead.
    private struct Bucket {
        var principal: UInt64 = 0
        var fullAt: UInt64 = 0
    }

    /// Callers who can owe tokens at one time, each with a bucket of its own. 16 bytes each: at most 256 KiB per
    /// function that declares a rate, and only once so many have called within the time that a bucket takes to fill.
    static let principalsMax = 16_384
    /// A caller may have any place of its set. Four cache lines are looked through. In a table of the largest size one
    /// caller in 100,000 finds its set full when a quarter of all places is taken, one in 100 when half of them are.
    private static let placesPerSet = 16

    let rate: CallerRate
    /// Nanoseconds in which a token comes in.
    private let interval: UInt64
    /// Nanoseconds in which an empty bucket fills.
    private let depth: UInt64
    private var buckets = [Bucket](repeating: Bucket(), count: placesPerSet)
    /// Logarithm of the number of sets.
    private var setBits = 0
    private var sharedFullAt: UInt64 = 0
    /// Time never goes back: a loop that has read its clock a little earlier than another one finds the tokens of now.
    private var latest: UInt64 = 0

    /// Full buckets for everybody.
    init(_ rate: CallerRate) {
        self.rate = rate
        // A rate's bounds see to it that this is at least 1000, and that no sum below leaves its 64 bits.
        interval = UInt64((1e9 / rate.perSecond).rounded())
        depth = interval * UInt64(rate.burst)
    }

    /// Takes one token out of a caller's bucket.
    /// - Parameters:
    ///   - principal: a hash of who calls, seeded per process, so that nobody can choose to share another's set.
    ///   - now: nanoseconds of a monotonic clock.
    mutating func take(_ principal: UInt64, now: UInt64) -> Verdict {
        latest = max(latest, now)
        let now = latest
        let index = place(of: principal, now: now)
        let fullAt = index.map { buckets[$0].fullAt } ?? sharedFullAt
        let paid = max(fullAt, now) + interval
        let missing = paid - now
        guard missing <= depth else { return .refused(retryAfterNanoseconds: missing - depth) }
        if let index { buckets[index] = Bucket(principal: principal, fullAt: paid) } else { sharedFullAt = paid }
        return .taken
    }

    /// The caller's bucket, or a full one for it; `nil`: there is none, and there may not be more.
    private mutating func place(of principal: UInt64, now: UInt64) -> Int? {
        let first = firstPlace(of: principal)
        var full: Int?
        for index in first..<first + Self.placesPerSet {
            if buckets[index].principal == principal { return index }
            if full == nil, buckets[index].fullAt <= now { full = index }
        }
        if let full { return full }
        guard buckets.count < Self.principalsMax else { return nil }
        grow(now: now)
        return place(of: principal, now: now)
    }

    /// Twice as many sets. The buckets of one go to two, so there is a place for each of them.
    private mutating func grow(now: UInt64) {
        let owing = buckets.filter { $0.fullAt > now }
        buckets = [Bucket](repeating: Bucket(), count: 2 * buckets.count)
        setBits += 1
        for bucket in owing {
            var index = firstPlace(of: bucket.principal)
            while buckets[index].fullAt > now { index += 1 }
            buckets[index] = bucket
        }
    }

    /// The upper bits of the product depend on every bit of the number (Fibonacci hashing).
    private func firstPlace(of principal: UInt64) -> Int {
        Int((principal &* 0x9E37_79B9_7F4A_7C15) >> UInt64(64 - setBits)) * Self.placesPerSet
    }
}
