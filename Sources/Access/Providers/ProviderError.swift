import F2SModel

/// The failure of a request to a provider. It is logged, and callers get ``CredentialError/providerUnavailable``.
enum ProviderError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The request got no response.
    case unreachable(url: String, reason: String)
    /// The response has another status than 200.
    case status(url: String, Int)
    /// The response does not have the required content.
    case malformed(url: String, String)
    /// A file of the settings cannot be read.
    case unreadable(path: String)

    /// The reason of ``unreachable(url:reason:)`` if the provider closed the connection without a response.
    static let connectionClosed = "it closed the connection"

    /// True if the provider itself fails, and does not reject the request. Only then may earlier results be used.
    var isOutage: Bool {
        switch self {
        case .unreachable: true
        case .status(_, let status): status >= 500
        case .malformed, .unreadable: false
        }
    }

    /// True if the provider has refused the request itself, for example a code that was used before. Some providers
    /// answer with 403 instead of 400 (RFC 6749 section 5.2).
    var isRejection: Bool { if case .status(_, let status) = self { [400, 401, 403].contains(status) } else { false } }

    var description: String {
        switch self {
        case .unreachable(let url, let reason): "\(Self.shown(url)) does not answer: \(Self.shown(reason))."
        case .status(let url, let status): "\(Self.shown(url)) answers with status \(status) instead of 200."
        case .malformed(let url, let defect): "The answer of \(Self.shown(url)) cannot be used: \(Self.shown(defect))."
        case .unreadable(let path): "The file \(path) cannot be read. Check that it exists and that F2S may read it."
        }
    }

    /// Returns a text of a provider in a form that a log may contain.
    private static func shown(_ text: String) -> String { String(text.prefix(200)).printable }
}
