public import F2SModel

/// Stores API tokens in memory.
public final class InMemoryTokens: APITokenStore {
    /// The tokens.
    public let tokens: Latest<APITokenSet?>

    /// Creates a store.
    /// - Parameter tokens: The tokens; `nil` if they cannot be read.
    public init(_ tokens: APITokenSet? = APITokenSet()) { self.tokens = Latest(tokens) }

    /// Stores a token.
    public func add(_ token: APIToken) async throws(APITokenStoreError) {
        guard var set = tokens.current else { throw .unavailable("the store is down") }
        try set.add(token)
        tokens.publish(set)
    }

    /// Removes a token.
    public func remove(id: String) async throws(APITokenStoreError) {
        guard var set = tokens.current else { throw .unavailable("the store is down") }
        try set.remove(id: id)
        tokens.publish(set)
    }
}
