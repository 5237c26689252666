import F2SModel
import F2SSystem

/// The verification of credentials by the methods of one version of the settings. It remembers nothing.
struct CredentialVerifier: Sendable {
    /// A caller whose credentials are valid.
    struct Verified: Sendable {
        let principal: Principal
        /// The time for which the result may be used without a further verification.
        var validity = CallerAuthentication.rememberedFor
        /// The time for which the result may be used while the provider does not answer.
        var validityWithoutProvider = Duration.zero
    }

    /// The longest time for which a token is accepted while its provider does not answer.
    private static let validityWithoutProviderMax = Duration.seconds(86_400)

    let settings: AuthSettings
    let providers: [Provider]
    private let users: UserTable
    private let thread: WorkThread
    private let clock: any ControlClock

    init(_ settings: AuthSettings, providers: [Provider], thread: WorkThread, clock: any ControlClock) {
        self.settings = settings
        self.providers = providers
        self.thread = thread
        self.clock = clock
        users = UserTable(settings.users)
    }

    /// Verifies credentials by the first method that recognizes their form.
    /// - Throws: The reason for which they are not accepted.
    func verify(_ credentials: String) async throws(CredentialError) -> Verified {
        // One space exactly, so that one credential has one place in the cache.
        let parts = credentials.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].hasPrefix(" ") else { throw .malformed }
        switch parts[0].lowercased() {
        case "basic" where settings.methods.contains(.basic): return try await verifyPassword(parts[1])
        case "bearer" where JSONWebToken.isLike(parts[1]): return try await verifySigned(parts[1])
        case "bearer": return try await verifyOpaque(parts[1])
        default: throw .unknownScheme
        }
    }

    private func verifyPassword(_ text: Substring) async throws(CredentialError) -> Verified {
        let credentials = try BasicCredentials(text)
        let result: Result<[String], CredentialError>
        do {
            result = try await thread.run { () -> Result<[String], CredentialError> in
                do throws(CredentialError) { return .success(try users.groups(for: credentials)) } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw .busy
        }
        return Verified(principal: principal(credentials.user, try result.get()))
    }

    /// Verifies a token by the key of the settings if it is meant to be signed with it, and by its provider otherwise.
    private func verifySigned(_ text: Substring) async throws(CredentialError) -> Verified {
        let (hasKey, hasProviders) = (settings.methods.contains(.token), settings.methods.contains(.oidc))
        guard hasKey || hasProviders else { throw .unknownScheme }
        let token = try JSONWebToken(text)
        if hasKey, token.algorithm == SignedToken.algorithm || !hasProviders { return try verifyOwn(token) }
        guard let issuer = token.claims?["iss"]?.text,
            let provider = providers.first(where: { $0.settings.url == issuer })
        else { throw .unknownIssuer }
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

    /// Asks the providers about a token, one after the other.
    private func verifyOpaque(_ text: Substring) async throws(CredentialError) -> Verified {
        let asked = settings.methods.contains(.oidc) ? providers.filter { $0.settings.introspection != nil } : []
        guard !asked.isEmpty else { throw .unknownScheme }
        guard !text.isEmpty, text.utf8.count <= JSONWebToken.bytesMax else { throw .malformed }
        var reason = CredentialError.inactive
        for provider in asked {
            do throws(CredentialError) {
                return verified(try await provider.verify(opaque: text), by: provider)
            } catch {
                // That one provider does not know a token says less than any other reason.
                if error != .inactive, !reason.isTemporary { reason = error }
            }
        }
        throw reason
    }

    private func verified(_ token: AccessToken, by provider: Provider) -> Verified {
        let left = timeLeft(until: token.expiry)
        let longest = provider.settings.introspection?.validity ?? CallerAuthentication.rememberedFor
        return Verified(
            principal: principal(token.name, token.groups), validity: min(left, longest),
            validityWithoutProvider: token.expiry == nil ? .zero : left)
    }

    private func principal(_ name: String, _ groups: [String]) -> Principal {
        Principal(name: name, groups: groups, grants: settings.grants(of: groups))
    }

    /// Returns the time for which a token is valid, a day at most.
    private func timeLeft(until expiry: Double?) -> Duration {
        // A time of expiry may be further away than a duration can express.
        let seconds = (expiry ?? .infinity) + JSONWebToken.skew - clock.secondsSince1970()
        return .seconds(min(seconds, Self.validityWithoutProviderMax.inSeconds))
    }
}
