public import F2SModel

/// The authenticator of an installation without access control: every caller has every privilege.
///
/// F2S then listens on loopback only, and the API rejects requests from foreign web pages.
public struct NoAuthentication: Authenticator {
    /// Creates an authenticator that accepts every caller.
    public init() {}

    /// `none`.
    public var kind: String { "none" }

    /// False: the credentials are ignored.
    public var needsCredentials: Bool { false }

    /// Returns ``Principal/anonymous``, regardless of the Authorization header.
    public func principal(authorization: String?) -> Principal? { .anonymous }
}
