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

    var description: String {
        switch self {
        case .unreachable(let url, let reason): "\(url) does not answer: \(reason)."
        case .status(let url, let status): "\(url) answers with status \(status) instead of 200."
        case .malformed(let url, let defect): "The answer of \(url) cannot be used: \(defect)."
        case .unreadable(let path): "The file \(path) cannot be read. Check that it exists and that F2S may read it."
        }
    }
}
