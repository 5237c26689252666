extension AuthSettings.Issuer {
    /// The client by which people sign in to the console at a provider (`login`), with the authorization code flow of
    /// OpenID Connect and PKCE.
    public struct Login: Sendable, Hashable {
        /// The client that F2S is at the provider (`client_id`).
        public let clientID: String
        /// The password of that client; `nil` for a public client, which PKCE alone protects (`client_secret`).
        public var clientSecret: Secret?
        /// The scopes that F2S asks for (`scopes`). With `offline_access` most providers issue a refresh token, without
        /// which a session ends after an hour.
        public var scopes = ["openid", "profile"]
        /// The values of each claim, of which an ID token must have one (`claims`), such as the domain of a company.
        public var conditions: [String: [String]] = [:]
        /// The last segment of the URL to which this provider returns the browser; `nil` if it shares the URL with
        /// other providers (`callback`). Only a provider with a URL of its own need not name itself in its response.
        public var callbackName: String?
        /// The name of the provider for people; `nil` for the host of its URL (`title`).
        public var title: String?

        /// Creates a client with the defaults.
        public init(clientID: String) { self.clientID = clientID }
    }
}
