public import F2SModel

/// The listeners that speak TLS, and their certificate.
public struct ListenerTLS: Sendable {
    private let context: TLSContext
    private let listeners: Set<TLSSettings.Listener>

    /// Creates the TLS of listeners.
    /// - Returns: `nil` if the settings have no certificate.
    /// - Throws: ``TLSCertificateError`` if the certificate or its key is not usable.
    public init?(_ settings: TLSSettings) throws(TLSCertificateError) {
        guard let certificate = settings.certificate else { return nil }
        context = try TLSContext(certificate)
        listeners = Set(settings.listeners)
    }

    /// The time at which the certificate expires, in seconds since 1970.
    public var expiry: Int { context.expiry }

    /// Returns the rules of a listener; `nil` if it speaks no TLS.
    func context(of kind: ListenerKind) -> TLSContext? {
        kind.tlsListener.map(listeners.contains) == true ? context : nil
    }
}
