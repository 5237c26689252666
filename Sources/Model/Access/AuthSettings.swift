/// The settings of authentication and authorization (`f2s.auth`).
public struct AuthSettings: Sendable, Hashable {
    /// A method by which callers prove their identity.
    public enum Method: String, Sendable, Hashable, CaseIterable {
        /// No authentication: every caller has every privilege, and F2S listens on loopback only.
        case none
        /// A user name and a password (RFC 7617).
        case basic
        /// An API token of F2S, or a signed token, in the field `Authorization: Bearer` (RFC 6750).
        case token
        /// An access token of a provider of OpenID Connect in the field `Authorization: Bearer`.
        case oidc
    }

    /// A user of the method ``Method/basic`` (`f2s.auth.basic`).
    public struct User: Sendable, Hashable {
        /// The user's name, without a colon.
        public let name: String
        /// The password, or its hash as `f2s token hash` prints it.
        public let password: Secret
        /// The groups of the user.
        public let groups: [String]

        /// Creates a user.
        public init(name: String, password: Secret, groups: [String]) {
            self.name = name
            self.password = password
            self.groups = groups
        }
    }

    /// The settings of the method ``Method/token`` (`f2s.auth.token`).
    public struct TokenSettings: Sendable, Hashable {
        /// The key of tokens that are signed with HS256 (`jwt_secret`); `nil` if such tokens are not accepted.
        public var key: Secret?
        /// True if a token must have a time of expiry (`require_expiry`).
        public var requiresExpiry = false
        /// The file in which F2S stores API tokens on Local; `nil` if there is none (`store_file`).
        public var storeFile: String?

        /// Creates settings with the defaults.
        public init() {}
    }

    /// The methods, in the order in which they are tried (`types`, or `global_config.type`). The first one that
    /// recognizes the form of the credentials decides.
    public var methods = [Method.none]
    /// The users of the method ``Method/basic``.
    public var users: [User] = []
    /// The settings of the method ``Method/token``.
    public var token = TokenSettings()
    /// The providers of the method ``Method/oidc`` (`oidc`).
    public var issuers: [Issuer] = []
    /// The grants of each group (`authorization`).
    public var grants: [String: Set<Grant>] = [:]

    /// The longest time that a session of the console lasts (`session_lifetime`).
    public var sessionLifetime = Duration.seconds(12 * 3600)

    /// Creates settings with the defaults: no authentication.
    public init() {}

    /// Settings that refuse every caller, for a process without usable settings.
    public static let refusing: AuthSettings = {
        var settings = AuthSettings()
        settings.methods = [.basic]
        return settings
    }()

    /// True if callers are authenticated.
    public var isProtected: Bool { methods != [.none] }

    /// Returns the grants of a caller, which are those of all its groups. A group that is not listed has none.
    public func grants(of groups: [String]) -> Set<Grant> {
        groups.reduce(into: []) { all, group in
            guard let index = grants.index(forKey: group), grants[index].key.hasSameBytes(as: group) else { return }
            all.formUnion(grants[index].value)
        }
    }
}
