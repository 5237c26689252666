/// A provider at which a user of the command line may sign in (`GET /auth/providers`).
public struct SignInProvider: Sendable, Hashable, Codable {
    /// The URL that identifies the provider.
    public var issuer: String
    /// The name of the provider for people.
    public var title: String
    /// The client that `f2s` is at the provider.
    public var clientID: String
    /// The text that the provider demands from programs; absent for most.
    public var clientSecret: String?
    /// The scopes to ask for.
    public var scopes: [String]

    private enum CodingKeys: String, CodingKey {
        case issuer, title, scopes
        case clientID = "client_id"
        case clientSecret = "client_secret"
    }
}

/// The tokens of a user who has signed in, and how they are renewed.
public struct SignInTokens: Sendable, Hashable, Codable {
    /// The provider that has issued the tokens.
    public var provider: SignInProvider
    /// The URL at which tokens are renewed.
    public var tokenURL: String
    /// The URL at which tokens are revoked (RFC 7009); `nil` if there is none.
    public var revocationURL: String?
    /// The token for requests to F2S.
    public var accessToken: String
    /// The token for another access token; `nil` if the provider has issued none.
    public var refreshToken: String?
    /// The time at which the access token expires, in seconds since 1970; `nil` if the provider does not say it.
    public var expiresAt: Double?

    /// The time before the expiry at which a token is renewed, in seconds.
    private static let margin = 30.0

    /// Returns true if the access token is valid for a moment at least.
    /// - Parameter now: The time in seconds since 1970.
    public func isFresh(at now: Double) -> Bool { expiresAt.map { now < $0 - Self.margin } ?? true }
}
