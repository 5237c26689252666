import F2SModel

/// The claims of an access token, after they were checked by the settings of its provider.
struct AccessToken {
    /// The name of the caller.
    let name: String
    /// The groups of the caller.
    let groups: [String]
    /// The time of expiry, in seconds since 1970; `nil` if the token has none.
    let expiry: Double?

    /// The kinds of token that may be access tokens (RFC 9068 section 2.1). Most providers write `JWT`, or nothing.
    private static let types: [String?] = [nil, "jwt", "at+jwt", "application/at+jwt"]
    /// Claims that only ID tokens have (OpenID Connect Core 1.0 sections 2 and 3.3.2.11), the one of a token that only
    /// the owner of a key may use (RFC 7800), which F2S cannot check, and the one of logout tokens.
    private static let otherClaims = ["nonce", "at_hash", "c_hash", "cnf", "events"]
    /// Kinds by the claims of Keycloak (`typ`), Cognito (`token_use`) and RFC 7662 (`token_type`).
    private static let otherKinds: Set = ["id", "id_token", "refresh", "refresh_token", "offline", "logout"]
    /// Kinds by which an answer about a token says that it is an access token (RFC 6750).
    private static let accessKinds: Set = ["bearer", "access", "access_token"]

    /// Checks claims.
    /// - Parameters:
    ///   - type: The kind of token by its header; `nil` if it names none.
    ///   - isIntrospected: True if the claims are the provider's answer about a token, where `iss` and `exp` are
    ///     optional (RFC 7662 section 2.2).
    ///   - now: The time in seconds since 1970.
    /// - Throws: The first reason for which the token is not accepted.
    init(
        _ claims: JSONObject, type: String?, issuer: AuthSettings.Issuer, isIntrospected: Bool = false, now: Double
    ) throws(CredentialError) {
        guard claims["iss"].map({ $0.text?.hasSameBytes(as: issuer.url) ?? false }) ?? isIntrospected else {
            throw .unknownIssuer
        }
        let kinds = Set(["typ", "token_use", "token_type"].compactMap { claims[$0]?.text?.lowercased() })
        // An ID token tells a client who its user is, and is no permission to call others.
        guard Self.types.contains(type), !Self.otherClaims.contains(where: { claims[$0] != nil }),
            Self.otherKinds.isDisjoint(with: kinds)
        else { throw .notAnAccessToken }
        // A provider may answer questions about refresh tokens too.
        guard !isIntrospected || !Self.accessKinds.isDisjoint(with: kinds) else { throw .notAnAccessToken }
        expiry = try claims.expiry(checkedAt: now)
        if expiry == nil, !isIntrospected { throw .withoutExpiry }
        guard issuer.audiences.isEmpty || JSONObject.haveCommon(issuer.audiences, claims.texts("aud")) else {
            throw .wrongAudience
        }
        guard claims.meet(issuer.conditions) else { throw .unmetCondition }
        name = try claims.callerName(by: issuer)
        groups = claims.groups(by: issuer)
    }
}
