import F2SModel
import Synchronization
import TestSupport
import Testing

@testable import F2SAccess

/// Sessions of people who sign in at a provider.
@Suite struct SignInTests {
    private let clock = ManualClock()
    private let provider: TestProvider
    private let sealing = SealingKey(derivedFrom: Secret("one"))

    init() {
        provider = TestProvider(clock: clock)
        provider.publish()
    }

    private func sessions(_ settings: AuthSettings = TestProvider.settings()) -> ConsoleSessions {
        ConsoleSessions(
            authentication: testAuthentication(settings, clock: clock, transport: provider.transport),
            keys: { [sealing] in [sealing].compactMap(\.self) }, clock: clock)
    }

    private let tab = "the-tab-of-the-console"

    private func begin(_ sessions: ConsoleSessions) async throws -> (query: [String: String], cookie: String) {
        let begun = try await sessions.beginSignIn(at: TestProvider.url, callback: TestProvider.callback, tab: tab)
        #expect(begun.location.hasPrefix("\(TestProvider.url)/page?x=1&response_type=code&"))
        return (parameters(of: begun.location), begun.cookie)
    }

    /// Signs in, and returns the session.
    private func signIn(
        _ sessions: ConsoleSessions, _ claims: [String: String] = [:],
        more: String = #","expires_in":300,"refresh_token":"next""#
    ) async throws -> ConsoleSession {
        let (query, cookie) = try await begin(sessions)
        provider.answer(claims, nonce: query["nonce"], more: more)
        return try await sessions.finishSignIn(
            ["state": query["state"] ?? "", "code": "c", "iss": TestProvider.url], cookies: [cookie],
            callback: TestProvider.callback, tab: tab)
    }

    @Test func `a user signs in with a code, PKCE, state and nonce`() async throws {
        let sessions = sessions()
        let (query, cookie) = try await begin(sessions)
        #expect(query["client_id"] == "console" && query["redirect_uri"] == TestProvider.callback)
        #expect(query["scope"] == "openid profile" && query["code_challenge_method"] == "S256")
        provider.answer(nonce: query["nonce"])
        let session = try await sessions.finishSignIn(
            ["state": query["state"] ?? "", "code": "the/code"], cookies: [cookie],
            callback: TestProvider.callback, tab: tab)
        let caller = try await sessions.caller(cookies: [session.cookie], proof: session.proof)
        #expect(caller.principal.name == "bob" && caller.principal.groups == ["id:team"])
        #expect(caller.principal.may(.invoke) && !caller.principal.may(.list) && caller.renewed == nil)

        let request = try #require(provider.transport.requests.last { $0.url == "\(TestProvider.url)/token" })
        // "console:s%3Aecret" in Base64.
        #expect(request.authorization?.revealed == "Basic Y29uc29sZTpzJTNBZWNyZXQ=")
        let form = parameters(of: "?" + (request.form?.revealed ?? ""))
        #expect(form["code"] == "the/code" && form["grant_type"] == "authorization_code")
        #expect(form["redirect_uri"] == TestProvider.callback)
        let verifier = Array((form["code_verifier"] ?? "").utf8)
        #expect(CredentialText.encodeURL(try Crypto.digest(of: verifier)) == query["code_challenge"])
        #expect(verifier.count == 43 && query["nonce"] != query["state"])
    }

    @Test func `a response that does not belong to the sign-in is refused`() async throws {
        let sessions = sessions()
        let (query, cookie) = try await begin(sessions)
        let (other, otherCookie) = try await begin(sessions)
        provider.answer(nonce: query["nonce"])
        let state = query["state"] ?? ""
        let cases: [([String: String], String?, SignInError)] = [
            (["state": state, "code": "c"], nil, .notBegun),
            (["state": state, "code": "c"], "x", .notBegun),
            (["state": state, "code": "c"], otherCookie, .wrongState),
            (["state": other["state"] ?? "", "code": "c"], cookie, .wrongState),
            (["code": "c"], cookie, .wrongState),
            (["state": state, "code": "c", "iss": "https://evil.example.org"], cookie, .wrongIssuer),
            (["state": state, "code": "c", "iss": TestProvider.url + "/"], cookie, .wrongIssuer),
            (["state": state, "error": "access_denied"], cookie, .refused(code: "access_denied")),
            (["state": state], cookie, .refused(code: "it sent no code")),
        ]
        for (response, cookie, error) in cases {
            await #expect(throws: error, "\(response)") {
                let cookies = [cookie].compactMap(\.self)
                return try await sessions.finishSignIn(
                    response, cookies: cookies, callback: TestProvider.callback, tab: tab)
            }
        }
        for tab in ["", "another", tab + "x"] {
            await #expect(throws: SignInError.otherTab) {
                try await sessions.finishSignIn(
                    ["state": state, "code": "c"], cookies: [cookie], callback: TestProvider.callback, tab: tab)
            }
        }
        for tab in ["", "short", String(repeating: "x", count: 101)] {
            await #expect(throws: SignInError.otherTab) {
                try await sessions.beginSignIn(at: TestProvider.url, callback: TestProvider.callback, tab: tab)
            }
        }
        #expect(!provider.transport.requests.contains { $0.url.hasSuffix("/token") }, "no code was exchanged")
        clock.advance(by: .seconds(600))
        await #expect(throws: SignInError.notBegun) {
            try await sessions.finishSignIn(
                ["state": state, "code": "c"], cookies: [cookie], callback: TestProvider.callback, tab: tab)
        }
        await #expect(throws: SignInError.unknownProvider) {
            try await sessions.beginSignIn(at: "https://evil.example.org", callback: TestProvider.callback, tab: tab)
        }
    }

    @Test func `a session cookie is no sign-in cookie, and the other way round`() async throws {
        let sessions = sessions()
        let (query, cookie) = try await begin(sessions)
        let session = try await signIn(sessions)
        await #expect(throws: SignInError.notBegun) {
            try await sessions.finishSignIn(
                ["state": query["state"] ?? "", "code": "c"], cookies: [session.cookie],
                callback: TestProvider.callback, tab: tab)
        }
        await #expect(throws: CredentialError.sessionEnded) {
            try await sessions.caller(cookies: [cookie], proof: session.proof)
        }
    }

    @Test func `a provider that promises to name itself must do so`() async throws {
        provider.publish(#","authorization_response_iss_parameter_supported":true"#)
        let sessions = sessions()
        let (query, cookie) = try await begin(sessions)
        provider.answer(nonce: query["nonce"])
        await #expect(throws: SignInError.wrongIssuer) {
            try await sessions.finishSignIn(
                ["state": query["state"] ?? "", "code": "c"], cookies: [cookie],
                callback: TestProvider.callback, tab: tab)
        }
        _ = try await signIn(sessions)
    }

    @Test func `an ID token of another sign-in, client, issuer or key is refused`() async throws {
        let sessions = sessions(TestProvider.settings { $0.login?.conditions = ["hd": ["acme.test"]] })
        let fit = ["hd": #""acme.test""#]
        _ = try await signIn(sessions, fit)
        let now = Int(clock.secondsSince1970())
        let cases: [([String: String], SignInError)] = [
            (["nonce": #""x""#], .wrongNonce), (["nonce": ""], .wrongNonce),
            (["aud": #""web""#], .invalidToken(.wrongAudience)),
            (["aud": #"["console","web"]"#], .invalidToken(.wrongAudience)),
            (["aud": #"["console","web"]"#, "azp": #""web""#], .invalidToken(.wrongAudience)),
            (["azp": #""web""#], .invalidToken(.wrongAudience)),
            (["iss": #""https://evil.example.org""#], .invalidToken(.unknownIssuer)),
            (["exp": "\(now - 60)"], .invalidToken(.expired)), (["exp": ""], .invalidToken(.withoutExpiry)),
            (["nbf": "\(now + 600)"], .invalidToken(.notYetValid)),
            (["hd": #""evil.test""#], .invalidToken(.unmetCondition)),
            (["hd": ""], .invalidToken(.unmetCondition)), (["sub": ""], .invalidToken(.withoutSubject)),
        ]
        for (claims, error) in cases {
            await #expect(throws: error, "\(claims)") {
                try await signIn(sessions, fit.merging(claims) { $1 })
            }
        }
        _ = try await signIn(sessions, fit.merging(["aud": #"["console","web"]"#, "azp": #""console""#]) { $1 })

        let (query, cookie) = try await begin(sessions)
        let response = ["state": query["state"] ?? "", "code": "c"]
        provider.answer(fit, nonce: query["nonce"], key: SigningKey("ES256", id: "one"))
        await #expect(throws: SignInError.invalidToken(.wrongSignature)) {
            try await sessions.finishSignIn(response, cookies: [cookie], callback: TestProvider.callback, tab: tab)
        }
        provider.transport.set(#"{"access_token":"a"}"#, at: "\(TestProvider.url)/token")
        await #expect(throws: SignInError.invalidToken(.missing)) {
            try await sessions.finishSignIn(response, cookies: [cookie], callback: TestProvider.callback, tab: tab)
        }
        provider.transport.fail(
            "\(TestProvider.url)/token", with: .status(url: "\(TestProvider.url)/token", 400))
        await #expect(throws: SignInError.codeRefused) {
            try await sessions.finishSignIn(response, cookies: [cookie], callback: TestProvider.callback, tab: tab)
        }
    }

    @Test func `a session is renewed once for all requests, and ends when the provider refuses`() async throws {
        let sessions = sessions()
        let session = try await signIn(sessions)
        func tokenRequests() -> Int { provider.transport.requests.count { $0.url.hasSuffix("/token") } }
        #expect(tokenRequests() == 1)
        clock.advance(by: .seconds(299))
        #expect(try await sessions.caller(cookies: [session.cookie], proof: session.proof).renewed == nil)
        #expect(tokenRequests() == 1)

        clock.advance(by: .seconds(1))
        provider.answer(["groups": #"["others"]"#], nonce: nil, more: #","expires_in":300,"refresh_token":"third""#)
        let callers = try await withThrowingTaskGroup(of: SessionCaller.self) { group in
            for _ in 0..<20 {
                group.addTask { try await sessions.caller(cookies: [session.cookie], proof: session.proof) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(tokenRequests() == 2, "a refresh token is used once")
        #expect(callers.allSatisfy { $0.principal.groups == ["id:others"] && $0.renewed != nil })
        let renewed = try #require(callers[0].renewed)
        #expect(renewed.proof == session.proof && renewed.lifetimeSeconds == 12 * 3600 - 300)
        #expect(try await sessions.caller(cookies: [renewed.cookie], proof: renewed.proof).renewed == nil)

        clock.advance(by: .seconds(300))
        provider.transport.isDown = true
        await #expect(throws: CredentialError.providerUnavailable) {
            try await sessions.caller(cookies: [renewed.cookie], proof: renewed.proof)
        }
        provider.transport.isDown = false
        provider.answer(["sub": #""eve""#], nonce: nil)
        await #expect(throws: CredentialError.sessionEnded, "another user") {
            try await sessions.caller(cookies: [renewed.cookie], proof: renewed.proof)
        }
        // The provider knows the next refresh token: another request has got it.
        provider.answer(nonce: nil)
        #expect(try await sessions.caller(cookies: [renewed.cookie], proof: renewed.proof).renewed != nil)
    }

    @Test func `without a new ID token the groups are used for an hour at most`() async throws {
        let sessions = sessions()
        let session = try await signIn(sessions)
        provider.transport.set(
            #"{"access_token":"a","token_type":"bearer","expires_in":3000}"#, at: "\(TestProvider.url)/token")
        clock.advance(by: .seconds(300))
        #expect(try await sessions.caller(cookies: [session.cookie], proof: session.proof).renewed != nil)
        clock.advance(by: .seconds(3000))
        #expect(try await sessions.caller(cookies: [session.cookie], proof: session.proof).principal.name == "bob")
        clock.advance(by: .seconds(300))
        await #expect(throws: CredentialError.sessionEnded) {
            try await sessions.caller(cookies: [session.cookie], proof: session.proof)
        }
    }

    @Test func `a sign-out during a renewal ends the session`() async throws {
        let sessions = sessions()
        let session = try await signIn(sessions)
        clock.advance(by: .seconds(300))
        provider.answer(nonce: nil)
        provider.transport.whenSent.withLock {
            $0 = { request in
                guard request.url.hasSuffix("/token") else { return }
                _ = await sessions.signOut(cookies: [session.cookie], proof: session.proof, returnTo: "/")
            }
        }
        await #expect(throws: CredentialError.sessionEnded) {
            try await sessions.caller(cookies: [session.cookie], proof: session.proof)
        }
    }

    @Test func `only a few codes are exchanged at the same time`() async throws {
        let sessions = sessions()
        var begun: [(state: String, cookie: String)] = []
        for _ in 0..<20 {
            let (query, cookie) = try await begin(sessions)
            begun.append((query["state"] ?? "", cookie))
        }
        provider.answer(nonce: "another")
        let released = Latest(false)
        provider.transport.whenSent.withLock {
            $0 = { request in
                guard request.url.hasSuffix("/token") else { return }
                for await isReleased in released.values() where isReleased { return }
            }
        }
        let errors = await withTaskGroup(of: SignInError?.self) { group in
            for (state, cookie) in begun {
                group.addTask {
                    do throws(SignInError) {
                        _ = try await sessions.finishSignIn(
                            ["state": state, "code": "c"], cookies: [cookie], callback: TestProvider.callback,
                            tab: "the-tab-of-the-console")
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            var errors: [SignInError?] = []
            while let error = await group.next() {
                errors.append(error)
                // All others have been refused; the rest waits for the provider.
                if errors.count == 16 { released.publish(true) }
            }
            return errors
        }
        #expect(errors.count { $0 == .providerUnavailable } == 16 && errors.count { $0 == .wrongNonce } == 4)
    }

    @Test func `with several providers, a response must name its own`() async throws {
        var settings = TestProvider.settings()
        var other = AuthSettings.Issuer(url: "https://other.example.org")
        other.audiences = ["f2s"]
        other.login = AuthSettings.Issuer.Login(clientID: "console")
        settings.issuers.append(other)
        let sessions = sessions(settings)
        let (query, cookie) = try await begin(sessions)
        provider.answer(nonce: query["nonce"])
        await #expect(throws: SignInError.wrongIssuer) {
            try await sessions.finishSignIn(
                ["state": query["state"] ?? "", "code": "c"], cookies: [cookie], callback: TestProvider.callback,
                tab: tab)
        }
        _ = try await signIn(sessions)
    }

    @Test func `with a URL of its own, a provider need not name itself, and no response counts elsewhere`()
        async throws
    {
        var settings = TestProvider.settings { $0.login?.callbackName = "acme" }
        var other = AuthSettings.Issuer(url: "https://other.example.org")
        other.audiences = ["f2s"]
        other.login = AuthSettings.Issuer.Login(clientID: "console")
        settings.issuers.append(other)
        let sessions = sessions(settings)
        let (query, cookie) = try await begin(sessions)
        let own = TestProvider.callback + "/acme"
        #expect(query["redirect_uri"] == own)
        provider.answer(nonce: query["nonce"])
        for callback in [TestProvider.callback, TestProvider.callback + "/other", own + "/", own.uppercased()] {
            await #expect(throws: SignInError.wrongIssuer, "\(callback)") {
                try await sessions.finishSignIn(
                    ["state": query["state"] ?? "", "code": "c"], cookies: [cookie], callback: callback, tab: tab)
            }
        }
        await #expect(throws: SignInError.wrongIssuer) {
            try await sessions.finishSignIn(
                ["state": query["state"] ?? "", "code": "c", "iss": other.url], cookies: [cookie], callback: own,
                tab: tab)
        }
        #expect(!provider.transport.requests.contains { $0.url.hasSuffix("/token") }, "no code was exchanged")
        let session = try await sessions.finishSignIn(
            ["state": query["state"] ?? "", "code": "c"], cookies: [cookie], callback: own, tab: tab)
        #expect(session.user == "bob")
    }

    @Test func `changed settings of the provider end its sessions`() async throws {
        let authentication = testAuthentication(
            TestProvider.settings(), clock: clock, transport: provider.transport)
        let sessions = ConsoleSessions(
            authentication: authentication, keys: { [sealing] in [sealing].compactMap(\.self) }, clock: clock)
        let session = try await signIn(sessions)
        for change in [
            { $0.groupsPrefix = "new:" }, { $0.userPrefix = "x" }, { $0.groupsClaims = ["roles"] },
            { $0.login?.conditions = ["hd": ["acme.test"]] }, { $0.userClaim = "name" },
        ] as [(inout AuthSettings.Issuer) -> Void] {
            authentication.apply(TestProvider.settings(change))
            await #expect(throws: CredentialError.sessionEnded) {
                try await sessions.caller(cookies: [session.cookie], proof: session.proof)
            }
        }
        authentication.apply(TestProvider.settings())
        #expect(try await sessions.caller(cookies: [session.cookie], proof: session.proof).principal.name == "bob")
    }

    @Test func `without a refresh token a session ends after an hour`() async throws {
        let sessions = sessions()
        let session = try await signIn(sessions, more: #","expires_in":300"#)
        clock.advance(by: .seconds(3599))
        #expect(try await sessions.caller(cookies: [session.cookie], proof: session.proof).principal.name == "bob")
        clock.advance(by: .seconds(1))
        await #expect(throws: CredentialError.sessionEnded) {
            try await sessions.caller(cookies: [session.cookie], proof: session.proof)
        }
    }

    @Test func `a session ends with the provider's login`() async throws {
        let authentication = testAuthentication(
            TestProvider.settings(), clock: clock, transport: provider.transport)
        let sessions = ConsoleSessions(
            authentication: authentication, keys: { [sealing] in [sealing].compactMap(\.self) }, clock: clock)
        let session = try await signIn(sessions)
        authentication.apply(TestProvider.settings { $0.login = nil })
        await #expect(throws: CredentialError.sessionEnded) {
            try await sessions.caller(cookies: [session.cookie], proof: session.proof)
        }
    }

    @Test(
        arguments: [("i", "r", 1300), (nil, "r", 1300), ("i", nil, 4600), (nil, nil, 4600)]
            as [(String?, String?, Double)])
    func `a session that is too long loses the ID token first, and lasts an hour without a refresh token`(
        idToken: String?, refreshToken: String?, validUntil: Double
    ) {
        var identity = ProviderIdentity(
            issuer: TestProvider.url, name: "bob", groups: [], validUntil: validUntil, verifiedAt: 1000,
            refreshToken: refreshToken, idToken: idToken)
        var left: [String] = []
        while identity.dropToken() {
            left.append((identity.idToken ?? "") + (identity.refreshToken ?? "") + " \(Int(identity.validUntil))")
        }
        var wanted: [String] = []
        if idToken != nil { wanted.append((refreshToken ?? "") + " \(Int(validUntil))") }
        if refreshToken != nil { wanted.append(" 4600") }
        #expect(left == wanted)
    }

    @Test func `the sign-out names the session to the provider`() async throws {
        let sessions = sessions()
        let session = try await signIn(sessions)
        let ended = await sessions.signOut(
            cookies: [session.cookie], proof: session.proof, returnTo: "http://127.0.0.1:8090/")
        #expect(ended.user?.isEmpty == false)
        let location = try #require(ended.location)
        #expect(location.hasPrefix("\(TestProvider.url)/end?"))
        let query = parameters(of: location)
        #expect(query["client_id"] == "console" && query["post_logout_redirect_uri"] == "http://127.0.0.1:8090/")
        #expect(query["id_token_hint"]?.split(separator: ".").count == 3)
        await #expect(throws: CredentialError.sessionEnded) {
            try await sessions.caller(cookies: [session.cookie], proof: session.proof)
        }
    }

    @Test func `long tokens are left out of the cookie before the session is refused`() async throws {
        let sessions = sessions()
        let long = "\"\(String(repeating: "x", count: 2500))\""
        let session = try await signIn(sessions, ["x": long])
        #expect(session.cookie.utf8.count <= ConsoleSession.cookieBytesMax)
        let ended = await sessions.signOut(cookies: [session.cookie], proof: session.proof, returnTo: "/")
        #expect(ended.location?.contains("id_token_hint") == false)
        let groups = (0..<500).map { #""group-\#($0)""# }.joined(separator: ",")
        await #expect(throws: SignInError.tooLong) { try await signIn(sessions, ["groups": "[\(groups)]"]) }
    }

    @Test func `the password of the client is sent in the form if the provider demands it`() async throws {
        provider.publish(#","token_endpoint_auth_methods_supported":["client_secret_post"]"#)
        _ = try await signIn(sessions())
        let request = try #require(provider.transport.requests.last { $0.url.hasSuffix("/token") })
        let form = parameters(of: "?" + (request.form?.revealed ?? ""))
        #expect(request.authorization == nil)
        #expect(form["client_id"] == "console" && form["client_secret"] == "s:ecret")
    }

    @Test func `a provider without a page for sign-ins, or that is down, is unavailable`() async throws {
        let sessions = sessions()
        provider.transport.isDown = true
        await #expect(throws: SignInError.providerUnavailable) {
            try await sessions.beginSignIn(at: TestProvider.url, callback: TestProvider.callback, tab: tab)
        }
        provider.transport.isDown = false
        provider.transport.publish([provider.key], of: TestProvider.url)
        clock.advance(by: .seconds(10))
        await #expect(throws: SignInError.providerUnavailable) {
            try await sessions.beginSignIn(at: TestProvider.url, callback: TestProvider.callback, tab: tab)
        }
    }
}
