public import F2SModel

/// The authenticator of an installation without protection: everybody may do everything.
///
/// F2S then listens on loopback only, and the API refuses requests that a stranger's web page sends.
public struct NoAuthentication: Authenticator {
    /// An authenticator that knows nobody and lets everybody in.
    public init() {}

    /// `none`.
    public var kind: String { "none" }

    /// Nothing is looked at.
    public var needsCredentials: Bool { false }

    /// Always ``Principal/anonymous``, whatever the Authorization header says.
    public func principal(authorization: String?) -> Principal? { .anonymous }
}
