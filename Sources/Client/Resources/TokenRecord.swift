/// An API token, as `/tokens` describes it.
public struct TokenRecord: Sendable, Hashable, Decodable {
    /// The ID, by which the token is revoked.
    public var id: String
    /// The name of the token, which is the name of its caller.
    public var name: String
    /// The groups of the caller.
    public var groups: [String]
    /// The time of creation (RFC 3339).
    public var created: String
    /// The time of expiry (RFC 3339); absent if the token does not expire.
    public var expires: String?
    /// The text of the token, which only the response to its creation contains.
    public var token: String?
}
