/// The settings by which listeners speak TLS (`f2s.tls`).
public struct TLSSettings: Sendable, Hashable {
    /// A listener that clients reach, by its name in the settings.
    public enum Listener: String, Sendable, Hashable, CaseIterable {
        /// The listener of the option `--listen`.
        case `public`
        /// The listener of the option `--management`.
        case management
        /// The listener of the option `--console`.
        case console
    }

    /// The path of the certificate, followed by its intermediate certificates, in PEM form
    /// (`f2s.tls.certificate_file`).
    public var certificateFile: String?
    /// The path of the certificate's private key, in PEM form and without a passphrase (`f2s.tls.key_file`).
    public var keyFile: String?
    /// The listeners that speak TLS (`f2s.tls.listeners`).
    public var listeners = Listener.allCases
    /// The content of both files; `nil` if no listener speaks TLS.
    public var certificate: TLSCertificate?

    /// Creates settings without TLS.
    public init() {}

    /// Returns true if a listener speaks TLS.
    public func secures(_ listener: Listener) -> Bool { certificate != nil && listeners.contains(listener) }

    /// Returns the scheme and authority of URLs at a listener.
    /// - Parameter authority: The listener's `host:port`.
    public func origin(of listener: Listener, at authority: String) -> String {
        "\(secures(listener) ? "https" : "http")://\(authority)"
    }
}
