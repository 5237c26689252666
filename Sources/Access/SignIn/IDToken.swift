import F2SModel

/// The claims of an ID token, after they were checked (OpenID Connect Core 1.0 section 3.1.3.7). The signature is
/// verified elsewhere.
struct IDToken {
    /// The name of the user.
    let name: String
    /// The groups of the user.
    let groups: [String]

    /// Checks claims.
    /// - Parameters:
    ///   - type: The kind of token by its header; `nil` if it names none.
    ///   - nonce: The nonce of the sign-in; `nil` for a token that renews an earlier one.
    ///   - now: The time in seconds since 1970.
    /// - Throws: The first reason for which the token is not accepted.
    init(
        _ claims: JSONObject, type: String?, issuer: AuthSettings.Issuer, login: AuthSettings.Issuer.Login,
        nonce: String?, now: Double
    ) throws(SignInError) {
        guard claims["iss"]?.text.map({ $0.hasSameBytes(as: issuer.url) }) ?? false else {
            throw .invalidToken(.unknownIssuer)
        }
        // An access token of the same client is no proof of who has signed in.
        guard type == nil || type == "jwt" else { throw .invalidToken(.malformed) }
        let audiences = claims.texts("aud")
        let isAuthorized = claims["azp"].map { $0.text?.hasSameBytes(as: login.clientID) ?? false }
        guard JSONObject.haveCommon([login.clientID], audiences), isAuthorized ?? (audiences.count == 1) else {
            throw .invalidToken(.wrongAudience)
        }
        do throws(CredentialError) {
            guard try claims.expiry(checkedAt: now) != nil else { throw .withoutExpiry }
            guard claims.meet(login.conditions) else { throw .unmetCondition }
            name = try claims.callerName(by: issuer)
        } catch {
            throw .invalidToken(error)
        }
        groups = claims.groups(by: issuer)
        guard let nonce else { return }
        guard let shown = claims["nonce"]?.text, Crypto.isEqual(Array(shown.utf8), Array(nonce.utf8)) else {
            throw .wrongNonce
        }
    }
}
