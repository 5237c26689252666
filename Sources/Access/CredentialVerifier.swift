import F2SModel

/// The verification of credentials by the methods of one version of the settings. It remembers nothing.
struct CredentialVerifier: Sendable {
    /// A caller whose credentials are valid.
    struct Verified: Sendable {
        let principal: Principal
        /// The provider of the token, or ``CredentialVerifier/apiTokenIssuer``; `nil` for other credentials.
        var issuer: String?
        /// The time for which the result may be used without a further verification.
        var validity = CallerAuthentication.rememberedFor
        /// The time for which the result may be used while the provider does not answer.
        var validityWithoutProvider = Duration.zero
    }

    /// The longest time for which a token is accepted while its provider does not answer.
    private static let validityWithoutProviderMax = Duration.seconds(86_400)

    let settings: AuthSettings
    let providers: [Provider]
    /// The API tokens; `nil` if they have not been read yet.
    var tokens: APITokenSet?
    private let users: UserTable
    private let passwords: PasswordChecks
    private let clock: any ControlClock

    init(
        _ settings: AuthSettings, providers: [Provider], tokens: APITokenSet?, passwords: PasswordChecks,
        clock: any ControlClock
    ) {
        self.settings = settings
        self.providers = providers
        self.tokens = tokens
        self.passwords = passwords
        self.clock = clock
        users = UserTable(settings.users)
    }

    /// Verifies credentials by the first method that recognizes their form.
    /// - Parameters:
    ///   - client: The key of the client's address; `nil` if it is unknown.
    ///   - wasAccepted: True if the same credentials were accepted before.
    /// - Throws: The reason for which they are not accepted.
    func verify(
        _ credentials: String, from client: UInt64?, wasAccepted: Bool
    ) async throws(CredentialRejection) -> Verified {
        // One space exactly, so that one credential has one place in the cache.
        let parts = credentials.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].hasPrefix(" ") else { throw CredentialRejection(.malformed) }
        switch parts[0].lowercased() {
        case "basic" where settings.methods.contains(.basic):
            do throws(CredentialError) { return try await verifyPassword(parts[1], client) } catch {
                throw CredentialRejection(error)
            }
        case "bearer" where parts[1].hasPrefix(APIToken.prefix):
            do throws(CredentialError) { return try verifyAPIToken(parts[1]) } catch {
                throw CredentialRejection(error)
            }
        case "bearer" where JSONWebToken.isLike(parts[1]): return try await verifySigned(parts[1])
        case "bearer": return try await verifyOpaque(parts[1], wasAccepted: wasAccepted)
        default: throw CredentialRejection(.unknownScheme)
        }
    }

    private func verifyPassword(_ text: Substring, _ client: UInt64?) async throws(CredentialError) -> Verified {
        let credentials = try BasicCredentials(text)
        let groups = try await passwords.groups(for: credentials, of: users, from: client, now: clock.now())
        return Verified(principal: principal(credentials.user, groups))
    }

    /// Verifies an API token of F2S. It is never sent to a provider, even if such tokens are not accepted.
    private func verifyAPIToken(_ text: Substring) throws(CredentialError) -> Verified {
        guard settings.methods.contains(.token) else { throw .unknownScheme }
        guard let tokens else { throw .providerUnavailable }
        guard let id = APIToken.id(in: text) else { throw .malformed }
        let digest: [UInt8]
        do {
            digest = try Crypto.digest(of: Array(text.utf8))
        } catch {
            throw .busy
        }
        // A wrong secret is as unknown as a wrong ID, so that no response tells which IDs exist.
        guard let token = tokens[id], Crypto.isEqual(digest, token.digest) else { throw .revoked }
        let now = clock.secondsSince1970()
        guard !token.hasExpired(at: now) else { throw .expired }
        guard token.expires != nil || !settings.token.requiresExpiry else { throw .withoutExpiry }
        let left = token.expires.map { Double($0) - now } ?? .infinity
        return Verified(
            principal: principal(token.callerName, token.groups), issuer: Self.apiTokenIssuer,
            validity: .seconds(min(left, CallerAuthentication.rememberedFor.inSeconds)))
    }

    /// The mark of the results for API tokens. It differs from every provider's URL.
    static let apiTokenIssuer = "f2s"

    /// Verifies a token by the key of the settings if it is meant to be signed with it, and by its provider otherwise.
    private func verifySigned(_ text: Substring) async throws(CredentialRejection) -> Verified {
        let (hasKey, hasProviders) = (settings.methods.contains(.token), !providers.isEmpty)
        let token: JSONWebToken
        let issuer: String?
        do throws(CredentialError) {
            guard hasKey || hasProviders else { throw .unknownScheme }
            token = try JSONWebToken(text)
            if hasKey, token.algorithm == SignedToken.algorithm || !hasProviders { return try verifyOwn(token) }
            // Before the claims are decoded, because that takes longer.
            guard VerificationKey.Algorithm(token.algorithm) != nil else { throw .wrongAlgorithm }
            issuer = try token.claims()["iss"]?.text
        } catch {
            throw CredentialRejection(error)
        }
        let named = providers.first { provider in issuer.map(provider.settings.url.hasSameBytes) ?? false }
        guard let provider = named else { throw CredentialRejection(.unknownIssuer) }
        return verified(try await provider.verify(token, text: text), by: provider)
    }

    private func verifyOwn(_ token: JSONWebToken) throws(CredentialError) -> Verified {
        guard let key = settings.token.key else { throw .unknownScheme }
        let signed = try SignedToken(
            token, key: key, requiresExpiry: settings.token.requiresExpiry, now: clock.secondsSince1970())
        return Verified(
            principal: principal(signed.subject, signed.groups),
            validity: min(timeLeft(until: signed.expiry), CallerAuthentication.rememberedFor))
    }

    /// Verifies a token that only its provider can read. Such a token does not name its provider, so only the first one
    /// with introspection is asked: no provider may learn the tokens of another one.
    private func verifyOpaque(_ text: Substring, wasAccepted: Bool) async throws(CredentialRejection) -> Verified {
        guard let provider = providers.first(where: { $0.settings.introspection != nil }) else {
            throw CredentialRejection(.unknownScheme)
        }
        guard text.utf8.count <= JSONWebToken.bytesMax, Self.isToken(text) else {
            throw CredentialRejection(.malformed)
        }
        return verified(try await provider.verify(opaque: text, isTrusted: wasAccepted), by: provider)
    }

    /// Returns true if a text has the form of RFC 6750 section 2.1. Providers reject others, which looks like a
    /// failure.
    private static func isToken(_ text: Substring) -> Bool {
        let body = text.utf8.prefix { $0 != UInt8(ascii: "=") }
        return !body.isEmpty && text.utf8.dropFirst(body.count).allSatisfy { $0 == UInt8(ascii: "=") }
            && body.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "-._~+/".utf8.contains(byte)
                }
            }
    }

    private func verified(_ token: AccessToken, by provider: Provider) -> Verified {
        let left = timeLeft(until: token.expiry)
        let longest = provider.settings.introspection?.validity ?? CallerAuthentication.rememberedFor
        return Verified(
            principal: principal(token.name, token.groups), issuer: provider.settings.url, validity: min(left, longest),
            validityWithoutProvider: token.expiry == nil ? .zero : left)
    }

    /// Returns a caller with the grants of its groups.
    func principal(_ name: String, _ groups: [String]) -> Principal {
        Principal(name: name, groups: groups, grants: settings.grants(of: groups))
    }

    /// Returns the time for which a token is valid, a day at most.
    private func timeLeft(until expiry: Double?) -> Duration {
        // A time of expiry may be further away than a duration can express.
        let seconds = (expiry ?? .infinity) + JSONWebToken.skew - clock.secondsSince1970()
        return .seconds(min(seconds, Self.validityWithoutProviderMax.inSeconds))
    }
}
