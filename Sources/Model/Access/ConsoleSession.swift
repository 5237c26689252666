/// A session of the console that has just begun or was renewed, as the browser keeps it.
///
/// The browser sends cookies to every port of a host, and a page at another port can replace them. So a request needs
/// both the cookie and the proof, which only pages of the console's origin can read.
public struct ConsoleSession: Sendable, Hashable {
    /// The value of the session cookie: visible ASCII, at most ``cookieBytesMax`` bytes.
    public let cookie: String
    /// The text that the page sends with each request.
    public let proof: String
    /// The time after which the session ends, in whole seconds.
    public let lifetimeSeconds: Int
    /// The name of the user, for the audit log.
    public let user: String

    /// The name of the field with the proof.
    public static let proofFieldName = "X-F2S-Session"
    /// The longest value of a cookie, so that browsers accept the cookie with its attributes (RFC 6265 section 6.1).
    public static let cookieBytesMax = 3800

    /// Creates a session as the browser keeps it.
    public init(cookie: String, proof: String, lifetimeSeconds: Int, user: String) {
        self.cookie = cookie
        self.proof = proof
        self.lifetimeSeconds = lifetimeSeconds
        self.user = user
    }
}

/// The result of a sign-out.
public struct EndedSession: Sendable, Hashable {
    /// The name of the user, for the audit log; `nil` if there was no session, or if only its token names the user.
    public var user: String?
    /// The URL at which the browser also signs out at the provider; `nil` if there is none.
    public var location: String?

    /// Creates a result.
    public init(user: String? = nil, location: String? = nil) {
        self.user = user
        self.location = location
    }
}

/// The caller of a request with a session.
public struct SessionCaller: Sendable {
    /// The caller.
    public let principal: Principal
    /// The session with a new cookie, which the response must set; `nil` if the cookie stays as it is.
    public let renewed: ConsoleSession?

    /// Creates a caller.
    public init(principal: Principal, renewed: ConsoleSession?) {
        self.principal = principal
        self.renewed = renewed
    }
}

/// A way to sign in to the console.
public enum SignInMethod: Sendable, Hashable {
    /// A user name and a password.
    case password
    /// A token of the methods token or oidc.
    case token
    /// The page of a provider.
    case provider(url: String, title: String)
}
