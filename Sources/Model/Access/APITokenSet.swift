/// The API tokens of an installation. IDs and names are unique.
public struct APITokenSet: Sendable, Hashable {
    /// The largest number of tokens.
    public static let countMax = 1000

    private var tokensByID: [String: APIToken] = [:]

    /// Creates an empty set.
    public init() {}

    /// Creates a set. Of several tokens with the same ID, the last one counts.
    public init(_ tokens: [APIToken]) {
        for token in tokens { tokensByID[token.id] = token }
    }

    /// Returns the token with an ID; `nil` if there is none.
    public subscript(id: String) -> APIToken? { tokensByID[id] }

    /// The tokens by name.
    public var sorted: [APIToken] { tokensByID.values.sorted { ($0.name, $0.id) < ($1.name, $1.id) } }

    /// The IDs of the tokens.
    public var ids: Set<String> { Set(tokensByID.keys) }

    /// Adds a new token. Removes the tokens that had expired when it was created.
    /// - Throws: ``APITokenStoreError/nameInUse(_:)`` or ``APITokenStoreError/full``.
    public mutating func add(_ token: APIToken) throws(APITokenStoreError) {
        let left = tokensByID.filter { !$0.value.hasExpired(at: Double(token.created)) }
        guard left[token.id] == nil, !left.values.contains(where: { $0.name.hasSameBytes(as: token.name) }) else {
            throw .nameInUse(token.name)
        }
        guard left.count < Self.countMax else { throw .full }
        tokensByID = left
        tokensByID[token.id] = token
    }

    /// Removes a token.
    /// - Throws: ``APITokenStoreError/notFound(id:)``.
    public mutating func remove(id: String) throws(APITokenStoreError) {
        guard tokensByID.removeValue(forKey: id) != nil else { throw .notFound(id: id) }
    }

    /// Returns the set without the tokens that have these IDs.
    public func without(_ ids: Set<String>) -> Self {
        var left = self
        for id in ids { left.tokensByID[id] = nil }
        return left
    }
}
