import Testing

@testable import F2SAccess

@Suite struct IntrospectionStateTests {
    private let outage = ProviderError.status(url: "https://id.example.org", 503)

    @Test func `invented tokens do not take the places of trusted ones`() {
        var state = IntrospectionState()
        let invented = (0..<100).map { _ in state.begin(isTrusted: false, now: .zero) }
        #expect(invented.count { $0 == .allowed } == IntrospectionState.inventedMax)
        #expect(invented.last == .busy)
        let trusted = (0..<100).map { _ in state.begin(isTrusted: true, now: .zero) }
        #expect(trusted.count { $0 == .allowed } == IntrospectionState.trustedMax)
        _ = state.succeed(isTrusted: false)
        let next = [true, false].map { state.begin(isTrusted: $0, now: .zero) }
        #expect(next == [.busy, .allowed])
    }

    @Test func `a provider that fails is left alone for ten seconds, and one that rejects a request is not`() {
        var state = IntrospectionState()
        _ = state.begin(isTrusted: true, now: .zero)
        let isNew = state.fail(.status(url: "", 400), isTrusted: true, now: .zero)
        #expect(isNew)
        let afterRejection = state.begin(isTrusted: true, now: .zero)
        #expect(afterRejection == .allowed)
        let isNewAgain = state.fail(outage, isTrusted: true, now: .zero)
        #expect(isNewAgain)
        let decisions = [0, 9.9, 10].map { state.begin(isTrusted: true, now: .seconds($0)) }
        #expect(decisions == [.outage, .outage, .allowed])
        let isRepeated = !state.fail(outage, isTrusted: true, now: .seconds(10))
        #expect(isRepeated)
        _ = state.begin(isTrusted: true, now: .seconds(20))
        let heals = [state.succeed(isTrusted: true)]
        #expect(heals == [true])
    }
}
