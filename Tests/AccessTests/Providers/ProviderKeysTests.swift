import Testing

@testable import F2SAccess

@Suite struct ProviderKeysTests {
    private static func key(_ signer: SigningKey) throws -> VerificationKey {
        let document = try #require(JSONObject(Array(#"{"keys":[\#(signer.json)]}"#.utf8)))
        return try #require(VerificationKey.keys(of: document)?.first)
    }

    private let one: VerificationKey
    private let two: VerificationKey
    private let nameless: VerificationKey

    init() throws {
        one = try Self.key(SigningKey("ES256", id: "one"))
        two = try Self.key(SigningKey("ES256", id: "two"))
        nameless = try Self.key(SigningKey("ES256", id: nil))
    }

    private func fetched(_ keys: [VerificationKey], at time: Duration = .zero) -> ProviderKeys {
        var state = ProviderKeys()
        _ = state.begin(now: time)
        _ = state.succeed(keys, now: time)
        return state
    }

    @Test func `the first token causes a fetch, and others wait for it`() {
        var state = ProviderKeys()
        #expect(state.choice(of: "one", .es256, now: .zero) == .fetch)
        _ = state.begin(now: .zero)
        #expect(state.choice(of: "one", .es256, now: .seconds(1)) == .fetch)
        #expect(!state.isDue(now: .seconds(1)))
    }

    @Test func `a token is verified by the key that it names, or by keys without names`() {
        let state = fetched([one, two, nameless])
        #expect(state.choice(of: "one", .es256, now: .zero) == .candidates([one, nameless]))
        #expect(state.choice(of: nil, .es256, now: .zero) == .candidates([one, two, nameless]))
        #expect(state.choice(of: "other", .es256, now: .zero) == .candidates([nameless]))
        #expect(fetched([one]).choice(of: "one", .rs256, now: .zero) == .unknownKey)
    }

    @Test func `an unknown key causes one fetch in ten seconds`() {
        var state = fetched([one])
        #expect(state.choice(of: "two", .es256, now: .seconds(9)) == .unknownKey)
        #expect(state.choice(of: "two", .es256, now: .seconds(10)) == .fetch)
        _ = state.begin(now: .seconds(10))
        _ = state.succeed([one], now: .seconds(11))
        #expect(state.choice(of: "two", .es256, now: .seconds(19)) == .unknownKey)
        #expect(state.choice(of: "two", .es256, now: .seconds(20)) == .fetch)
    }

    @Test func `keys of a silent provider are used for a while, and unknown ones are not called unknown`() {
        var state = fetched([one])
        for time in stride(from: 300.0, to: 600, by: 10) {
            #expect(state.isDue(now: .seconds(time)))
            _ = state.begin(now: .seconds(time))
            state.fail()
            #expect(state.choice(of: "one", .es256, now: .seconds(time)) == .candidates([one]))
            #expect(state.choice(of: "two", .es256, now: .seconds(time)) == .unavailable)
        }
        #expect(state.choice(of: "one", .es256, now: .seconds(599)) == .candidates([one]))
        #expect(state.choice(of: "one", .es256, now: .seconds(600)) == .fetch)
        _ = state.begin(now: .seconds(600))
        state.fail()
        #expect(state.choice(of: "one", .es256, now: .seconds(601)) == .unavailable)
        _ = state.begin(now: .seconds(610))
        _ = state.succeed([one], now: .seconds(611))
        #expect(state.choice(of: "one", .es256, now: .seconds(611)) == .candidates([one]))
    }

    @Test func `keys are fetched again after five minutes, and soon after a failure`() {
        var state = ProviderKeys()
        #expect(state.isDue(now: .zero))
        var now = Duration.zero
        // A failure may last for a moment only, for example while the provider starts.
        for pause in [1.0, 2, 4, 8, 10, 10] {
            let isBegun = state.begin(now: now)
            #expect(isBegun)
            state.fail()
            #expect(!state.isDue(now: now + .seconds(pause - 0.1)))
            #expect(state.choice(of: "one", .es256, now: now + .seconds(pause - 0.1)) == .unavailable)
            now += .seconds(pause)
            #expect(state.isDue(now: now) && state.choice(of: "one", .es256, now: now) == .fetch)
        }
        _ = state.begin(now: now)
        _ = state.succeed([one], now: now)
        #expect(state.choice(of: "two", .es256, now: now + .seconds(9.9)) == .unknownKey)
        state = fetched([one])
        #expect(!state.isDue(now: .seconds(299)) && state.isDue(now: .seconds(300)))
    }

    @Test func `two fetches never begin within ten seconds, unless the first one has failed`() {
        var state = ProviderKeys()
        let begun = [0.0, 1, 9.9].map { state.begin(now: .seconds($0)) }
        #expect(begun == [true, false, false])
        _ = state.succeed([one], now: .seconds(9.9))
        let again = [9.9, 10, 10].map { state.begin(now: .seconds($0)) }
        #expect(again == [false, true, false])
    }

    @Test func `a provider without keys has none, which is no failure`() {
        var state = fetched([one])
        _ = state.begin(now: .seconds(300))
        let isRemoved = state.succeed([], now: .seconds(300))
        #expect(isRemoved)
        #expect(state.choice(of: "one", .es256, now: .seconds(301)) == .unknownKey)
        #expect(!state.isDue(now: .seconds(310)))
    }

    @Test func `only a removed key ends what was verified`() {
        var state = fetched([one])
        _ = state.begin(now: .seconds(10))
        let added = state.succeed([one, two], now: .seconds(10))
        let same = state.succeed([two, one], now: .seconds(20))
        let removed = state.succeed([two], now: .seconds(30))
        #expect(!added && !same && removed)
    }
}
