/// Stores the API tokens of an installation, which all of its processes share.
public protocol APITokenStore: Sendable {
    /// The stored tokens; `nil` until they have been read. Changes of another process follow within seconds.
    var tokens: Latest<APITokenSet?> { get }

    /// Stores a new token. When this returns, ``tokens`` contains it.
    /// - Throws: ``APITokenStoreError``.
    func add(_ token: APIToken) async throws(APITokenStoreError)

    /// Removes a token. When this returns, ``tokens`` does not contain it any more.
    /// - Throws: ``APITokenStoreError``.
    func remove(id: String) async throws(APITokenStoreError)
}

/// The reason why a store of API tokens rejected or failed a request.
public enum APITokenStoreError: Error, Sendable, Hashable {
    /// No location is configured for tokens. The text says what to set.
    case notConfigured(String)
    /// Another token has this name.
    case nameInUse(String)
    /// The store contains the largest number of tokens.
    case full
    /// No token has this ID.
    case notFound(id: String)
    /// The tokens cannot be read or written. A retry may succeed.
    case unavailable(String)

    /// The problem document for this error, with status and sentences.
    public var problem: Problem {
        switch self {
        case .notConfigured(let advice):
            Problem(status: 409, title: "API tokens cannot be stored", detail: advice)
        case .nameInUse(let name):
            Problem(
                status: 409, title: "The name is already in use",
                detail: "A token \(name.printable) exists. Revoke it first, or choose another name.")
        case .full:
            Problem(
                status: 409, title: "There are too many API tokens",
                detail: "An installation has at most \(APITokenSet.countMax). Revoke those that are not needed.")
        case .notFound(let id):
            Problem(
                status: 404, title: "No such token",
                detail: "No token has the ID \(id.printable). `f2s token list` shows every token.")
        case .unavailable(let reason):
            Problem(
                status: 503, title: "The store of API tokens is not available",
                detail: "\(reason.sentence) Retry in a moment.")
        }
    }
}
