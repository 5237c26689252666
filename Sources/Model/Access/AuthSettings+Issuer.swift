extension AuthSettings {
    /// A provider of OpenID Connect whose access tokens are accepted (an element of `f2s.auth.oidc`).
    public struct Issuer: Sendable, Hashable {
        /// How F2S asks the provider about tokens (RFC 7662).
        public struct Introspection: Sendable, Hashable {
            /// The client that F2S is at the provider (`client_id`).
            public let clientID: String
            /// The password of that client (`client_secret`).
            public let clientSecret: Secret
            /// The time for which an answer is used (`cache_ttl`). After it, a revoked token is refused.
            public let validity: Duration

            /// The default of ``validity``.
            public static let validityDefault = Duration.seconds(60)

            /// Creates credentials.
            public init(clientID: String, clientSecret: Secret, validity: Duration = validityDefault) {
                self.clientID = clientID
                self.clientSecret = clientSecret
                self.validity = validity
            }
        }

        /// The URL that identifies the provider. A token must have it as its claim `iss` (`issuer`).
        public var url: String
        /// True if the provider is the Kubernetes cluster that F2S runs on, whose users are service accounts
        /// (`kubernetes`).
        public var isCluster = false
        /// The URL of the provider's keys; `nil` if the provider's description of itself names it.
        public var keysURL: String?
        /// The audiences, of which a token must have one (`audience`). If it is empty, ``conditions`` are not.
        public var audiences: [String] = []
        /// The values of each claim, of which a token must have one (`claims`).
        public var conditions: [String: [String]] = [:]
        /// The claim with the name of the caller (`user_claim`).
        public var userClaim = "sub"
        /// The text before the name (`user_prefix`).
        public var userPrefix = ""
        /// The claims with groups of the caller (`groups_claim`).
        public var groupsClaims = ["groups"]
        /// The text before each group, so that no provider can put its users in groups of others (`groups_prefix`).
        public var groupsPrefix = ""
        /// The file with the certificate authorities of the provider; `nil` for those of the system (`ca_file`).
        public var caFile: String?
        /// The file with a token that the provider demands for its keys; `nil` if it demands none (`token_file`).
        public var tokenFile: String?
        /// How F2S asks the provider about each token; `nil` if it does not (`introspection`).
        public var introspection: Introspection?
        /// The client by which people sign in to the console; `nil` if they cannot (`login`).
        public var login: Login?

        /// The client by which people sign in with `f2s login`; `nil` if they cannot (`command_line`).
        public var commandLine: CommandLine?

        /// The audience of the tokens by which the cluster's service accounts call functions: those that
        /// `target.identity` gives to functions, and those that `kubernetes` accepts by default.
        public static let clusterAudience = "f2s"

        /// Creates a provider with the defaults.
        public init(url: String) { self.url = url }

        /// Returns true if F2S may send requests to a URL of a provider. Without TLS it may do so on this machine only,
        /// because another machine in between could replace the keys.
        public static func isSafe(_ url: String) -> Bool {
            guard url.utf8.count <= 2048, url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !url.contains("#"),
                let scheme = ["https://", "http://"].first(where: url.hasPrefix)
            else { return false }
            let authority = url.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
            guard !authority.isEmpty, !authority.contains("@") else { return false }
            guard scheme == "http://" else { return true }
            let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
            return ["localhost", "127.0.0.1", "[::1]"].contains(host)
        }
    }
}
