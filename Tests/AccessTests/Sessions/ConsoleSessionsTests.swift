import F2SModel
import Synchronization
import TestSupport
import Testing

@testable import F2SAccess

/// Sessions with a password or a token.
@Suite struct ConsoleSessionsTests {
    private static let password = "Basic \(CredentialText.encodePadded(Array("ann:ann-password".utf8)))"

    private let clock = ManualClock()
    private let keys = KeyRing()

    /// The keys of the sessions.
    private final class KeyRing: Sendable {
        let keys = Mutex([SealingKey(derivedFrom: Secret("one"))].compactMap(\.self))
    }

    private func sessions(_ authentication: CallerAuthentication) -> ConsoleSessions {
        ConsoleSessions(authentication: authentication, keys: { [keys] in keys.keys.withLock { $0 } }, clock: clock)
    }

    private func authentication(_ settings: AuthSettings = TestProvider.settings()) -> CallerAuthentication {
        testAuthentication(settings, clock: clock)
    }

    @Test func `a user signs in with a password and has the grants of its groups`() async throws {
        let sessions = sessions(authentication())
        let session = try await sessions.signIn(Self.password, from: nil)
        #expect(session.lifetimeSeconds == 12 * 3600)
        let caller = try await sessions.caller(cookies: [session.cookie], proof: session.proof)
        #expect(caller.principal.name == "ann" && caller.principal.may(.list) && !caller.principal.may(.create))
        #expect(caller.renewed == nil)
        #expect(!session.cookie.contains("ann"), "it is sealed")
    }

    @Test func `wrong credentials begin no session`() async {
        let sessions = sessions(authentication())
        let wrong = "Basic \(CredentialText.encodePadded(Array("ann:x".utf8)))"
        await #expect(throws: CredentialError.wrongPassword) { try await sessions.signIn(wrong, from: nil) }
        await #expect(throws: CredentialError.unknownScheme) { try await sessions.signIn("Bearer x", from: nil) }
        await #expect(throws: CredentialError.malformed) { try await sessions.signIn("", from: nil) }
    }

    @Test func `a cookie alone, or with the proof of another session, is of no use`() async throws {
        let sessions = sessions(authentication())
        let (one, other) = (
            try await sessions.signIn(Self.password, from: nil), try await sessions.signIn(Self.password, from: nil)
        )
        #expect(one.proof != other.proof && one.cookie != other.cookie)
        for proof in [nil, "", other.proof, String(one.proof.dropLast())] {
            await #expect(throws: CredentialError.withoutProof) {
                try await sessions.caller(cookies: [one.cookie], proof: proof)
            }
        }
        let both = try await sessions.caller(cookies: ["x", one.cookie, other.cookie], proof: other.proof)
        #expect(both.principal.name == "ann", "the proof tells which cookie is the right one")
        await #expect(throws: CredentialError.missing) { try await sessions.caller(cookies: [], proof: one.proof) }
        await #expect(throws: CredentialError.sessionEnded) {
            try await sessions.caller(cookies: ["x" + one.cookie], proof: one.proof)
        }
        await #expect(throws: CredentialError.sessionEnded) {
            try await sessions.caller(cookies: [String(repeating: "A", count: 5000)], proof: one.proof)
        }
    }

    @Test func `a session ends by time, by sign-out, and with the user or its password`() async throws {
        let authentication = authentication()
        let sessions = sessions(authentication)
        var last = try await sessions.signIn(Self.password, from: nil)
        func hasEnded() async -> Bool {
            do {
                _ = try await sessions.caller(cookies: [last.cookie], proof: last.proof)
                return false
            } catch {
                return error == .sessionEnded
            }
        }
        #expect(await !hasEnded())
        clock.advance(by: .seconds(12 * 3600 - 1))
        #expect(await !hasEnded())
        clock.advance(by: .seconds(1))
        #expect(await hasEnded())

        last = try await sessions.signIn(Self.password, from: nil)
        #expect(await sessions.signOut(cookies: [last.cookie], proof: "x", returnTo: "/").location == nil)
        #expect(await !hasEnded(), "a page without the proof cannot sign out")
        #expect(await sessions.signOut(cookies: [last.cookie], proof: last.proof, returnTo: "/").location == nil)
        #expect(await hasEnded())

        last = try await sessions.signIn(Self.password, from: nil)
        var settings = TestProvider.settings()
        settings.users = [.init(name: "ann", password: Secret("ann-password"), groups: ["others"])]
        authentication.apply(settings)
        let caller = try await sessions.caller(cookies: [last.cookie], proof: last.proof)
        #expect(caller.principal.groups == ["others"] && !caller.principal.may(.list), "groups change at once")
        settings.users = [.init(name: "ann", password: Secret("new"), groups: ["team"])]
        authentication.apply(settings)
        #expect(await hasEnded())
        authentication.apply(TestProvider.settings())
        #expect(await !hasEnded())
        settings.users = []
        authentication.apply(settings)
        #expect(await hasEnded())
    }

    @Test func `a token is checked with each request`() async throws {
        var settings = TestProvider.settings()
        settings.methods = [.token]
        let authentication = authentication(settings)
        let sessions = sessions(authentication)
        let end = Int(clock.secondsSince1970()) + 600
        let claims = #"{"sub":"robot","group":"team","exp":\#(end)}"#
        let token = "Bearer \(TokenMaker.token(claims, key: try #require(settings.token.key)))"
        let session = try await sessions.signIn(token, from: nil)
        #expect(try await sessions.caller(cookies: [session.cookie], proof: session.proof).principal.name == "robot")
        clock.advance(by: .seconds(700))
        await #expect(throws: CredentialError.expired) {
            try await sessions.caller(cookies: [session.cookie], proof: session.proof)
        }
        let long = #"{"sub":"robot","x":"\#(String(repeating: "x", count: 3000))"}"#
        let longToken = "Bearer \(TokenMaker.token(long, key: try #require(settings.token.key)))"
        await #expect(throws: CredentialError.tooLong) { try await sessions.signIn(longToken, from: nil) }
    }

    @Test func `a session that has begun with an API token ends when the token is revoked, or expires`() async throws {
        var settings = TestProvider.settings()
        settings.methods = [.token]
        let store = InMemoryTokens()
        let authentication = testAuthentication(settings, tokens: store.tokens, clock: clock)
        let sessions = sessions(authentication)
        let tokens = AppliedTokenStore(store, authentication: authentication)
        for (name, error) in [("revoked", CredentialError.revoked), ("expired", .expired)] {
            let (token, text) = try APIToken.make(
                name: name, groups: ["team"], lifetime: .seconds(600), now: clock.secondsSince1970())
            try await tokens.add(token)
            let session = try await sessions.signIn("Bearer \(text.revealed)", from: nil)
            let caller = try await sessions.caller(cookies: [session.cookie], proof: session.proof)
            #expect(caller.principal.name == token.callerName && caller.principal.may(.list))
            if error == .revoked { try await tokens.remove(id: token.id) } else { clock.advance(by: .seconds(600)) }
            await #expect(throws: error) {
                try await sessions.caller(cookies: [session.cookie], proof: session.proof)
            }
        }
    }

    @Test func `processes with the same secret share sessions, and a new key ends none while the old one is kept`()
        async throws
    {
        let authentication = authentication()
        let (one, other) = (sessions(authentication), sessions(self.authentication()))
        let session = try await one.signIn(Self.password, from: nil)
        #expect(try await other.caller(cookies: [session.cookie], proof: session.proof).principal.name == "ann")
        let new = try #require(SealingKey(derivedFrom: Secret("two")))
        keys.keys.withLock { $0.insert(new, at: 0) }
        #expect(try await one.caller(cookies: [session.cookie], proof: session.proof).principal.name == "ann")
        keys.keys.withLock { $0 = [new] }
        await #expect(throws: CredentialError.sessionEnded) {
            try await one.caller(cookies: [session.cookie], proof: session.proof)
        }
        keys.keys.withLock { $0 = [] }
        await #expect(throws: CredentialError.busy) { try await one.signIn(Self.password, from: nil) }
    }

    @Test func `without authentication every caller is anonymous, and nothing is offered`() async throws {
        let sessions = sessions(authentication(AuthSettings()))
        #expect(sessions.methods.isEmpty)
        #expect(try await sessions.caller(cookies: [], proof: nil).principal == .anonymous)
    }

    @Test func `the ways to sign in follow the settings`() {
        var settings = TestProvider.settings { $0.login?.title = nil }
        let provider = SignInMethod.provider(url: TestProvider.url, title: "id.example.org")
        #expect(sessions(authentication(settings)).methods == [.password, provider, .token])
        settings.methods = [.token, .oidc]
        #expect(sessions(authentication(settings)).methods == [.token, provider])
        settings = TestProvider.settings { $0.login = nil }
        #expect(sessions(authentication(settings)).methods == [.password, .token])
    }
}
