/// Who calls, as far as F2S knows.
public struct Principal: Sendable, Hashable {
    /// Name for people; never a metric label.
    public let name: String
    /// What the caller may do.
    public let privileges: Set<Privilege>

    /// A principal.
    public init(name: String, privileges: Set<Privilege>) {
        self.name = name
        self.privileges = privileges
    }

    /// Everybody, where nothing is protected.
    public static let anonymous = Principal(name: "anonymous", privileges: Set(Privilege.allCases))
}

/// What a caller may be allowed to do.
public enum Privilege: String, Sendable, Hashable, CaseIterable, Codable {
    /// Invoke functions.
    case invoke = "functions:invoke"
    /// See declarations, states, logs.
    case read = "functions:read"
    /// Declare, change and delete functions.
    case write = "functions:write"
    /// See the settings.
    case settings = "settings:read"
}

/// Decides who calls. Synchronous, because the data plane asks it: what takes time happens before, and is cached.
public protocol Authenticator: Sendable {
    /// Name of the kind: `none`, `basic`, `token`, `oidc`.
    var kind: String { get }
    /// Whether ``principal(authorization:)`` looks at its argument at all; if not, the data plane saves the copy.
    var needsCredentials: Bool { get }
    /// The caller behind the value of an Authorization header; `nil`: unknown, answer 401.
    func principal(authorization: String?) -> Principal?
}
