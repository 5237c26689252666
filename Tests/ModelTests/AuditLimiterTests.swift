import F2SModel
import Testing

@Suite struct AuditLimiterTests {
    private static let second: UInt64 = 1_000_000_000

    private func entry(_ status: Int, of user: String? = nil) -> AuditEntry {
        var entry = AuditEntry(action: "POST /session", status: status)
        entry.user = user
        return entry
    }

    @Test(arguments: [401, 400, 415, 200]) func `callers without credentials cannot fill the log by any status`(
        status: Int
    ) {
        var limiter = AuditLimiter()
        var written = 0
        for number in 0..<100_000 {
            // In ten seconds.
            let now = Self.second + UInt64(number) * (Self.second / 10_000)
            if case .write = limiter.decide(entry(status), now: now) { written += 1 }
        }
        #expect((1900...2100).contains(written), "\(written)")
    }

    @Test func `others do not hide the actions and refusals of identified callers`() {
        var limiter = AuditLimiter()
        for _ in 0..<5000 { _ = limiter.decide(entry(401), now: Self.second) }
        #expect(limiter.decide(entry(201, of: "ann"), now: Self.second) == .write(omitted: 4000))
        #expect(limiter.decide(entry(403, of: "ann"), now: Self.second) == .write(omitted: 0))
        for _ in 0..<5000 { _ = limiter.decide(entry(403, of: "eve"), now: Self.second) }
        guard case .write = limiter.decide(entry(200, of: "eve"), now: Self.second) else {
            Issue.record("an action of an identified caller is left out")
            return
        }
    }

    @Test func `the next line tells how many were left out, once`() {
        var limiter = AuditLimiter()
        for _ in 0..<1000 { #expect(limiter.decide(entry(401), now: Self.second) == .write(omitted: 0)) }
        for _ in 0..<7 { #expect(limiter.decide(entry(401), now: Self.second) == .leaveOut) }
        #expect(limiter.decide(entry(401), now: 2 * Self.second) == .write(omitted: 7))
        #expect(limiter.popOmitted() == 0)
    }
}
