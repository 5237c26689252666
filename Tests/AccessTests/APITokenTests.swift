import F2SModel
import TestSupport
import Testing

@testable import F2SAccess

/// The verification of API tokens that F2S has issued.
@Suite struct APITokenTests {
    private let clock = ManualClock()
    private let store = InMemoryTokens()

    private static func settings(_ methods: [AuthSettings.Method] = [.token]) -> AuthSettings {
        var settings = AuthSettings()
        settings.methods = methods
        settings.users = [AuthSettings.User(name: "ann", password: Secret("ann-password"), groups: ["team"])]
        settings.grants = ["team": [Grant(.list)], "others": [Grant(.invoke)]]
        return settings
    }

    private func authentication(
        _ settings: AuthSettings = Self.settings(), transport: StubProviders = StubProviders()
    ) -> CallerAuthentication {
        testAuthentication(settings, tokens: store.tokens, clock: clock, transport: transport)
    }

    /// Makes a token that is not stored yet.
    private func make(
        _ name: String = "ci", groups: [String] = ["team"], lifetime: Duration? = nil
    ) throws -> (token: APIToken, credentials: String) {
        let made = try APIToken.make(name: name, groups: groups, lifetime: lifetime, now: clock.secondsSince1970())
        return (made.token, "Bearer \(made.text.revealed)")
    }

    private func recognition(_ authentication: CallerAuthentication, _ credentials: String) -> Recognition {
        authentication.recognize(credentials.utf8Span.span)
    }

    @Test func `a token is random, and only its digest is stored`() throws {
        let (one, other) = (try make(), try make())
        #expect(one.token.id != other.token.id && one.credentials != other.credentials)
        let text = one.credentials.dropFirst(7)
        #expect(APIToken.id(in: text) == one.token.id)
        let digest = try Crypto.digest(of: Array(text.utf8))
        #expect(one.token.digest == digest)
        var dumped = ""
        dump(one.token, to: &dumped)
        #expect(!dumped.contains(text.suffix(64)))
        #expect(one.token.created == 1_700_000_000 && one.token.expires == nil)
        #expect(try make(lifetime: .milliseconds(1500)).token.expires == 1_700_000_002)
        #expect(throws: FieldError.self) { try make("a b") }
    }

    @Test func `a token has its name, its groups, and the grants that the settings give them`() async throws {
        let authentication = authentication()
        let (token, credentials) = try make(groups: ["team", "unknown"])
        try await AppliedTokenStore(store, authentication: authentication).add(token)
        let caller = try await authentication.verify(credentials)
        #expect(caller.name == "token:ci" && caller.groups == ["team", "unknown"])
        #expect(caller.may(.list) && !caller.may(.invoke))
        #expect(recognition(authentication, credentials) == .known(caller))
        #expect(try await authentication.verify(credentials.replacing("Bearer", with: "bEARER")) == caller)
        var changed = Self.settings()
        changed.grants = ["unknown": [Grant(.invoke)]]
        authentication.apply(changed)
        let later = try await authentication.verify(credentials)
        #expect(later.may(.invoke) && !later.may(.list))
    }

    @Test func `an unknown ID and a wrong secret get the same error, and other texts are malformed`() async throws {
        let authentication = authentication()
        let (token, credentials) = try make()
        try await AppliedTokenStore(store, authentication: authentication).add(token)
        let (unknown, another) = (try make().credentials, try make().credentials.suffix(64))
        for wrong in [unknown, String(credentials.dropLast(64)) + another] {
            await #expect(throws: CredentialError.revoked, "\(wrong)") { try await authentication.verify(wrong) }
            #expect(recognition(authentication, wrong) == .refused(.revoked))
        }
        for malformed in ["Bearer f2s_", "Bearer f2s_a.b.c", String(credentials.dropLast()), credentials + "0"] {
            await #expect(throws: CredentialError.malformed) { try await authentication.verify(malformed) }
        }
        #expect(try await authentication.verify(credentials).name == "token:ci")
    }

    @Test func `a token that was accepted is refused as soon as it is revoked, and others stay known`() async throws {
        let authentication = authentication(Self.settings([.token, .basic]))
        let tokens = AppliedTokenStore(store, authentication: authentication)
        let (revoked, kept) = (try make("revoked"), try make("kept"))
        let ann = "Basic \(CredentialText.encode(Array("ann:ann-password".utf8)))"
        for token in [revoked.token, kept.token] { try await tokens.add(token) }
        for credentials in [revoked.credentials, kept.credentials, ann] {
            _ = try await authentication.verify(credentials)
        }
        try await tokens.remove(id: revoked.token.id)
        #expect(recognition(authentication, revoked.credentials) == .unknown)
        #expect(recognition(authentication, ann) != .unknown)
        await #expect(throws: CredentialError.revoked) { try await authentication.verify(revoked.credentials) }
        #expect(try await authentication.verify(kept.credentials).name == "token:kept")
        await #expect(throws: APITokenStoreError.notFound(id: revoked.token.id)) {
            try await tokens.remove(id: revoked.token.id)
        }
    }

    @Test func `a token that was tried before it existed is accepted once it exists`() async throws {
        let authentication = authentication()
        let (token, credentials) = try make()
        await #expect(throws: CredentialError.revoked) { try await authentication.verify(credentials) }
        try await AppliedTokenStore(store, authentication: authentication).add(token)
        #expect(try await authentication.verify(credentials).name == "token:ci")
    }

    @Test func `changes of another process are followed`() async throws {
        let authentication = authentication()
        let (token, credentials) = try make()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await authentication.run() }
            try await store.add(token)
            try await eventually("the token is accepted") {
                (try? await authentication.verify(credentials)) != nil
            }
            try await store.remove(id: token.id)
            try await eventually("the token is refused") { (try? await authentication.verify(credentials)) == nil }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    @Test func `a token is accepted until it expires, and not a moment longer`() async throws {
        let authentication = authentication()
        let (token, credentials) = try make(lifetime: .seconds(60))
        try await AppliedTokenStore(store, authentication: authentication).add(token)
        _ = try await authentication.verify(credentials)
        clock.advance(by: .milliseconds(59_999))
        #expect(recognition(authentication, credentials) != .unknown)
        clock.advance(by: .milliseconds(1))
        #expect(recognition(authentication, credentials) == .unknown)
        await #expect(throws: CredentialError.expired) { try await authentication.verify(credentials) }
    }

    @Test func `a token without expiry is refused if the settings demand one`() async throws {
        var settings = Self.settings()
        settings.token.requiresExpiry = true
        let authentication = authentication(settings)
        let tokens = AppliedTokenStore(store, authentication: authentication)
        let (endless, limited) = (try make("endless"), try make("limited", lifetime: .seconds(1)))
        for token in [endless.token, limited.token] { try await tokens.add(token) }
        await #expect(throws: CredentialError.withoutExpiry) { try await authentication.verify(endless.credentials) }
        #expect(try await authentication.verify(limited.credentials).name == "token:limited")
    }

    @Test(arguments: [[AuthSettings.Method.basic], [.oidc], [.basic, .oidc]])
    func `without the method token such a token is refused, and no provider learns it`(
        methods: [AuthSettings.Method]
    ) async throws {
        var settings = Self.settings(methods)
        var issuer = AuthSettings.Issuer(url: TestProvider.url)
        issuer.introspection = AuthSettings.Issuer.Introspection(clientID: "f2s", clientSecret: Secret("s"))
        settings.issuers = [issuer]
        let transport = StubProviders()
        let authentication = authentication(settings, transport: transport)
        let (token, credentials) = try make()
        try await AppliedTokenStore(store, authentication: authentication).add(token)
        await #expect(throws: CredentialError.unknownScheme) { try await authentication.verify(credentials) }
        #expect(transport.requests.isEmpty)
    }

    @Test func `until the tokens have been read, nothing is said about a token`() async throws {
        let (token, credentials) = try make()
        let unread = Latest<APITokenSet?>(nil)
        let authentication = testAuthentication(Self.settings(), tokens: unread, clock: clock)
        await #expect(throws: CredentialError.providerUnavailable) { try await authentication.verify(credentials) }
        #expect(recognition(authentication, credentials) == .unknown)
        unread.publish(APITokenSet([token]))
        authentication.applyTokens()
        #expect(try await authentication.verify(credentials).name == "token:ci")
    }
}
