import F2SModel
import Synchronization
import TestSupport
import Testing

@testable import F2SAccess

/// Sign-ins at functions, on behalf of sessions of the console.
@Suite struct FunctionLoginTests {
    /// A kind of session.
    enum Kind: CaseIterable, Sendable {
        case user, apiToken, signedToken, providerUser
    }

    /// The keys of the processes.
    private final class KeyRing: Sendable {
        let keys = Mutex([SealingKey(derivedFrom: Secret("one"))].compactMap(\.self))
    }

    private let clock = ManualClock()
    private let keys = KeyRing()
    private let store = InMemoryTokens()
    private let provider: TestProvider
    private let authentication: CallerAuthentication
    private let sessions: ConsoleSessions
    private let report = Function.ID("report")
    private let target = "/invoke/report?month=5"

    init() {
        provider = TestProvider(clock: clock)
        provider.publish()
        authentication = testAuthentication(
            Self.settings(), tokens: store.tokens, clock: clock, transport: provider.transport)
        sessions = ConsoleSessions(
            authentication: authentication, keys: { [keys] in keys.keys.withLock { $0 } }, clock: clock)
    }

    private static func settings(_ change: (inout AuthSettings) -> Void = { _ in }) -> AuthSettings {
        var settings = TestProvider.settings()
        settings.methods = [.basic, .token, .oidc]
        change(&settings)
        return settings
    }

    private static func providerSettings(_ change: (inout AuthSettings.Issuer) -> Void) -> AuthSettings {
        settings { $0.issuers = TestProvider.settings(change).issuers }
    }

    private static func ann(_ password: String, groups: [String] = ["team"]) -> AuthSettings.User {
        AuthSettings.User(name: "ann", password: Secret(password), groups: groups)
    }

    /// Returns another process with the same keys.
    private func anotherProcess() -> ConsoleSessions {
        let authentication = testAuthentication(
            Self.settings(), tokens: store.tokens, clock: clock, transport: provider.transport)
        return ConsoleSessions(
            authentication: authentication, keys: { [keys] in keys.keys.withLock { $0 } }, clock: clock)
    }

    // MARK: Signing in

    /// Signs in to the console.
    /// - Parameter more: Further members of the answer of the provider.
    private func signIn(
        _ kind: Kind, more: String = #","expires_in":300,"refresh_token":"the-refresh-token""#
    ) async throws -> ConsoleSession {
        switch kind {
        case .user:
            let password = CredentialText.encodePadded(Array("ann:ann-password".utf8))
            return try await sessions.signIn("Basic \(password)", from: nil)
        case .apiToken: return try await sessions.signIn("Bearer \(try await addToken().text)", from: nil)
        case .signedToken: return try await signIn(tokenWith: "")
        case .providerUser:
            let tab = "the-tab-of-the-console"
            let begun = try await sessions.beginSignIn(at: TestProvider.url, callback: TestProvider.callback, tab: tab)
            let query = parameters(of: begun.location)
            provider.answer(nonce: query["nonce"], more: more)
            return try await sessions.finishSignIn(
                ["state": query["state"] ?? "", "code": "c"], cookies: [begun.cookie],
                callback: TestProvider.callback, tab: tab)
        }
    }

    /// Signs in to the console with a signed token that has a claim with this text.
    private func signIn(tokenWith text: String) async throws -> ConsoleSession {
        let end = Int(clock.secondsSince1970()) + 86_400
        let claims = #"{"sub":"robot","group":"team","exp":\#(end),"x":"\#(text)"}"#
        let key = try #require(Self.settings().token.key)
        return try await sessions.signIn("Bearer \(TokenMaker.token(claims, key: key))", from: nil)
    }

    private func addToken() async throws -> (id: String, text: String) {
        let (token, text) = try APIToken.make(
            name: "ci", groups: ["team"], lifetime: .seconds(86_400), now: clock.secondsSince1970())
        try await AppliedTokenStore(store, authentication: authentication).add(token)
        return (token.id, text.revealed)
    }

    private func issueTicket(
        _ session: ConsoleSession, state: String, at function: Function.ID? = nil, target: String? = nil
    ) async throws -> String {
        try await sessions.issueTicket(
            cookies: [session.cookie], proof: session.proof, state: state, function: function ?? report,
            target: target ?? self.target)
    }

    /// Signs in at a function.
    private func logIn(_ session: ConsoleSession, at function: Function.ID? = nil) async throws -> FunctionLogin {
        let begun = try sessions.beginLogin(reusing: [])
        let ticket = try await issueTicket(session, state: begun.state, at: function)
        return try sessions.redeem(ticket: ticket, stateCookies: [begun.cookie])
    }

    private func caller(_ login: FunctionLogin) async throws(CredentialError) -> Principal {
        try await sessions.caller(loginCookies: [login.cookie], at: report)
    }

    /// Opens the cookie of a function.
    private func content(of cookie: String) throws -> FunctionLoginContent {
        let key = try #require(keys.keys.withLock { $0.first })
        return try #require(key.openJSON(of: FunctionLoginContent.self, cookie, for: "function-login"))
    }

    // MARK: The whole way

    @Test(arguments: Kind.allCases)
    func `a session of the console signs its user in at a function, in every process with the same keys`(
        kind: Kind
    ) async throws {
        let session = try await signIn(kind)
        let login = try await logIn(session)
        #expect(login.function == report && login.target == target)
        #expect(login.lifetimeSeconds == 3600)
        #expect(login.cookie.utf8.count <= ConsoleSession.cookieBytesMax)
        let wanted = try await sessions.caller(cookies: [session.cookie], proof: session.proof).principal
        let names = [Kind.user: "ann", .apiToken: "token:ci", .signedToken: "robot", .providerUser: "bob"]
        #expect(wanted.name == names[kind])
        #expect(try await caller(login) == wanted)
        #expect(try await anotherProcess().caller(loginCookies: [login.cookie], at: report) == wanted)
    }

    @Test func `a browser keeps a random text, and only its digest is part of a URL`() throws {
        let (one, other) = (try sessions.beginLogin(reusing: []), try sessions.beginLogin(reusing: ["x", "a b"]))
        #expect(try sessions.beginLogin(reusing: ["x", one.cookie, other.cookie]) == one, "another tab has begun too")
        #expect(one.cookie != other.cookie && CredentialText.decodeURL(one.cookie)?.count == 32)
        #expect(try one.state == CredentialText.encodeURL(Crypto.digest(of: Array(one.cookie.utf8))))
    }

    @Test func `without authentication every caller is anonymous`() async throws {
        authentication.apply(AuthSettings())
        for cookies in [[], ["x"]] {
            #expect(try await sessions.caller(loginCookies: cookies, at: report) == .anonymous)
        }
    }

    @Test func `only a session issues a ticket`() async throws {
        let session = try await signIn(.user)
        let cases: [([String], String?, CredentialError)] = [
            ([], session.proof, .missing), (["x"], session.proof, .sessionEnded),
            ([session.cookie], nil, .withoutProof),
            ([session.cookie], try await signIn(.user).proof, .withoutProof),
        ]
        for (cookies, proof, error) in cases {
            await #expect(throws: error) {
                try await sessions.issueTicket(
                    cookies: cookies, proof: proof, state: "s", function: report, target: target)
            }
        }
        authentication.apply(Self.settings { $0.users = [] })
        await #expect(throws: CredentialError.sessionEnded) { try await issueTicket(session, state: "s") }
    }

    // MARK: The end

    @Test(
        arguments: [
            (.user, 43_200, 3600), (.user, 600, 600), (.signedToken, 43_200, 3600), (.providerUser, 43_200, 3600),
            (.providerUser, 200, 200),
        ] as [(Kind, Int64, Int)])
    func `a sign-in ends after an hour, with the session, or with the identity of a provider`(
        kind: Kind, sessionSeconds: Int64, lifetime: Int
    ) async throws {
        authentication.apply(Self.settings { $0.sessionLifetime = .seconds(sessionSeconds) })
        let login = try await logIn(try await signIn(kind))
        #expect(login.lifetimeSeconds == lifetime)
        clock.advance(by: .seconds(lifetime - 1))
        _ = try await caller(login)
        clock.advance(by: .seconds(1))
        await #expect(throws: CredentialError.sessionEnded) { try await caller(login) }
    }

    @Test func `without a refresh token a provider's user is signed in for an hour`() async throws {
        let login = try await logIn(try await signIn(.providerUser, more: ""))
        #expect(login.lifetimeSeconds == 3600)
    }

    @Test(arguments: [1300, 4600, 4601] as [Double])
    func `an identity without tokens lasts an hour after its ID token`(validUntil: Double) {
        let identity = ProviderIdentity(
            issuer: TestProvider.url, name: "bob", groups: ["id:team"], validUntil: validUntil, verifiedAt: 1000,
            refreshToken: "r", idToken: "i")
        let bare = identity.withoutTokens
        #expect(bare.refreshToken == nil && bare.idToken == nil && bare.validUntil == 4600)
        #expect(bare.name == "bob" && bare.groups == ["id:team"] && bare.issuer == TestProvider.url)
    }

    @Test(arguments: Kind.allCases)
    func `a sign-out ends the sign-ins and the tickets of this session in the same process`(kind: Kind) async throws {
        let (session, other) = (try await signIn(kind), try await signIn(.user))
        let (login, otherLogin) = (try await logIn(session), try await logIn(other))
        let begun = try sessions.beginLogin(reusing: [])
        let ticket = try await issueTicket(session, state: begun.state)
        _ = await sessions.signOut(cookies: [session.cookie], proof: session.proof, returnTo: "/")
        await #expect(throws: CredentialError.sessionEnded) { try await caller(login) }
        #expect(throws: CredentialError.sessionEnded) {
            try sessions.redeem(ticket: ticket, stateCookies: [begun.cookie])
        }
        #expect(try await caller(otherLogin).name == "ann")
    }

    @Test func `changed settings refuse the sign-ins that rest on them`() async throws {
        let cases: [(Kind, AuthSettings, CredentialError)] = [
            (.user, Self.settings { $0.users = [Self.ann("new")] }, .sessionEnded),
            (.user, Self.settings { $0.users = [] }, .sessionEnded),
            (.user, Self.settings { $0.methods = [.token, .oidc] }, .sessionEnded),
            (.apiToken, Self.settings { $0.methods = [.basic] }, .unknownScheme),
            (
                .signedToken, Self.settings { $0.token.key = Secret("fedcba9876543210fedcba9876543210") },
                .wrongSignature
            ),
            (.providerUser, Self.settings { $0.issuers = [] }, .sessionEnded),
            (.providerUser, Self.providerSettings { $0.groupsPrefix = "new:" }, .sessionEnded),
            (.providerUser, Self.providerSettings { $0.login?.conditions = ["hd": ["a"]] }, .sessionEnded),
            (.providerUser, Self.providerSettings { $0.login = nil }, .sessionEnded),
        ]
        for (index, (kind, settings, error)) in cases.enumerated() {
            let login = try await logIn(try await signIn(kind))
            authentication.apply(settings)
            await #expect(throws: error, "case \(index)") { try await caller(login) }
            authentication.apply(Self.settings())
            _ = try await caller(login)
        }
    }

    @Test func `a revoked API token refuses its sign-ins`() async throws {
        let (id, text) = try await addToken()
        let login = try await logIn(try await sessions.signIn("Bearer \(text)", from: nil))
        #expect(try await caller(login).name == "token:ci")
        try await AppliedTokenStore(store, authentication: authentication).remove(id: id)
        await #expect(throws: CredentialError.revoked) { try await caller(login) }
    }

    @Test func `groups and privileges are those of the settings in force`() async throws {
        let (user, bob) = (try await logIn(try await signIn(.user)), try await logIn(try await signIn(.providerUser)))
        #expect(try await caller(user).may(.list))
        #expect(try await caller(bob).may(.invoke))
        authentication.apply(
            Self.settings {
                $0.users = [Self.ann("ann-password", groups: ["others"])]
                $0.grants = ["others": [Grant(.invoke)], "id:team": [Grant(.list)]]
            })
        let (newUser, newBob) = (try await caller(user), try await caller(bob))
        #expect(newUser.groups == ["others"] && newUser.may(.invoke) && !newUser.may(.list))
        #expect(newBob.groups == ["id:team"] && newBob.may(.list) && !newBob.may(.invoke))
    }

    // MARK: The cookie

    @Test func `a cookie is refused at another function`() async throws {
        let report = Function.ID("caf\u{E9}")
        let cookie = try await logIn(try await signIn(.user), at: report).cookie
        #expect(try await sessions.caller(loginCookies: [cookie], at: report).name == "ann")
        for other in ["", "cafe", "cafe\u{301}", "Caf\u{E9}", "caf\u{E9} "] {
            await #expect(throws: CredentialError.sessionEnded, "\(other)") {
                try await sessions.caller(loginCookies: [cookie], at: Function.ID(other))
            }
        }
    }

    @Test func `a cookie is refused if another key has sealed it, or if it was changed`() async throws {
        let login = try await logIn(try await signIn(.user))
        for wrong in ["", "x", login.cookie + "AAAA", "A" + login.cookie, String(login.cookie.dropLast(4))] {
            await #expect(throws: CredentialError.sessionEnded, "\(wrong)") {
                try await sessions.caller(loginCookies: [wrong], at: report)
            }
        }
        _ = try await caller(login)
        let other = try #require(SealingKey.random())
        keys.keys.withLock { $0 = [other] }
        await #expect(throws: CredentialError.sessionEnded) { try await caller(login) }
    }

    @Test(arguments: [Kind.user, .providerUser])
    func `the newest key seals a ticket, and an earlier one is needed for the session only`(kind: Kind) async throws {
        let session = try await signIn(kind)
        let new = try #require(SealingKey(derivedFrom: Secret("two")))
        keys.keys.withLock { $0.insert(new, at: 0) }
        let begun = try sessions.beginLogin(reusing: [])
        let ticket = try await issueTicket(session, state: begun.state)
        keys.keys.withLock { $0 = [new] }
        let login = try sessions.redeem(ticket: ticket, stateCookies: [begun.cookie])
        _ = try await caller(login)
        let newer = try #require(SealingKey(derivedFrom: Secret("three")))
        keys.keys.withLock { $0.insert(newer, at: 0) }
        _ = try await caller(login)
    }

    @Test func `the first valid one of eight cookies counts`() async throws {
        let bob = try await logIn(try await signIn(.providerUser)).cookie
        let ann = try await logIn(try await signIn(.user)).cookie
        let long = String(repeating: "A", count: ConsoleSession.cookieBytesMax + 1)
        func name(_ cookies: [String]) async throws(CredentialError) -> String {
            try await sessions.caller(loginCookies: cookies, at: report).name
        }
        #expect(try await name(Array(repeating: long, count: 7) + [ann]) == "ann")
        await #expect(throws: CredentialError.sessionEnded) {
            try await name(Array(repeating: "x", count: 8) + [ann])
        }
        await #expect(throws: CredentialError.sessionEnded) { try await name([]) }
        #expect(try await name([bob, ann]) == "bob")
        authentication.apply(Self.providerSettings { $0.login = nil })
        #expect(try await name([bob, ann]) == "ann")
    }

    @Test func `each kind of sealed text is accepted for its own purpose only`() async throws {
        let session = try await signIn(.user)
        let begun = try sessions.beginLogin(reusing: [])
        let ticket = try await issueTicket(session, state: begun.state)
        let login = try await logIn(session)
        for wrong in [session.cookie, ticket, begun.cookie, begun.state] {
            await #expect(throws: CredentialError.sessionEnded) {
                try await sessions.caller(loginCookies: [wrong], at: report)
            }
        }
        for wrong in [login.cookie, ticket] {
            await #expect(throws: CredentialError.sessionEnded) {
                try await sessions.caller(cookies: [wrong], proof: session.proof)
            }
        }
        for wrong in [login.cookie, session.cookie] {
            #expect(throws: CredentialError.sessionEnded) {
                try sessions.redeem(ticket: wrong, stateCookies: [begun.cookie])
            }
        }
        // The same content with another purpose.
        let key = try #require(keys.keys.withLock { $0.first })
        let content = try content(of: login.cookie)
        for purpose in ["session", "sign-in", "function-ticket"] as [StaticString] {
            let sealed = try key.sealJSON(of: content, for: purpose)
            await #expect(throws: CredentialError.sessionEnded, "\(purpose)") {
                try await sessions.caller(loginCookies: [sealed], at: report)
            }
        }
        let sealed = try key.sealJSON(of: content, for: "function-login")
        #expect(try await sessions.caller(loginCookies: [sealed], at: report).name == "ann")
    }

    @Test func `neither a ticket nor a cookie contains the tokens of a provider`() async throws {
        let session = try await signIn(.providerUser)
        let begun = try sessions.beginLogin(reusing: [])
        let ticket = try await issueTicket(session, state: begun.state)
        let login = try sessions.redeem(ticket: ticket, stateCookies: [begun.cookie])
        let key = try #require(keys.keys.withLock { $0.first })
        let texts = [
            key.open(session.cookie, for: "session"), key.open(ticket, for: "function-ticket"),
            key.open(login.cookie, for: "function-login"),
        ].map { String(decoding: $0 ?? [], as: UTF8.self) }
        #expect(texts.map { $0.contains("bob") } == [true, true, true])
        #expect(texts.map { $0.contains("the-refresh-token") } == [true, false, false])
        guard case .provider(let identity, _) = try content(of: login.cookie).identity else {
            Issue.record("The cookie has no identity of a provider.")
            return
        }
        #expect(identity.refreshToken == nil && identity.idToken == nil)
    }

    @Test func `a ticket has the identity that its request has renewed`() async throws {
        let session = try await signIn(.providerUser)
        clock.advance(by: .seconds(300))
        provider.answer(["groups": #"["others"]"#], nonce: nil)
        let login = try await logIn(session)
        #expect(login.lifetimeSeconds == 3600)
        #expect(try await caller(login).groups == ["id:others"])
        // The next request of the console gets the new cookie, without another question to the provider.
        #expect(try await sessions.caller(cookies: [session.cookie], proof: session.proof).renewed != nil)
        #expect(provider.transport.requests.count { $0.url.hasSuffix("/token") } == 2)
        clock.advance(by: .seconds(3600))
        await #expect(throws: CredentialError.sessionEnded) { try await caller(login) }
        #expect(provider.transport.requests.count { $0.url.hasSuffix("/token") } == 2, "a function renews nothing")
    }

    // MARK: The ticket

    @Test func `a ticket is refused in another browser, and afterwards in its own one too`() async throws {
        let session = try await signIn(.user)
        let (begun, other) = (try sessions.beginLogin(reusing: []), try sessions.beginLogin(reusing: []))
        let eight = Array(repeating: "x", count: 8)
        for cookies in [[], [""], [other.cookie], [begun.state], [begun.cookie + "A"], eight + [begun.cookie]] {
            let ticket = try await issueTicket(session, state: begun.state)
            for cookies in [cookies, [begun.cookie]] {
                #expect(throws: CredentialError.sessionEnded, "\(cookies)") {
                    try sessions.redeem(ticket: ticket, stateCookies: cookies)
                }
            }
        }
        let ticket = try await issueTicket(session, state: begun.state)
        let login = try sessions.redeem(ticket: ticket, stateCookies: eight.dropLast() + [begun.cookie])
        #expect(try await caller(login).name == "ann")
    }

    @Test func `a ticket is accepted once, within a minute`() async throws {
        let session = try await signIn(.user)
        let begun = try sessions.beginLogin(reusing: [])
        let (one, late) = (
            try await issueTicket(session, state: begun.state), try await issueTicket(session, state: begun.state)
        )
        clock.advance(by: .seconds(59))
        _ = try sessions.redeem(ticket: one, stateCookies: [begun.cookie])
        #expect(throws: CredentialError.sessionEnded) {
            try sessions.redeem(ticket: one, stateCookies: [begun.cookie])
        }
        clock.advance(by: .seconds(1))
        #expect(throws: CredentialError.sessionEnded) {
            try sessions.redeem(ticket: late, stateCookies: [begun.cookie])
        }
    }

    @Test func `a ticket is refused with other keys, after a change, and after the end of the session`() async throws {
        authentication.apply(Self.settings { $0.sessionLifetime = .seconds(30) })
        let session = try await signIn(.user)
        let begun = try sessions.beginLogin(reusing: [])
        let ticket = try await issueTicket(session, state: begun.state)
        func isRefused(_ ticket: String) -> Bool {
            do throws(CredentialError) {
                _ = try sessions.redeem(ticket: ticket, stateCookies: [begun.cookie])
                return false
            } catch {
                return error == .sessionEnded
            }
        }
        for wrong in ["", "x", "A" + ticket, ticket + String(repeating: "A", count: 6000)] {
            #expect(isRefused(wrong))
        }
        let (old, other) = (keys.keys.withLock { $0 }, try #require(SealingKey.random()))
        keys.keys.withLock { $0 = [other] }
        #expect(isRefused(ticket))
        keys.keys.withLock { $0 = old }
        #expect(!isRefused(ticket), "the other tickets were refused for their texts")
        let late = try await issueTicket(session, state: begun.state)
        clock.advance(by: .seconds(30))
        #expect(isRefused(late))
    }

    @Test func `a ticket and a cookie have a longest size`() async throws {
        let begun = try sessions.beginLogin(reusing: [])
        let slashes = String(repeating: "/", count: 2048)
        let ticket = try await issueTicket(try await signIn(.providerUser), state: begun.state, target: slashes)
        #expect(ticket.utf8.count <= FunctionTicket.bytesMax)
        #expect(try sessions.redeem(ticket: ticket, stateCookies: [begun.cookie]).target == slashes)

        let long = try await signIn(tokenWith: String(repeating: "x", count: 1850))
        await #expect(throws: CredentialError.tooLong) {
            try await issueTicket(long, state: begun.state, target: slashes)
        }
        let name = Function.ID(String(repeating: "f", count: 300))
        await #expect(throws: CredentialError.tooLong) { try await logIn(long, at: name) }
        #expect(try await caller(try await logIn(long)).name == "robot")
    }
}
