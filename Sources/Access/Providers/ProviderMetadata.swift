import F2SModel

/// A provider's description of itself (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2).
struct ProviderMetadata: Sendable, Hashable {
    /// The URL of the provider's keys.
    let keysURL: String
    /// The URL for questions about tokens; `nil` if the provider answers none.
    let introspectionURL: String?
    /// The page of the provider at which people sign in; `nil` if it has none.
    let authorizationURL: String?
    /// The URL at which a code is exchanged for tokens; `nil` if the provider has none.
    let tokenURL: String?
    /// The page at which people sign out of the provider (OpenID Connect RP-Initiated Logout 1.0); `nil` if there is
    /// none.
    let endSessionURL: String?
    /// True if the provider names itself in each response to a sign-in (RFC 9207).
    let namesItself: Bool
    /// True if a client sends its password in the form, because the provider does not support the Basic scheme.
    let takesSecretInForm: Bool

    /// Returns the URL of the description.
    static func url(of issuer: AuthSettings.Issuer) -> String {
        let base = issuer.url.hasSuffix("/") ? issuer.url.dropLast() : issuer.url[...]
        return base + "/.well-known/openid-configuration"
    }

    /// Reads a description.
    /// - Throws: ``ProviderError/malformed(url:_:)`` if it is that of another provider, or if F2S must not use a URL.
    init(_ document: JSONObject, of issuer: AuthSettings.Issuer) throws(ProviderError) {
        let url = Self.url(of: issuer)
        func location(_ name: String) throws(ProviderError) -> String? {
            guard let text = document[name]?.text else { return nil }
            // A remote provider must not direct F2S to this machine.
            guard AuthSettings.Issuer.isSafe(text), text.hasPrefix("https://") || issuer.url.hasPrefix("http://") else {
                throw .malformed(url: url, "\(name) is \(text), and must begin with https://")
            }
            return text
        }
        // Otherwise one provider could speak for another.
        guard let issuerName = document["issuer"]?.text, issuerName.hasSameBytes(as: issuer.url) else {
            throw .malformed(
                url: url, "it is of the issuer \(document["issuer"]?.text ?? "without a name"), not \(issuer.url)")
        }
        guard let keysURL = try location("jwks_uri") else { throw .malformed(url: url, "jwks_uri is missing") }
        self.keysURL = keysURL
        introspectionURL = try location("introspection_endpoint")
        authorizationURL = try location("authorization_endpoint")
        tokenURL = try location("token_endpoint")
        endSessionURL = try location("end_session_endpoint")
        namesItself = document["authorization_response_iss_parameter_supported"] == .flag(true)
        // A provider without this list supports the Basic scheme.
        let methods = document.texts("token_endpoint_auth_methods_supported")
        takesSecretInForm = methods.contains("client_secret_post") && !methods.contains("client_secret_basic")
        guard introspectionURL != nil || issuer.introspection == nil else {
            throw .malformed(url: url, "introspection_endpoint is missing, so leave out introspection in f2s.auth.oidc")
        }
    }
}
