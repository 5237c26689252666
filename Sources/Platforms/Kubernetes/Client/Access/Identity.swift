/// A secret or a certificate, from the kubeconfig itself or from another file.
enum Material: Sendable, Hashable {
    /// The content itself.
    case bytes([UInt8])
    /// The path of a file, which may be replaced at any time.
    case file(String)
}

/// The way that F2S verifies the API server.
enum Trust: Sendable, Hashable {
    /// The certificate authorities of the machine.
    case system
    /// These certificate authorities (PEM).
    case authorities(Material)
    /// No verification.
    case insecureSkipVerify
}

/// The credentials that F2S presents to the API server.
struct Identity: Sendable, Hashable {
    /// The source of a token.
    enum Token: Sendable, Hashable {
        /// The token itself, from the kubeconfig.
        case text(String)
        /// The path of a file, which is read again regularly.
        case file(String)
    }

    /// A bearer token.
    var token: Token?
    /// The client certificate chain (PEM).
    var certificate: Material?
    /// The key of the certificate (PEM).
    var key: Material?
    /// A program that provides the credentials.
    var plugin: ExecPlugin?

    /// The identity without credentials.
    static let anonymous = Identity()
}
