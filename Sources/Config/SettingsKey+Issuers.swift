import F2SManifest
import F2SModel

// The key of the providers of OpenID Connect, `f2s.auth.oidc`.
extension SettingsKey {
    /// The largest number of providers.
    private static let issuersMax = 16
    /// The bounds of the time for which an answer about a token is used, in milliseconds.
    private static let validities = 1...3_600_000

    /// Creates a key for providers.
    static func issuers(_ path: String) -> SettingsKey {
        SettingsKey(path: path) { cursor, settings in
            var issuers: [AuthSettings.Issuer] = []
            for element in try cursor.list(example: "[{issuer: https://id.example.org, audience: f2s}]") {
                let issuer = try Self.issuer(element)
                guard !issuers.contains(where: { $0.url == issuer.url && $0.isCluster == issuer.isCluster }) else {
                    let name = issuer.isCluster ? "kubernetes" : issuer.url
                    throw element.error("have another issuer: \(name) is listed twice")
                }
                let callback = issuer.login?.callbackName
                guard callback == nil || !issuers.contains(where: { $0.login?.callbackName == callback }) else {
                    throw element.error("have another login.callback: \(callback ?? "") is listed twice")
                }
                issuers.append(issuer)
            }
            guard issuers.count <= issuersMax else { throw cursor.error("list at most \(issuersMax) providers") }
            settings.auth.issuers = issuers
        } json: { settings in
            "[\(settings.auth.issuers.map(Self.json).joined(separator: ","))]"
        }
    }

    private static func issuer(_ cursor: YAMLCursor) throws -> AuthSettings.Issuer {
        let fields = try cursor.map(example: "{issuer: https://id.example.org, audience: f2s}")
        if let kubernetes = fields["kubernetes"] { return try cluster(kubernetes, fields) }
        try fields.require(only: [
            "issuer", "audience", "claims", "user_claim", "user_prefix", "groups_claim", "groups_prefix", "ca_file",
            "token_file", "introspection", "login", "command_line",
        ])
        let url = try fields.required("issuer", "be the URL of a provider, such as https://id.example.org")
        var issuer = AuthSettings.Issuer(url: try url.text())
        guard AuthSettings.Issuer.isSafe(issuer.url), !issuer.url.contains("?") else {
            throw url.error("be a URL that begins with https://, or with http:// for this machine, and has no query")
        }
        if let audience = fields["audience"] { issuer.audiences = try texts(audience) }
        if let claims = fields["claims"] {
            issuer.conditions = try conditions(claims, example: "{repository: acme/shop}")
        }
        // Otherwise a token that the provider issued for any other service would be accepted.
        guard !issuer.audiences.isEmpty || !issuer.conditions.isEmpty else {
            throw cursor.error(
                "have an audience, or claims if the provider's tokens have no audience for one service")
        }
        if let claim = fields["user_claim"] { issuer.userClaim = try name(claim) }
        if let prefix = fields["user_prefix"] { issuer.userPrefix = try prefix.text() }
        if let claims = fields["groups_claim"] { issuer.groupsClaims = try texts(claims) }
        if let prefix = fields["groups_prefix"] { issuer.groupsPrefix = try prefix.text() }
        if let file = fields["ca_file"] { issuer.caFile = try path(file) }
        if let file = fields["token_file"] { issuer.tokenFile = try path(file) }
        if let client = fields["introspection"] { issuer.introspection = try introspection(client) }
        if let client = fields["login"] { issuer.login = try login(client) }
        if let client = fields["command_line"] {
            let program = try commandLine(client)
            let secrets = [issuer.login?.clientSecret, issuer.introspection?.clientSecret].compactMap(\.self)
            guard !secrets.contains(where: { $0.revealed == program.clientSecret }) else {
                throw client.error("have a client of its own, because everybody can read its client_secret")
            }
            issuer.commandLine = program
        }
        return issuer
    }

    /// Returns the cluster that F2S runs on as a provider. ``ClusterIssuer`` adds what depends on the cluster.
    private static func cluster(
        _ kubernetes: YAMLCursor, _ fields: YAMLMap
    ) throws -> AuthSettings.Issuer {
        guard try kubernetes.flag() else {
            throw kubernetes.error("be true, for the service accounts of the cluster that F2S runs on, or be left out")
        }
        try fields.require(only: ["kubernetes", "audience", "claims", "user_prefix", "groups_prefix"])
        var issuer = AuthSettings.Issuer(url: "")
        issuer.isCluster = true
        issuer.audiences = try fields["audience"].map { try texts($0) } ?? [AuthSettings.Issuer.clusterAudience]
        issuer.groupsClaims = []
        if let claims = fields["claims"] {
            issuer.conditions = try conditions(claims, example: "{sub: 'system:serviceaccount:shop:web'}")
        }
        if let prefix = fields["user_prefix"] { issuer.userPrefix = try prefix.text() }
        if let prefix = fields["groups_prefix"] { issuer.groupsPrefix = try prefix.text() }
        return issuer
    }

    /// Returns the values of each claim.
    private static func conditions(_ cursor: YAMLCursor, example: String) throws -> [String: [String]] {
        try cursor.map(example: example).members.reduce(into: [:]) { conditions, member in
            conditions[member.key] = try texts(try cursor.map().cursor(of: member))
        }
    }

    private static func login(_ cursor: YAMLCursor) throws -> AuthSettings.Issuer.Login {
        let fields = try YAMLCursor(cursor.node, path: cursor.path, isSecret: true)
            .map(example: "{client_id: f2s, client_secret: ...}")
        try fields.require(only: ["client_id", "client_secret", "scopes", "claims", "title", "callback"])
        var login = AuthSettings.Issuer.Login(
            clientID: try name(try fields.required("client_id", "be F2S' name at the provider")))
        if let client = fields["client_secret"] { login.clientSecret = try secret(client) }
        if let scopes = fields["scopes"] {
            login.scopes = try texts(scopes)
            // Without it, a provider issues no ID token (OpenID Connect Core 1.0 section 3.1.2.1).
            guard login.scopes.contains("openid") else { throw scopes.error("contain openid") }
        }
        if let claims = fields["claims"] { login.conditions = try conditions(claims, example: "{hd: example.org}") }
        if let title = fields["title"] { login.title = try name(title) }
        if let callback = fields["callback"] { login.callbackName = try callbackName(callback) }
        return login
    }

    private static func commandLine(_ cursor: YAMLCursor) throws -> AuthSettings.Issuer.CommandLine {
        let fields = try cursor.map(example: "{client_id: f2s-cli}")
        try fields.require(only: ["client_id", "client_secret", "scopes"])
        var client = AuthSettings.Issuer.CommandLine(
            clientID: try name(try fields.required("client_id", "be the name of the program f2s at the provider")))
        if let secret = fields["client_secret"] { client.clientSecret = try name(secret) }
        if let scopes = fields["scopes"] { client.scopes = try texts(scopes) }
        return client
    }

    private static func callbackName(_ cursor: YAMLCursor) throws -> String {
        let text = try cursor.text()
        guard (1...40).contains(text.utf8.count), text.utf8.allSatisfy(isCallbackByte) else {
            throw cursor.error("consist of 1 to 40 lower-case letters, digits and '-'")
        }
        return text
    }

    private static func isCallbackByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
        default: false
        }
    }

    private static func introspection(_ cursor: YAMLCursor) throws -> AuthSettings.Issuer.Introspection {
        let fields = try YAMLCursor(cursor.node, path: cursor.path, isSecret: true)
            .map(example: "{client_id: f2s, client_secret: ...}")
        try fields.require(only: ["client_id", "client_secret", "cache_ttl"])
        let validity = try fields["cache_ttl"].map { try $0.wholeNumber(in: validities, unit: "milliseconds") }
        return AuthSettings.Issuer.Introspection(
            clientID: try name(try fields.required("client_id", "be F2S' name at the provider")),
            clientSecret: try secret(try fields.required("client_secret", "be F2S' password at the provider")),
            validity: validity.map { .milliseconds($0) } ?? AuthSettings.Issuer.Introspection.validityDefault)
    }

    /// Returns the texts of a list, or a single text. Both must not be empty.
    private static func texts(_ cursor: YAMLCursor) throws -> [String] {
        guard case .list(let elements) = cursor.node.content else { return [try name(cursor)] }
        guard !elements.isEmpty else { throw cursor.error("not be empty") }
        return try cursor.list(example: "[f2s]").map { try name($0) }
    }

    private static func name(_ cursor: YAMLCursor) throws -> String {
        let text = try cursor.text()
        guard !text.isEmpty else { throw cursor.error("not be empty") }
        return text
    }

    /// Returns the path of a file.
    static func path(_ cursor: YAMLCursor) throws -> String {
        let text = try cursor.text()
        guard text.hasPrefix("/"), !text.hasSuffix("/") else {
            throw cursor.error("be the path of a file, from the root folder on")
        }
        return text
    }

    private static func json(_ issuer: AuthSettings.Issuer) -> String {
        var fields = [("issuer", issuer.url.jsonText)]
        if issuer.isCluster { fields.append(("kubernetes", "true")) }
        if !issuer.audiences.isEmpty { fields.append(("audience", list(issuer.audiences))) }
        if !issuer.conditions.isEmpty {
            fields.append(("claims", json(issuer.conditions)))
        }
        fields.append(("user_claim", issuer.userClaim.jsonText))
        fields.append(("user_prefix", issuer.userPrefix.jsonText))
        fields.append(("groups_claim", list(issuer.groupsClaims)))
        fields.append(("groups_prefix", issuer.groupsPrefix.jsonText))
        if let file = issuer.caFile { fields.append(("ca_file", file.jsonText)) }
        if let file = issuer.tokenFile { fields.append(("token_file", file.jsonText)) }
        if let client = issuer.introspection {
            fields.append(
                (
                    "introspection",
                    #"{"client_id":\#(client.clientID.jsonText),"client_secret":\#(Secret.mask.jsonText),"#
                        + #""cache_ttl":\#(client.validity.wholeMilliseconds)}"#
                ))
        }
        if let login = issuer.login { fields.append(("login", json(login))) }
        if let client = issuer.commandLine {
            var own = [("client_id", client.clientID.jsonText)]
            if let secret = client.clientSecret { own.append(("client_secret", secret.jsonText)) }
            fields.append(("command_line", object(own + [("scopes", list(client.scopes))])))
        }
        return object(fields)
    }

    private static func json(_ login: AuthSettings.Issuer.Login) -> String {
        var fields = [("client_id", login.clientID.jsonText)]
        if login.clientSecret != nil { fields.append(("client_secret", Secret.mask.jsonText)) }
        fields.append(("scopes", list(login.scopes)))
        if !login.conditions.isEmpty { fields.append(("claims", json(login.conditions))) }
        if let title = login.title { fields.append(("title", title.jsonText)) }
        if let callback = login.callbackName { fields.append(("callback", callback.jsonText)) }
        return object(fields)
    }

    private static func json(_ conditions: [String: [String]]) -> String {
        object(conditions.sorted { $0.key < $1.key }.map { ($0, list($1)) })
    }

    private static func list(_ texts: [String]) -> String { "[\(texts.map(\.jsonText).joined(separator: ","))]" }

    private static func object(_ fields: [(String, String)]) -> String {
        "{\(fields.map { "\($0.jsonText):\($1)" }.joined(separator: ","))}"
    }
}
