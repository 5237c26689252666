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
