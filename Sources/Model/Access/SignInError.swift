/// The reason for which a sign-in at a provider fails. The user sees it in the browser.
public enum SignInError: Error, Sendable, Hashable {
    /// No provider in the settings has this URL and a client for sign-ins.
    case unknownProvider
    /// The provider does not answer, or its answer cannot be used. A retry may succeed.
    case providerUnavailable
    /// The provider has refused the sign-in, with its error code (RFC 6749 section 4.1.2.1).
    case refused(code: String)
    /// The provider does not exchange the code for tokens, for example because it was used before.
    case codeRefused
    /// The browser did not begin this sign-in, or it began more than ten minutes ago.
    case notBegun
    /// The response has another `state` than the request.
    case wrongState
    /// Another tab of the browser, or another site, has begun the sign-in.
    case otherTab
    /// The response is of another issuer than the request was sent to (RFC 9207), or names none although it must.
    case wrongIssuer
    /// The ID token belongs to another sign-in.
    case wrongNonce
    /// The ID token is not valid.
    case invalidToken(CredentialError)
    /// The session would not fit in a cookie.
    case tooLong

    /// The HTTP status of a response with this error.
    public var status: Int {
        switch self {
        case .unknownProvider: 404
        case .providerUnavailable: 503
        case .notBegun, .wrongState, .otherTab: 400
        case .refused, .codeRefused, .wrongIssuer, .wrongNonce, .invalidToken, .tooLong: 403
        }
    }

    /// A sentence or two for the user.
    public var text: String {
        switch self {
        case .unknownProvider:
            "No provider with this URL has a login in f2s.auth.oidc. Return to the console and choose a provider."
        case .providerUnavailable: "The provider does not answer, or its answer cannot be used. Retry later."
        case .refused(let code): "The provider has refused the sign-in: \(code)."
        case .codeRefused: "The provider does not accept the code of this sign-in. Sign in again."
        case .notBegun: "This browser has no sign-in that waits for a response. Sign in again."
        case .wrongState: "The response belongs to another sign-in (state). Sign in again."
        case .otherTab: "This tab has not begun the sign-in. Open the console and sign in there."
        case .wrongIssuer: "The response is of another provider (iss) than the one of this sign-in."
        case .wrongNonce: "The ID token belongs to another sign-in (nonce). Sign in again."
        case .invalidToken(let error): "The provider's ID token is not accepted. \(error.text)"
        case .tooLong: "The provider's tokens are too long for a session. Have it issue fewer claims."
        }
    }
}
