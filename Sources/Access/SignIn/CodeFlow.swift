import F2SModel

/// The authorization code flow at one provider (OpenID Connect Core 1.0 section 3.1), with PKCE.
struct CodeFlow: Sendable {
    let provider: Provider
    let login: AuthSettings.Issuer.Login
    let clock: any ControlClock

    /// The time for which a user's name and groups are used without another question to the provider.
    private static let validities = 60.0...ProviderIdentity.validityMax
    /// The same if the provider does not say how long its tokens are valid.
    private static let validityDefault = 300.0

    /// Begins a sign-in.
    /// - Parameter callback: The URL of the console for providers without a URL of their own.
    func begin(callback: String, tab: String) async throws(SignInError) -> (location: String, pending: PendingSignIn) {
        guard let page = try await metadata().authorizationURL else { throw .providerUnavailable }
        do throws(Crypto.Failure) {
            let pending = try PendingSignIn(
                issuer: provider.settings.url, callback: callback, ownName: login.callbackName, tab: tab,
                now: clock.secondsSince1970())
            return (try pending.location(at: page, login), pending)
        } catch {
            throw .providerUnavailable
        }
    }

    /// Finishes a sign-in with the response of the provider.
    /// - Parameters:
    ///   - callback: The URL to which the provider has returned the browser.
    ///   - isOneOfSeveral: True if people may sign in at other providers too. Then the response must name this one or
    ///     come to its own URL, because another one could have its code sent here (RFC 9700 section 4.4).
    func finish(
        _ pending: PendingSignIn, _ response: [String: String], callback: String, tab: String, isOneOfSeveral: Bool
    ) async throws(SignInError) -> ProviderIdentity {
        let metadata = try await metadata()
        let code = try pending.code(
            in: response, at: callback, tab: tab,
            mustNameIssuer: metadata.namesItself || isOneOfSeveral && !pending.isOwnCallback,
            now: clock.secondsSince1970())
        let answer = try await tokens(
            [
                ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", pending.callback),
                ("code_verifier", pending.verifier),
            ], metadata)
        guard let text = answer["id_token"]?.text else { throw .invalidToken(.missing) }
        let token = try await verify(text, nonce: pending.nonce)
        return ProviderIdentity(
            issuer: provider.settings.url, name: token.name, groups: token.groups,
            validUntil: validUntil(answer, isRenewable: answer["refresh_token"]?.text != nil),
            verifiedAt: clock.secondsSince1970(), refreshToken: answer["refresh_token"]?.text, idToken: text)
    }

    /// Renews the name and the groups of a user.
    /// - Throws: ``SignInError/codeRefused`` if the provider has ended the session, or if it has never issued a token
    ///   for this.
    func renew(_ identity: ProviderIdentity) async throws(SignInError) -> ProviderIdentity {
        guard let refreshToken = identity.refreshToken else { throw .codeRefused }
        let answer = try await tokens(
            [("grant_type", "refresh_token"), ("refresh_token", refreshToken)], try await metadata())
        var renewed = identity
        renewed.validUntil = validUntil(answer, isRenewable: true)
        // A provider may keep the token.
        if let next = answer["refresh_token"]?.text { renewed.refreshToken = next }
        if let text = answer["id_token"]?.text {
            let token = try await verify(text, nonce: nil)
            // Another user's tokens must not take over the session (OpenID Connect Core 1.0 section 12.2).
            guard token.name.hasSameBytes(as: identity.name) else { throw .codeRefused }
            renewed.groups = token.groups
            renewed.idToken = text
            renewed.verifiedAt = clock.secondsSince1970()
        }
        // A provider need not issue another ID token, but the groups must not be used for longer than an hour.
        renewed.validUntil = min(renewed.validUntil, renewed.verifiedAt + ProviderIdentity.validityMax)
        guard renewed.validUntil > clock.secondsSince1970() else { throw .codeRefused }
        return renewed
    }

    /// Returns the URL at which the browser signs out at the provider; `nil` if it has none.
    func endLocation(of identity: ProviderIdentity, returnTo: String) async -> String? {
        guard let page = (try? await metadata())?.endSessionURL else { return nil }
        var query = [("client_id", login.clientID), ("post_logout_redirect_uri", returnTo)]
        if let token = identity.idToken { query.append(("id_token_hint", token)) }
        return FormText.url(page, with: query)
    }

    private func metadata() async throws(SignInError) -> ProviderMetadata {
        do { return try await provider.metadata() } catch { throw .providerUnavailable }
    }

    private func tokens(
        _ fields: [(String, String)], _ metadata: ProviderMetadata
    ) async throws(SignInError) -> JSONObject {
        guard let url = metadata.tokenURL else { throw .providerUnavailable }
        var fields = fields
        var authorization: Secret?
        if let secret = login.clientSecret, !metadata.takesSecretInForm {
            authorization = FormText.authorization(client: login.clientID, secret: secret)
        } else {
            fields.append(("client_id", login.clientID))
            if let secret = login.clientSecret { fields.append(("client_secret", secret.revealed)) }
        }
        do throws(ProviderError) {
            return try await provider.post(Secret(FormText.encode(fields)), authorization: authorization, to: url)
        } catch {
            throw error.isRejection ? .codeRefused : .providerUnavailable
        }
    }

    private func verify(_ text: String, nonce: String?) async throws(SignInError) -> IDToken {
        let (claims, type): (JSONObject, String?)
        do {
            let token = try JSONWebToken(text[...])
            try await provider.verifySignature(of: token)
            (claims, type) = (try token.claims(), token.type)
        } catch let error as CredentialError {
            throw .invalidToken(error)
        } catch let rejection as CredentialRejection {
            throw rejection.error.status == 401 ? .invalidToken(rejection.error) : .providerUnavailable
        } catch {
            throw .providerUnavailable
        }
        return try IDToken(
            claims, type: type, issuer: provider.settings, login: login, nonce: nonce, now: clock.secondsSince1970())
    }

    /// Returns the time until which an answer may be used: without a token for its renewal, as long as possible.
    private func validUntil(_ answer: JSONObject, isRenewable: Bool) -> Double {
        var validity = Self.validityDefault
        if case .number(let seconds)? = answer["expires_in"] { validity = seconds }
        if !isRenewable { validity = Self.validities.upperBound }
        return clock.secondsSince1970() + min(max(validity, Self.validities.lowerBound), Self.validities.upperBound)
    }
}
