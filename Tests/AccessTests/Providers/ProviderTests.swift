import F2SModel
import TestSupport
import Testing

@testable import F2SAccess

/// Callers with tokens of providers, whose requests are answered in memory.
@Suite struct ProviderTests {
    private static let issuer = "https://id.example.org"

    private let providers = StubProviders()
    private let clock = ManualClock()
    private let key = SigningKey("ES256", id: "one")

    private static func settings(
        _ methods: [AuthSettings.Method] = [.oidc], introspection: Bool = false
    ) -> AuthSettings {
        var provider = AuthSettings.Issuer(url: issuer)
        provider.audiences = ["f2s"]
        if introspection {
            provider.introspection = .init(clientID: "f2s:x", clientSecret: Secret("a b"), validity: .seconds(60))
        }
        var settings = AuthSettings()
        settings.methods = methods
        settings.issuers = [provider]
        settings.token.key = Secret("0123456789abcdef0123456789abcdef")
        settings.grants = ["team": [Grant(.list)]]
        return settings
    }

    private func authentication(
        _ methods: [AuthSettings.Method] = [.oidc], introspection: Bool = false
    ) -> CallerAuthentication {
        testAuthentication(
            Self.settings(methods, introspection: introspection), clock: clock, transport: providers)
    }

    private func claims(_ name: String = "ann", lifetime: Int = 3600, issuer: String = issuer) -> String {
        let end = Int(clock.secondsSince1970()) + lifetime
        return #"{"iss":"\#(issuer)","aud":"f2s","sub":"\#(name)","groups":["team"],"exp":\#(end)}"#
    }

    private func token(_ name: String = "ann", lifetime: Int = 3600, key: SigningKey? = nil) -> String {
        "Bearer \((key ?? self.key).token(claims(name, lifetime: lifetime)))"
    }

    private func recognition(_ authentication: CallerAuthentication, _ credentials: String) -> Recognition {
        authentication.recognize(credentials.utf8Span.span)
    }

    @Test(arguments: ["RS256", "ES256", "EdDSA"]) func `a token of a provider is a caller with its groups' grants`(
        algorithm: String
    ) async throws {
        let key = SigningKey(algorithm, id: nil)
        providers.publish([key], of: Self.issuer)
        let authentication = authentication()
        let ann = try await authentication.verify(token(key: key))
        #expect(ann.name == "ann" && ann.groups == ["team"] && ann.may(.list) && !ann.may(.create))
        #expect(authentication.challenges == ["Bearer realm=\"f2s\""])
        _ = try await authentication.verify(token("bob", key: key))
        #expect(providers.requests.count == 2, "one for the description, and one for the keys")
    }

    @Test func `if the settings have the URL of the keys, the provider need not describe itself`() async throws {
        let url = "https://10.0.0.1:443/openid/v1/jwks"
        providers.set(#"{"keys":[\#(key.json)]}"#, at: url)
        var settings = Self.settings()
        settings.issuers[0].isCluster = true
        settings.issuers[0].keysURL = url
        let authentication = testAuthentication(settings, clock: clock, transport: providers)
        let ann = try await authentication.verify(token())
        #expect(ann.name == "ann")
        #expect(providers.requests.map(\.url) == [url])
        let error = await #expect(throws: CredentialError.self) {
            try await authentication.verify(token(key: SigningKey("ES256", id: "other")))
        }
        #expect(error == .unknownKey)
    }

    @Test func `a token that is not signed by the provider is refused`() async throws {
        providers.publish([key], of: Self.issuer)
        let authentication = authentication([.oidc, .token])
        let mac = TokenMaker.token(claims(), key: Secret(key.json))
        let unsigned = "\(TokenMaker.encode(#"{"alg":"none"}"#)).\(TokenMaker.encode(claims()))."
        let cases: [(String, CredentialError)] = [
            (SigningKey("ES256", id: "one").token(claims()), .wrongSignature),
            (SigningKey("ES256", id: "two").token(claims()), .unknownKey),
            (SigningKey("RS256", id: "one").token(claims()), .unknownKey),
            (key.token(claims(), header: #"{"alg":"RS256","kid":"one"}"#), .unknownKey),
            (key.token(claims(), header: #"{"alg":"ES256","kid":"one","crit":["x"]}"#), .wrongAlgorithm),
            (key.token(claims(issuer: "https://other.example.org")), .unknownIssuer),
            (key.token("[]"), .malformed), (mac, .wrongSignature), (unsigned, .wrongAlgorithm),
        ]
        for (text, error) in cases {
            await #expect(throws: error, "\(text)") { try await authentication.verify("Bearer \(text)") }
        }
        let only = self.authentication()
        await #expect(throws: CredentialError.wrongAlgorithm) { try await only.verify("Bearer \(mac)") }
        await #expect(throws: CredentialError.unknownScheme) { try await only.verify("Bearer opaque") }
    }

    @Test func `the key of the settings and a provider work beside each other`() async throws {
        providers.publish([key], of: Self.issuer)
        for methods in [[AuthSettings.Method.token, .oidc], [.oidc, .token]] {
            let authentication = authentication(methods)
            #expect(try await authentication.verify(token()).name == "ann")
            let own = TokenMaker.token(#"{"sub":"ci"}"#, key: Secret("0123456789abcdef0123456789abcdef"))
            #expect(try await authentication.verify("Bearer \(own)").name == "ci")
        }
        await #expect(throws: CredentialError.wrongAlgorithm) { try await authentication([.token]).verify(token()) }
    }

    @Test func `a new key is fetched, and a removed one ends what was accepted`() async throws {
        let next = SigningKey("ES256", id: "two")
        providers.publish([key], of: Self.issuer)
        let authentication = authentication()
        let old = token()
        _ = try await authentication.verify(old)
        providers.publish([next], of: Self.issuer)
        await #expect(throws: CredentialError.unknownKey) { try await authentication.verify(token(key: next)) }
        #expect(recognition(authentication, old) != .unknown)
        clock.advance(by: ProviderKeys.attemptInterval)
        #expect(try await authentication.verify(token(key: next)).name == "ann")
        #expect(recognition(authentication, old) == .unknown)
        await #expect(throws: CredentialError.unknownKey) { try await authentication.verify(old) }
    }

    @Test(arguments: [false, true]) func `a silent provider refuses new tokens, and not those that it knows`(
        introspection: Bool
    ) async throws {
        let authentication = authentication(introspection: introspection)
        providers.isDown = true
        await #expect(throws: CredentialError.providerUnavailable) { try await authentication.verify(token()) }
        providers.isDown = false
        providers.publish([key], of: Self.issuer)
        providers.set(#"{"active":true}"#, at: "\(Self.issuer)/ask")
        await #expect(throws: CredentialError.providerUnavailable) { try await authentication.verify(token()) }
        clock.advance(by: ProviderKeys.attemptInterval)
        let known = token(lifetime: 3600)
        #expect(try await authentication.verify(known).name == "ann")
        providers.isDown = true
        for _ in 0..<7 {
            clock.advance(by: .seconds(100))
            #expect(try await authentication.verify(known).name == "ann")
        }
        await #expect(throws: CredentialError.providerUnavailable) { try await authentication.verify(token("eve")) }
        clock.advance(by: .seconds(3600))
        await #expect(throws: CredentialError.providerUnavailable) { try await authentication.verify(known) }
        providers.isDown = false
        clock.advance(by: ProviderKeys.attemptInterval)
        await #expect(throws: CredentialError.expired) { try await authentication.verify(known) }
        #expect(try await authentication.verify(token("eve")).name == "eve")
    }

    @Test func `a silent provider does not make a token with another signature known`() async throws {
        providers.publish([key], of: Self.issuer)
        let authentication = authentication()
        let known = token()
        _ = try await authentication.verify(known)
        providers.isDown = true
        clock.advance(by: ProviderKeys.validity)
        let forged = known.prefix(upTo: known.lastIndex(of: ".") ?? known.endIndex) + ".AAAA"
        await #expect(throws: CredentialError.providerUnavailable) {
            try await authentication.verify(String(forged))
        }
        #expect(try await authentication.verify(known).name == "ann")
        let shouted = known.replacing("Bearer", with: "BEARER")
        #expect(try await authentication.verify(shouted).name == "ann")
    }

    @Test func `a revoked token is refused after a minute, also when the provider is silent later`() async throws {
        providers.publish([key], of: Self.issuer)
        let authentication = authentication(introspection: true)
        let ask = "\(Self.issuer)/ask"
        providers.set(#"{"active":true}"#, at: ask)
        let signed = token()
        _ = try await authentication.verify(signed)
        providers.set(#"{"active":true,"token_type":"Bearer","sub":"ann","aud":"f2s","exp":2000000000}"#, at: ask)
        #expect(try await authentication.verify("Bearer opaque+/=").name == "ann")
        let question = try #require(providers.requests.last)
        #expect(question.authorization?.revealed == "Basic ZjJzJTNBeDphJTIwYg==", "f2s%3Ax:a%20b")
        #expect(question.form?.revealed == "token=opaque%2B%2F%3D&token_type_hint=access_token")
        providers.set(#"{"active":false}"#, at: ask)
        for credentials in [signed, "Bearer opaque+/="] {
            #expect(try await authentication.verify(credentials).name == "ann")
        }
        clock.advance(by: .seconds(60))
        for credentials in [signed, "Bearer opaque+/="] {
            await #expect(throws: CredentialError.inactive) { try await authentication.verify(credentials) }
        }
        providers.isDown = true
        clock.advance(by: .seconds(60))
        await #expect(throws: CredentialError.providerUnavailable) { try await authentication.verify(signed) }
    }

    @Test(arguments: [
        (#"{"active":"true"}"#, CredentialError.inactive), ("{}", .inactive), ("[]", .providerUnavailable),
        (#"{"active":true,"token_type":"bearer","sub":"ann"}"#, .wrongAudience),
        (#"{"active":true,"sub":"ann","aud":"f2s","token_type":"refresh_token"}"#, .notAnAccessToken),
        (#"{"active":true,"sub":"ann","aud":"f2s"}"#, .notAnAccessToken),
        (#"{"active":true,"sub":"ann","aud":"f2s","iss":"https://other.example.org"}"#, .unknownIssuer),
        (#"{"active":true,"token_type":"bearer","sub":"ann","aud":"f2s","exp":1}"#, .expired),
    ])
    func `a provider's answer about an opaque token is checked like claims`(
        answer: String, error: CredentialError
    ) async throws {
        providers.publish([key], of: Self.issuer)
        providers.set(answer, at: "\(Self.issuer)/ask")
        let authentication = authentication(introspection: true)
        await #expect(throws: error) { try await authentication.verify("Bearer opaque") }
    }

    @Test(arguments: ["", "a b", "' OR 1=1--", "ä", "=", "a=b", "a\u{0}", String(repeating: "a", count: 20_000)])
    func `what is no token is not sent to the provider`(text: String) async throws {
        providers.publish([key], of: Self.issuer)
        let authentication = authentication(introspection: true)
        await #expect(throws: CredentialError.malformed) { try await authentication.verify("Bearer \(text)") }
        #expect(providers.requests.isEmpty)
    }

    @Test func `a provider that rejects a request is not one that is down`() async throws {
        providers.publish([key], of: Self.issuer)
        let ask = "\(Self.issuer)/ask"
        providers.set(#"{"active":true}"#, at: ask)
        let authentication = authentication(introspection: true)
        let known = token()
        _ = try await authentication.verify(known)
        clock.advance(by: .seconds(60))
        for status in [400, 401, 403, 413, 429] {
            providers.fail(ask, with: .status(url: ask, status))
            await #expect(throws: CredentialError.providerUnavailable) { try await authentication.verify(known) }
        }
        providers.fail(ask, with: .status(url: ask, 502))
        #expect(try await authentication.verify(known).name == "ann")
        let count = providers.requests.count
        await #expect(throws: CredentialError.providerUnavailable) { try await authentication.verify(token("bob")) }
        #expect(providers.requests.count == count, "it is left alone for ten seconds")
        clock.advance(by: IntrospectionState.pause)
        providers.fail(ask, with: nil)
        #expect(try await authentication.verify(token("bob")).name == "bob")
    }

    @Test func `a connection that was closed while idle is made again`() async throws {
        providers.publish([key], of: Self.issuer)
        let ask = "\(Self.issuer)/ask"
        providers.set(#"{"active":true}"#, at: ask)
        providers.fail(ask, with: .unreachable(url: ask, reason: ProviderError.connectionClosed), times: 1)
        #expect(try await authentication(introspection: true).verify(token()).name == "ann")
    }

    @Test func `a key that a provider removes ends tokens of this provider only`() async throws {
        let other = "https://other.example.org"
        providers.publish([key], of: Self.issuer)
        providers.publish([key], of: other)
        var settings = Self.settings()
        settings.issuers.append(AuthSettings.Issuer(url: other))
        settings.issuers[1].audiences = ["f2s"]
        let authentication = testAuthentication(settings, clock: clock, transport: providers)
        let (first, second) = (token(), "Bearer \(key.token(claims(issuer: other)))")
        for credentials in [first, second] { _ = try await authentication.verify(credentials) }
        providers.publish([], of: other)
        clock.advance(by: ProviderKeys.attemptInterval)
        let unknown = SigningKey("ES256", id: "unknown").token(claims(issuer: other))
        await #expect(throws: CredentialError.unknownKey) { try await authentication.verify("Bearer \(unknown)") }
        #expect(recognition(authentication, first) != .unknown)
        #expect(recognition(authentication, second) == .unknown)
        await #expect(throws: CredentialError.unknownKey) { try await authentication.verify(second) }
    }

    @Test func `a removed key also ends a token that was accepted without its provider`() async throws {
        providers.publish([key], of: Self.issuer)
        let ask = "\(Self.issuer)/ask"
        providers.set(#"{"active":true}"#, at: ask)
        let authentication = authentication(introspection: true)
        let known = token()
        _ = try await authentication.verify(known)
        clock.advance(by: .seconds(60))
        providers.fail(ask, with: .status(url: ask, 502))
        #expect(try await authentication.verify(known).name == "ann")
        #expect(recognition(authentication, known) != .unknown)
        let next = SigningKey("ES256", id: "two")
        providers.publish([next], of: Self.issuer)
        await #expect(throws: CredentialError.providerUnavailable) {
            try await authentication.verify(token("bob", key: next))
        }
        #expect(recognition(authentication, known) == .unknown)
    }

    @Test func `an opaque token goes to the first provider with introspection only`() async throws {
        let other = "https://other.example.org"
        for issuer in [Self.issuer, other] { providers.publish([key], of: issuer) }
        providers.set(#"{"active":false}"#, at: "\(Self.issuer)/ask")
        providers.set(#"{"active":true,"token_type":"bearer","sub":"ann","aud":"f2s"}"#, at: "\(other)/ask")
        var settings = Self.settings(introspection: true)
        settings.issuers.append(AuthSettings.Issuer(url: other))
        settings.issuers[1].audiences = ["f2s"]
        settings.issuers[1].introspection = .init(clientID: "f2s", clientSecret: Secret("x"))
        let authentication = testAuthentication(settings, clock: clock, transport: providers)
        await #expect(throws: CredentialError.inactive) { try await authentication.verify("Bearer opaque") }
        #expect(providers.requests.allSatisfy { !$0.url.hasPrefix(other) })
    }

    @Test(arguments: [#"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]"#, "[\(String(repeating: "1,", count: 2100))1]"])
    func `a token with too much structure is not decoded`(value: String) async throws {
        let text = claims().dropLast() + #","x":\#(value)}"#
        providers.publish([key], of: Self.issuer)
        await #expect(throws: CredentialError.malformed) {
            try await authentication().verify("Bearer \(key.token(String(text)))")
        }
        #expect(providers.requests.isEmpty)
    }

    @Test(arguments: [
        #"{"issuer":"https://other.example.org","jwks_uri":"https://id.example.org/jwks"}"#,
        #"{"issuer":"https://id.example.org","jwks_uri":"http://id.example.org/jwks"}"#,
        #"{"issuer":"https://id.example.org","jwks_uri":"http://127.0.0.1:8080/jwks"}"#,
        #"{"issuer":"https://id.example.org"}"#, "{}", "<html>", "",
    ])
    func `an unusable description of a provider verifies nothing`(description: String) async throws {
        providers.publish([key], of: Self.issuer)
        providers.set(description, at: "\(Self.issuer)/.well-known/openid-configuration")
        let authentication = authentication()
        await #expect(throws: CredentialError.providerUnavailable) { try await authentication.verify(token()) }
    }

    @Test func `keys are fetched before tokens need them, and when their time has come`() async throws {
        providers.publish([key], of: Self.issuer)
        let authentication = authentication()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await authentication.run() }
            try await eventually("the keys are fetched") { providers.requests.count == 2 }
            _ = try await authentication.verify(token())
            #expect(providers.requests.count == 2)
            try await eventually("they are fetched again") {
                clock.advance(by: .seconds(100))
                return providers.requests.count >= 4
            }
            group.cancelAll()
        }
    }

    @Test func `a provider whose settings do not change keeps its keys`() async throws {
        providers.publish([key], of: Self.issuer)
        let authentication = authentication()
        _ = try await authentication.verify(token())
        var settings = Self.settings()
        settings.grants = ["team": [Grant(.create)]]
        authentication.apply(settings)
        #expect(try await authentication.verify(token()).may(.create))
        #expect(providers.requests.count == 2)
        settings.issuers[0].audiences = ["another"]
        authentication.apply(settings)
        await #expect(throws: CredentialError.wrongAudience) { try await authentication.verify(token()) }
    }
}
