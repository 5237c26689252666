public import F2SModel

/// A store of API tokens whose changes are in force when a call returns: the authentication of this process accepts a
/// new token, and refuses a removed one.
public struct AppliedTokenStore: APITokenStore {
    private let store: any APITokenStore
    private let authentication: CallerAuthentication

    /// Creates a store in front of another one.
    /// - Parameter authentication: The authentication by the tokens of that store.
    public init(_ store: any APITokenStore, authentication: CallerAuthentication) {
        self.store = store
        self.authentication = authentication
    }

    /// See ``APITokenStore/tokens``.
    public var tokens: Latest<APITokenSet?> { store.tokens }

    /// See ``APITokenStore/add(_:)``.
    public func add(_ token: APIToken) async throws(APITokenStoreError) {
        try await store.add(token)
        authentication.applyTokens()
    }

    /// See ``APITokenStore/remove(id:)``.
    public func remove(id: String) async throws(APITokenStoreError) {
        try await store.remove(id: id)
        authentication.applyTokens()
    }
}
