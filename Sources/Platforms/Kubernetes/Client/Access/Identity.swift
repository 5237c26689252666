/// A secret or a certificate, in the kubeconfig itself or in a file beside it.
enum Material: Sendable, Hashable {
    /// As it is.
    case bytes([UInt8])
    /// In a file, which may be replaced at any time.
    case file(String)
}

/// How F2S knows that it talks to the right server.
enum Trust: Sendable, Hashable {
    /// By the machine's own certificate authorities.
    case system
    /// By these certificate authorities (PEM).
    case authorities(Material)
    /// Not at all.
    case blind
}

/// How the server knows that it talks to F2S.
struct Identity: Sendable, Hashable {
    /// Where a token comes from.
    enum Token: Sendable, Hashable {
        /// From the kubeconfig.
        case text(String)
        /// From a file, which is read again and again.
        case file(String)
    }

    /// A bearer token.
    var token: Token?
    /// Certificate chain and key (PEM).
    var certificate: Material?
    /// Key of the certificate (PEM).
    var key: Material?
    /// A program that knows.
    var plugin: ExecPlugin?

    /// Nobody.
    static let anonymous = Identity()
}
