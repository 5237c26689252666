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
