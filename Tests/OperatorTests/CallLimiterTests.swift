import F2SModel
import Testing

@testable import F2SOperator

@Suite struct CallLimiterTests {
    private func subject(_ number: Int) -> CallLimiter.Subject { .replicas(Function.ID("f\(number)")) }

    @Test func `calls of one function are never concurrent, but those of its status and its replicas may be`() {
        var limiter = CallLimiter()
        let first = limiter.begin(subject(1), at: .zero)
        let second = limiter.begin(subject(1), at: .zero)
        let status = limiter.begin(.status(Function.ID("f1")), at: .zero)
        _ = limiter.end(subject(1), isSuccess: true, at: .zero)
        let third = limiter.begin(subject(1), at: .zero)
        #expect([first, second, status, third] == [true, false, true, true])
    }

    @Test func `capacity is reserved for functions with waiting invocations`() {
        var limiter = CallLimiter()
        let ordinary = (0..<100).count { limiter.begin(subject($0), at: .zero) }
        let urgent = (200..<300).count { limiter.begin(subject($0), isUrgent: true, at: .zero) }
        #expect(ordinary == CallLimiter.callsMax - CallLimiter.callsReserved)
        #expect(urgent == CallLimiter.callsReserved)
    }

    @Test func `only the first failure and the first success are changes, and the backoff grows`() {
        var limiter = CallLimiter()
        var now = Duration.zero
        for (number, wait) in [1, 2, 4, 8, 16, 30, 30].enumerated() {
            let begins = limiter.begin(subject(1), at: now)
            let isChange = limiter.end(subject(1), isSuccess: false, at: now)
            let beginsEarly = limiter.begin(subject(1), at: now + .seconds(wait) - .milliseconds(1))
            #expect(begins)
            #expect(isChange == (number == 0))
            #expect(!beginsEarly)
            now += .seconds(wait)
        }
        let changes = (0..<2).map { _ in
            _ = limiter.begin(subject(1), at: now)
            return limiter.end(subject(1), isSuccess: true, at: now)
        }
        #expect(changes == [true, false])
    }
}
