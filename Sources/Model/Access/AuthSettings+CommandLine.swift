extension AuthSettings.Issuer {
    /// The client by which people sign in at a provider with `f2s login` (`command_line`), by the device authorization
    /// grant (RFC 8628). Everybody learns it from `GET /auth/providers`.
    public struct CommandLine: Sendable, Hashable {
        /// The client that `f2s` is at the provider (`client_id`).
        public let clientID: String
        /// The text that some providers demand from programs, although every user of the program knows it; `nil` for
        /// most (`client_secret`).
        public var clientSecret: String?
        /// The scopes that `f2s` asks for (`scopes`). With `offline_access` most providers issue a refresh token.
        public var scopes = ["openid", "offline_access"]

        /// Creates a client with the defaults.
        public init(clientID: String) { self.clientID = clientID }
    }
}
