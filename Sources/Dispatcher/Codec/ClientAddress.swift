import F2SModel

/// The address of a client, in the forms that its requests need. A client computes it once.
///
/// A class, because every request retains it: one reference count instead of one for each member.
final class ClientAddress {
    /// The address as a number; `nil` if the client has none.
    let number: IPAddress?
    /// The address as text, IPv6 without brackets; `nil` if the client has none.
    let text: String?
    /// The lines that name the address to the upstream. A connection adds them to each of its own requests.
    let lines: [UInt8]
    /// The address, as an element of `X-Forwarded-For` and of `Forwarded`.
    let element: [UInt8]
    let node: [UInt8]
    /// True if the client speaks TLS.
    let isSecure: Bool
    /// The line that names the protocol to the upstream.
    let protocolLine: [UInt8]
    /// The key by which the rate of a function counts this client.
    private(set) lazy var rateKey = number?.rateKey ?? caller.map { UInt64(truncatingIfNeeded: $0.hashValue) } ?? 0
    /// The name of the module of this process that is the client; `nil` for other clients.
    private let caller: String?

    /// Creates the address of a module of this process, which has only a name.
    convenience init(caller: String) { self.init(nil, caller: caller) }

    /// - Parameter isSecure: True if the client speaks TLS.
    init(_ number: IPAddress?, caller: String? = nil, isSecure: Bool = false) {
        self.number = number
        self.caller = caller
        self.isSecure = isSecure
        text = number?.description
        let shown = text ?? "unknown"
        let node = shown.contains(":") ? "\"[\(shown)]\"" : shown
        element = Array(shown.utf8)
        let scheme = isSecure ? "https" : "http"
        self.node = Array("for=\(node);proto=\(scheme)".utf8)
        protocolLine = Array("X-Forwarded-Proto: \(scheme)\r\n".utf8)
        lines =
            Array("X-Forwarded-For: \(shown)\r\n".utf8) + protocolLine
            + Array("Forwarded: for=\(node);proto=\(scheme)\r\n".utf8)
    }
}
