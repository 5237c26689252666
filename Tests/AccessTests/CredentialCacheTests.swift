import F2SModel
import Testing

@testable import F2SAccess

@Suite struct CredentialCacheTests {
    private func value(_ number: Int) -> KeyedDigest.Value { KeyedDigest.Value(high: UInt64(number), low: 7) }

    @Test func `it holds at most two generations, and what is used stays`() {
        var cache = CredentialCache(capacity: 10)
        let used = Recognition.refused(.expired)
        cache.remember(used, of: value(0), until: .seconds(1000))
        for number in 1..<1000 {
            cache.remember(.refused(.malformed), of: value(number), until: .seconds(1000))
            #expect(cache.result(of: value(0), now: .zero) == used)
        }
        let kept = (0..<1000).count { cache.result(of: value($0), now: .zero) != .unknown }
        #expect((10...21).contains(kept), "\(kept) results")
    }

    @Test func `a result ends at its time`() {
        var cache = CredentialCache(capacity: 10)
        cache.remember(.refused(.malformed), of: value(1), until: .seconds(5))
        #expect(cache.result(of: value(1), now: .seconds(4)) == .refused(.malformed))
        #expect(cache.result(of: value(1), now: .seconds(5)) == .unknown)
        cache.removeAll()
        #expect(cache.result(of: value(1), now: .zero) == .unknown)
    }

    @Test func `digests differ with the text and with the process`() throws {
        let one = try KeyedDigest()
        let other = try KeyedDigest()
        let texts = (0..<1000).map { Array("credential \($0)".utf8) }
        let digests = texts.compactMap { one.digest(of: $0.span) }
        #expect(Set(digests).count == 1000)
        #expect(texts.compactMap { one.digest(of: $0.span) } == digests)
        let first = texts[0]
        let foreign = other.digest(of: first.span)
        #expect(foreign != digests[0])
    }
}
