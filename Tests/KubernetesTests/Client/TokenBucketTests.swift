import Testing

@testable import F2SKubernetes

@Suite struct TokenBucketTests {
    @Test func `a full bucket gives its burst at once, then one token per interval`() {
        var bucket = TokenBucket(perSecond: 4, burst: 3)
        for _ in 0..<3 { #expect(bucket.consumeToken(at: .seconds(5)) == nil) }
        #expect(bucket.consumeToken(at: .seconds(5)) == .milliseconds(250))
        #expect(bucket.consumeToken(at: .milliseconds(5125)) == .milliseconds(125))
        #expect(bucket.consumeToken(at: .milliseconds(5250)) == nil)
        #expect(bucket.consumeToken(at: .milliseconds(5250)) != nil)
        // A long idle time does not allow more than the burst.
        for _ in 0..<3 { #expect(bucket.consumeToken(at: .seconds(3600)) == nil) }
        #expect(bucket.consumeToken(at: .seconds(3600)) != nil)
    }

    @Test func `tokens below the required minimum are not consumed`() {
        var bucket = TokenBucket(perSecond: 1, burst: 3)
        #expect(bucket.consumeToken(ofAtLeast: 3, at: .zero) == nil)
        #expect(bucket.consumeToken(ofAtLeast: 3, at: .zero) == .seconds(1))
        for _ in 0..<2 { #expect(bucket.consumeToken(at: .zero) == nil) }
    }

    @Test func `a time before the last one gives no tokens`() {
        var bucket = TokenBucket(perSecond: 1, burst: 1)
        #expect(bucket.consumeToken(at: .seconds(10)) == nil)
        #expect(bucket.consumeToken(at: .seconds(9)) == .seconds(1))
        #expect(bucket.consumeToken(at: .milliseconds(9500)) == .milliseconds(500))
    }
}
