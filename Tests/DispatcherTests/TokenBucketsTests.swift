import F2SModel
import Testing

@Suite struct TokenBucketsTests {
    private static let second: UInt64 = 1_000_000_000

    @Test func `an idle client may send its burst at once, then one request per interval`() {
        var buckets = TokenBuckets(CallerRate(perSecond: 4, burst: 3))
        let start: UInt64 = 5_000_000_000
        for _ in 0..<3 { #expect(buckets.consumeToken(1, now: start) == .taken) }
        let interval = Self.second / 4
        #expect(buckets.consumeToken(1, now: start) == .refused(retryAfterNanoseconds: interval))
        #expect(buckets.consumeToken(1, now: start + interval - 1) == .refused(retryAfterNanoseconds: 1))
        #expect(buckets.consumeToken(1, now: start + interval) == .taken)
        #expect(buckets.consumeToken(1, now: start + interval) == .refused(retryAfterNanoseconds: interval))
        // A long idle time does not allow more than the burst.
        let later = start + 3600 * Self.second
        for _ in 0..<3 { #expect(buckets.consumeToken(1, now: later) == .taken) }
        #expect(buckets.consumeToken(1, now: later) != .taken)
    }

    @Test(arguments: [(0.5, 1), (1, 1), (1.2, 2), (10, 10), (0.0001, 1), (1_000_000, 1_000_000)])
    func `the default burst is the number of tokens of one second, at least one`(perSecond: Double, burst: Int) {
        #expect(CallerRate(perSecond: perSecond).burst == burst)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity, 0, -1, 1e300, 1e-300])
    func `an invalid rate is replaced with a valid one`(perSecond: Double) {
        for burst in [nil, Int.min, 0, Int.max] as [Int?] {
            var buckets = TokenBuckets(CallerRate(perSecond: perSecond, burst: burst))
            #expect(FunctionLimits.rateAllowed.contains(buckets.rate.perSecond))
            // More than two hundred years of uptime.
            #expect(buckets.consumeToken(1, now: 7_000_000_000_000_000_000) == .taken)
        }
    }

    @Test func `the slowest rate with the largest burst causes no overflow`() {
        var buckets = TokenBuckets(CallerRate(perSecond: 0.0001, burst: 1_000_000))
        let now: UInt64 = 7_000_000_000_000_000_000
        for _ in 0..<1_000_000 where buckets.consumeToken(1, now: now) != .taken {
            Issue.record("rejected within the burst")
        }
        #expect(buckets.consumeToken(1, now: now) == .refused(retryAfterNanoseconds: 10_000 * Self.second))
    }

    @Test func `a slightly earlier time from another loop does not change the bucket`() {
        var buckets = TokenBuckets(CallerRate(perSecond: 1000, burst: 2))
        #expect(buckets.consumeToken(1, now: 10_000_000) == .taken)
        #expect(buckets.consumeToken(1, now: 9_500_000) == .taken)
        #expect(buckets.consumeToken(1, now: 9_000_000) == .refused(retryAfterNanoseconds: 1_000_000))
        #expect(buckets.consumeToken(1, now: 10_999_999) == .refused(retryAfterNanoseconds: 1))
        #expect(buckets.consumeToken(1, now: 11_000_000) == .taken)
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `each of thousands of clients has the tokens of its own bucket`(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        let rate = CallerRate(perSecond: Double.random(in: 0.5...50, using: &generator), burst: Int(seed))
        var buckets = TokenBuckets(rate)
        var plain: [UInt64: PlainBucket] = [:]
        let callers = (0..<3000).map { _ in generator.next() }
        var now: UInt64 = 1
        var refused = 0
        for step in 0..<100_000 {
            now += UInt64.random(in: 0...2_000_000, using: &generator)
            // A few clients send often, most of them rarely.
            let skewed = Double.random(in: 0..<1, using: &generator)
            let caller = callers[Int(skewed * skewed * skewed * Double(callers.count))]
            let wait = plain[caller, default: PlainBucket(rate, now: now)].take(now: now)
            let verdict = buckets.consumeToken(caller, now: now)
            guard verdict == (wait.map { .refused(retryAfterNanoseconds: $0) } ?? .taken) else {
                throw Late(description: "seed \(seed), step \(step): \(verdict), not \(wait ?? 0)")
            }
            if wait != nil { refused += 1 }
        }
        #expect(refused > 1000 && refused < 99_000, "seed \(seed): \(refused)")
    }

    @Test func `a returned token can be consumed again`() {
        var buckets = TokenBuckets(CallerRate(perSecond: 1, burst: 2))
        for _ in 0..<2 { #expect(buckets.consumeToken(1, now: Self.second) == .taken) }
        #expect(buckets.consumeToken(1, now: Self.second) != .taken)
        buckets.returnToken(1)
        #expect(buckets.consumeToken(1, now: Self.second) == .taken)
        #expect(buckets.consumeToken(1, now: Self.second) != .taken)
        for _ in 0..<9 { buckets.returnToken(1) }
        for _ in 0..<2 { #expect(buckets.consumeToken(1, now: Self.second) == .taken) }
        #expect(buckets.consumeToken(1, now: Self.second) != .taken, "a bucket never has more than its burst")
    }

    @Test func `clients above the maximum share one bucket and do not reset the buckets of others`() {
        var buckets = TokenBuckets(CallerRate(perSecond: 1))
        let names = SplitMix64(seed: 1)
        let count = 4 * TokenBuckets.callersMax
        var taken = 0
        var generator = names
        for _ in 0..<count where buckets.consumeToken(generator.next(), now: 1) == .taken { taken += 1 }
        // Nearly all buckets are used, and never more than the maximum.
        #expect(taken <= TokenBuckets.callersMax + 1)
        #expect(taken > TokenBuckets.callersMax * 9 / 10)
        // Further requests of the same or other clients could only use the shared token, which is gone.
        generator = names
        for _ in 0..<count where buckets.consumeToken(generator.next(), now: 1) == .taken { taken += 1 }
        #expect(taken <= TokenBuckets.callersMax + 1)
        // A second later all buckets are full again and can be used by other clients.
        var again = 0
        for _ in 0..<5000 where buckets.consumeToken(generator.next(), now: 1 + Self.second) == .taken { again += 1 }
        #expect(again == 5000)
    }

    @Test func `client 0 has a bucket like every other client`() {
        var buckets = TokenBuckets(CallerRate(perSecond: 1))
        #expect(buckets.consumeToken(0, now: 0) == .taken)
        #expect(buckets.consumeToken(0, now: 0) == .refused(retryAfterNanoseconds: Self.second))
        #expect(buckets.consumeToken(1, now: 0) == .taken)
    }
}
