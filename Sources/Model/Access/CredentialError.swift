/// The reason for which credentials are not accepted. It is told to the caller, so it does not distinguish a wrong
/// password from an unknown user.
public enum CredentialError: Error, Sendable, Hashable, CaseIterable {
    /// There are no credentials.
    case missing
    /// No configured method uses credentials of this form.
    case unknownScheme
    /// The credentials do not have the form that their scheme demands.
    case malformed
    /// The user is unknown, or the password is wrong.
    case wrongPassword
    /// The token is signed with another algorithm than the configured one, or not at all.
    case wrongAlgorithm
    /// The token's signature is not that of the configured key.
    case wrongSignature
    /// The token's time of expiry has passed.
    case expired
    /// The token is not valid yet.
    case notYetValid
    /// The token has no time of expiry, and the settings demand one.
    case withoutExpiry
    /// The token names no caller.
    case withoutSubject
    /// No provider in the settings has issued the token.
    case unknownIssuer
    /// The token is not signed with a key that the provider publishes.
    case unknownKey
    /// The token is meant for other recipients.
    case wrongAudience
    /// The token does not meet a condition of the settings.
    case unmetCondition
    /// The token is not an access token, but for example an ID token.
    case notAnAccessToken
    /// The provider says that the token is not valid, for example because it was revoked.
    case inactive
    /// F2S has no such API token, for example because it was revoked.
    case revoked
    /// The provider does not answer, and its answer is needed.
    case providerUnavailable
    /// The name of the caller and its groups are longer than ``Principal/fieldBytesMax``.
    case tooLong
    /// The session of the console has ended, or the user may not sign in any more.
    case sessionEnded
    /// The page of a browser calls a function at which its user has not signed in, or whose sign-in has ended.
    case loginEnded
    /// A request with a session does not come from a page of the console.
    case withoutProof
    /// Too many credentials are being verified.
    case busy
    /// Too many wrong passwords came from the client's address, or were for the same user.
    case tooManyFailures

    /// The seconds after which the same credentials may be accepted; `nil` if they are wrong.
    public var retryAfterSeconds: Int? {
        switch self {
        case .busy, .providerUnavailable: 1
        case .tooManyFailures: 5
        default: nil
        }
    }

    /// The HTTP status of a response with this error (RFC 9110 section 15.5.2, RFC 6585 section 4).
    public var status: Int {
        switch self {
        case .busy, .providerUnavailable: 503
        case .tooManyFailures: 429
        default: 401
        }
    }

    /// A sentence for the caller.
    public var text: String {
        switch self {
        case .missing: "The request has no Authorization field."
        case .unknownScheme: "No configured method of authentication uses this kind of credentials."
        case .malformed: "The credentials are malformed."
        case .wrongPassword: "The user or the password is wrong."
        case .wrongAlgorithm: "The token is not signed with the configured algorithm."
        case .wrongSignature: "The token's signature is wrong."
        case .expired: "The token has expired."
        case .notYetValid: "The token is not valid yet."
        case .withoutExpiry: "The token has no time of expiry (exp), which the settings demand."
        case .withoutSubject: "The token names no caller (sub)."
        case .unknownIssuer: "The token's issuer (iss) is not in f2s.auth.oidc."
        case .unknownKey: "The token is not signed with a key that its issuer publishes."
        case .wrongAudience: "The token is meant for another audience (aud)."
        case .unmetCondition: "The token does not have the claims that the settings demand."
        case .notAnAccessToken: "The token is not an access token."
        case .inactive: "The token's issuer says that the token is not valid."
        case .revoked: "The token is unknown here: it was revoked, or belongs to another installation."
        case .providerUnavailable: "The token's issuer does not answer, so the token cannot be checked. Retry later."
        case .tooLong: "The names of the caller and its groups are too long."
        case .sessionEnded: "The session has ended. Sign in to the console again."
        case .loginEnded:
            "The user has not signed in at this function, or the sign-in has ended. Open the function in the browser."
        case .withoutProof: "The session is not used by a page of the console. Reload the console's page."
        case .tooManyFailures:
            "Too many wrong passwords came from this address, or for this user. Retry in five seconds."
        case .busy: "Too many credentials are being checked. Retry in a second."
        }
    }
}
