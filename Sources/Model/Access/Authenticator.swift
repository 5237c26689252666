/// Identifies callers. It is synchronous because the data plane calls it: slow work must be done in advance and cached.
public protocol Authenticator: Sendable {
    /// The name of the kind: `none`, `basic`, `token`, `oidc`.
    var kind: String { get }
    /// True if ``principal(authorization:)`` uses its argument. If false, the data plane does not copy the header
    /// field.
    var needsCredentials: Bool { get }
    /// Returns the caller for the value of an Authorization header; `nil` if the caller is unknown and must be answered
    /// with 401.
    func principal(authorization: String?) -> Principal?
}
