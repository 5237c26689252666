/// Identifies callers by the value of their Authorization field.
///
/// A caller of this port first asks ``recognize(_:)``, which knows only credentials that were verified before, and then
/// ``verify(_:)``, which may take long.
public protocol Authenticator: Sendable {
    /// True if callers are authenticated. If false, every caller is ``Principal/anonymous``.
    var isProtected: Bool { get }

    /// The methods in force, for `GET /auth/type`.
    var methods: [AuthSettings.Method] { get }

    /// The values of WWW-Authenticate for a response with status 401, one per method.
    var challenges: [String] { get }

    /// Returns the result of an earlier verification of the same credentials. It is called on event loops: it takes
    /// about a microsecond, does not block, and does not allocate.
    /// - Parameter credentials: The value of the Authorization field.
    func recognize(_ credentials: Span<UInt8>) -> Recognition

    /// Verifies credentials, and remembers the result for ``recognize(_:)``.
    /// - Parameters:
    ///   - credentials: The value of the Authorization field; `nil` if the request has none.
    ///   - client: The key of the client's address (``IPAddress/rateKey``), by which wrong passwords are counted; `nil`
    ///     if the address is unknown.
    /// - Throws: The reason for which the credentials are not accepted.
    func verify(_ credentials: String?, from client: UInt64?) async throws(CredentialError) -> Principal

    /// Returns the user that credentials claim, for the audit log; `nil` if they name none. They are not verified.
    func claimedUser(of credentials: String) -> String?
}

/// The result of an earlier verification.
public enum Recognition: Sendable, Hashable {
    /// The credentials are valid.
    case known(Principal)
    /// The credentials are invalid.
    case refused(CredentialError)
    /// The credentials were not verified lately.
    case unknown
}
