import NIOHTTP1
import Testing

@testable import F2SKubernetes

/// The rate limit and the retries of calls to the API server.
@Suite struct RateTests {
    private func gate(_ change: (inout ClientOptions) -> Void = { _ in }) -> TokenGate {
        var options = ClientOptions()
        (options.requestsPerSecond, options.burst, options.activationReserve) = (10, 5, 2)
        change(&options)
        return TokenGate(options)
    }

    @Test func `a burst of housekeeping passes except for the reserve of activations`() {
        var gate = gate()
        for id in 1...3 as ClosedRange<UInt64> { #expect(gate.ask(id, .housekeeping, at: .zero) == .pass) }
        guard case .later = gate.ask(4, .housekeeping, at: .zero) else { return #expect(Bool(false), "no wait") }
        for id in 5...6 as ClosedRange<UInt64> { #expect(gate.ask(id, .activation, at: .zero) == .pass) }
        guard case .later = gate.ask(7, .activation, at: .zero) else { return #expect(Bool(false), "no wait") }
    }

    @Test func `a waiting activation goes before a housekeeping call that has waited longer`() {
        var gate = gate { $0.activationReserve = 0 }
        for id in 1...5 as ClosedRange<UInt64> { _ = gate.ask(id, .activation, at: .zero) }
        #expect(gate.ask(6, .housekeeping, at: .zero) == .later(.milliseconds(100)))
        #expect(gate.ask(7, .activation, at: .zero) == .later(.milliseconds(100)))
        guard case .later = gate.ask(6, .housekeeping, at: .milliseconds(100)) else {
            return #expect(Bool(false), "housekeeping has passed")
        }
        #expect(gate.ask(7, .activation, at: .milliseconds(100)) == .pass)
        #expect(gate.ask(6, .housekeeping, at: .milliseconds(200)) == .pass)
    }

    @Test func `a caller that leaves the queue does not delay the others`() {
        var gate = gate { $0.activationReserve = 0 }
        for id in 1...5 as ClosedRange<UInt64> { _ = gate.ask(id, .activation, at: .zero) }
        _ = gate.ask(6, .activation, at: .zero)
        #expect(gate.ask(7, .activation, at: .zero) == .later(.milliseconds(200)))
        gate.leave(6, .activation)
        #expect(gate.ask(7, .activation, at: .milliseconds(100)) == .pass)
    }

    @Test func `a caller is rejected when too many calls wait`() {
        var gate = gate { ($0.burst, $0.activationReserve, $0.waitingMax) = (1, 0, 2) }
        #expect(gate.ask(1, .housekeeping, at: .zero) == .pass)
        for id in 2...3 as ClosedRange<UInt64> { #expect(gate.ask(id, .housekeeping, at: .zero) != .refuse) }
        #expect(gate.ask(4, .housekeeping, at: .zero) == .refuse)
        #expect(gate.ask(2, .housekeeping, at: .milliseconds(100)) == .pass)
    }

    @Test func `the sustained rate is limited, and an idle period allows no more than the burst`() {
        var gate = gate { $0.activationReserve = 0 }
        var passed = 0
        for millisecond in 0..<10_000 {
            let verdict = gate.ask(UInt64(millisecond + 1), .activation, at: .milliseconds(millisecond))
            if verdict == .pass { passed += 1 }
        }
        #expect((5...105).contains(passed))
        // An hour passes without a call.
        var more = 0
        while gate.ask(UInt64(20_000 + more), .activation, at: .seconds(3600)) == .pass { more += 1 }
        #expect(more <= 5)
    }

    @Test(arguments: [
        (HTTPMethod.GET, KubernetesError.status(code: 429, reason: "", message: ""), true),
        (.POST, .status(code: 429, reason: "", message: ""), true),
        (.GET, .status(code: 503, reason: "", message: ""), true),
        (.POST, .status(code: 503, reason: "", message: ""), false),
        (.PATCH, .unreachable(""), true), (.POST, .unreachable(""), false),
        (.GET, .status(code: 404, reason: "", message: ""), false),
        (.GET, .status(code: 409, reason: "", message: ""), false),
        (.GET, .timeout(""), false), (.GET, .malformed(""), false), (.GET, .credentials(""), false),
        (.GET, .cancelled, false),
    ])
    func `a call is repeated only if a retry can help and does no harm`(
        _ method: HTTPMethod, _ failure: KubernetesError, _ isRepeated: Bool
    ) {
        var policy = RetryPolicy(KubernetesRequest(method, "/x"), attemptsMax: 3, seed: 1)
        #expect((policy.pause(after: failure) != nil) == isRepeated)
        _ = policy.pause(after: failure)
        #expect(policy.pause(after: failure) == nil, "the number of retries is limited")
    }

    @Test func `the pauses before retries grow, and the pause that the server names is added`() {
        var policy = RetryPolicy(KubernetesRequest(.GET, "/x"), attemptsMax: 100, seed: 1)
        for ceiling in [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000] {
            let pause = policy.pause(after: .unreachable("x")) ?? .zero
            #expect(pause >= .milliseconds(ceiling) / 2 && pause <= .milliseconds(ceiling))
        }
        let busy = KubernetesError.status(code: 429, reason: "", message: "", retryAfter: .seconds(30))
        #expect(policy.pause(after: busy) ?? .zero > .seconds(30))
    }
}
