/// The caller of a request, as far as F2S can identify it.
public struct Principal: Sendable, Hashable {
    /// A name for people. It is never used as a metric label.
    public let name: String
    /// The privileges of the caller.
    public let privileges: Set<Privilege>

    /// Creates a principal.
    public init(name: String, privileges: Set<Privilege>) {
        self.name = name
        self.privileges = privileges
    }

    /// The caller of an installation without access control: it has every privilege.
    public static let anonymous = Principal(name: "anonymous", privileges: Set(Privilege.allCases))
}

/// A permission that a caller may have.
public enum Privilege: String, Sendable, Hashable, CaseIterable, Codable {
    /// Invoke functions.
    case invoke = "functions:invoke"
    /// Read declarations, states and logs.
    case read = "functions:read"
    /// Declare, change and delete functions.
    case write = "functions:write"
    /// Read the settings.
    case settings = "settings:read"
}

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
