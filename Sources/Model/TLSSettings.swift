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

/// A certificate for TLS and its private key, both in PEM form (RFC 7468).
public struct TLSCertificate: Sendable, Hashable {
    /// The certificate, followed by its intermediate certificates.
    public var chain: String
    /// The private key.
    public var key: Secret

    /// Creates a certificate. Its content is not checked.
    public init(chain: String, key: Secret) {
        self.chain = chain
        self.key = key
    }
}

/// The reason for which a certificate and its key cannot be used.
public struct TLSCertificateError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The part of the certificate that is wrong.
    public enum Part: Sendable, Hashable {
        /// The certificates.
        case chain
        /// The private key.
        case key
    }

    /// The part that is wrong.
    public let part: Part
    /// The condition that it does not meet, as the end of a sentence that begins with its name: `must …`.
    public let description: String

    /// Creates an error.
    public init(_ part: Part, _ description: String) {
        self.part = part
        self.description = description
    }
}
