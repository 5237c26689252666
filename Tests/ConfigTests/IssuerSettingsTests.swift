import F2SModel
import Testing

@testable import F2SConfig

@Suite struct IssuerSettingsTests {
    private static func text(_ issuers: String) -> String {
        "f2s: {auth: {types: [oidc], oidc: \(issuers), authorization: [{group: a, privileges: []}]}}"
    }

    private func read(_ issuers: String) throws -> [AuthSettings.Issuer] {
        try SettingsReader().read(Array(Self.text(issuers).utf8)).auth.issuers
    }

    @Test func `a provider has defaults`() throws {
        var wanted = AuthSettings.Issuer(url: "https://id.example.org")
        wanted.audiences = ["f2s"]
        #expect(try read("[{issuer: https://id.example.org, audience: f2s}]") == [wanted])
        #expect(wanted.userClaim == "sub" && wanted.groupsClaims == ["groups"])
    }

    @Test func `every key is read, and shown without the secret`() throws {
        let text = """
            [{issuer: 'http://127.0.0.1:8000/x', audience: [a, b], claims: {repository: acme/shop, ref: [main, 'true']},
              user_claim: email, user_prefix: 'u:', groups_claim: [roles, scope], groups_prefix: 'g:', ca_file: /ca.pem,
              token_file: /token, introspection: {client_id: f2s, client_secret: hidden, cache_ttl: 5000},
              login: {client_id: web, client_secret: hidden2, scopes: [openid, groups], claims: {hd: [a, b]},
              title: A, callback: id-1}, command_line: {client_id: cli, client_secret: shown, scopes: [openid]}}]
            """
        var wanted = AuthSettings.Issuer(url: "http://127.0.0.1:8000/x")
        wanted.audiences = ["a", "b"]
        wanted.conditions = ["repository": ["acme/shop"], "ref": ["main", "true"]]
        wanted.userClaim = "email"
        wanted.userPrefix = "u:"
        wanted.groupsClaims = ["roles", "scope"]
        wanted.groupsPrefix = "g:"
        wanted.caFile = "/ca.pem"
        wanted.tokenFile = "/token"
        wanted.introspection = .init(clientID: "f2s", clientSecret: Secret("hidden"), validity: .seconds(5))
        var login = AuthSettings.Issuer.Login(clientID: "web")
        login.clientSecret = Secret("hidden2")
        login.scopes = ["openid", "groups"]
        login.conditions = ["hd": ["a", "b"]]
        login.title = "A"
        login.callbackName = "id-1"
        wanted.login = login
        var program = AuthSettings.Issuer.CommandLine(clientID: "cli")
        program.clientSecret = "shown"
        program.scopes = ["openid"]
        wanted.commandLine = program
        #expect(try read(text) == [wanted])
        let json = try SettingsReader().read(Array(Self.text(text).utf8)).json
        #expect(!json.contains("hidden"))
        let shown = try #require(json.firstRange(of: #""oidc":"#)).upperBound
        let list = String(json[shown...].prefix(while: { $0 != "\n" }))
        #expect(list.hasPrefix(#"[{"issuer":"http://127.0.0.1:8000/x","audience":["a","b"],"#), "\(list)")
        #expect(list.contains(#""client_secret":"***","cache_ttl":5000"#))
        #expect(list.contains(#""title":"A","callback":"id-1"}"#))
        let shownProgram = #""command_line":{"client_id":"cli","client_secret":"shown","scopes":["openid"]}"#
        #expect(list.contains(shownProgram))
        #expect(list.contains(#""login":{"client_id":"web","client_secret":"***","scopes":["openid","groups"],"#))
    }

    @Test(arguments: [
        ("[]", "The method oidc needs providers"), ("[{audience: f2s}]", "issuer is missing"),
        ("[{issuer: https://id.example.org}]", "have an audience, or claims"),
        ("[{issuer: http://id.example.org, audience: a}]", "begins with https://"),
        ("[{issuer: id.example.org, audience: a}]", "begins with https://"),
        ("[{issuer: 'https://', audience: a}]", "begins with https://"),
        ("[{issuer: 'https://ann:x@id.example.org', audience: a}]", "begins with https://"),
        ("[{issuer: 'https://id.example.org/?a=b', audience: a}]", "has no query"),
        ("[{issuer: 'http://localhost.example.org', audience: a}]", "begins with https://"),
        ("[{issuer: https://a, audience: a}, {issuer: https://a, audience: b}]", "is listed twice"),
        ("[{issuer: https://a, audience: ''}]", "not be empty"),
        ("[{issuer: https://a, audience: []}]", "not be empty"),
        ("[{issuer: https://a, claims: {a: []}}]", "not be empty"),
        ("[{issuer: https://a, audiences: a}]", "did you mean f2s.auth.oidc[0].audience?"),
        ("[{issuer: https://a, audience: a, ca_file: ca.pem}]", "from the root folder on"),
        ("[{issuer: https://a, audience: a, introspection: {client_id: f2s}}]", "client_secret is missing"),
        ("[{issuer: https://a, audience: a, login: {client_secret: x}}]", "client_id is missing"),
        ("[{issuer: https://a, audience: a, login: {client_id: x, scopes: [groups]}}]", "contain openid"),
        ("[{issuer: https://a, audience: a, login: {client_id: x, scope: openid}}]", "did you mean"),
        (
            "[{issuer: https://a, audience: a, login: {client_id: x, client_secret: s}, "
                + "command_line: {client_id: x, client_secret: s}}]",
            "have a client of its own"
        ),
        ("[{issuer: https://a, audience: a, command_line: {scopes: [openid]}}]", "client_id is missing"),
        ("[{issuer: https://a, audience: a, login: {client_id: x, callback: a/b}}]", "lower-case letters, digits"),
        (
            "[{issuer: https://a, audience: a, login: {client_id: x, callback: y}}, "
                + "{issuer: https://b, audience: a, login: {client_id: x, callback: y}}]",
            "have another login.callback: y is listed twice"
        ),
        (
            "[{issuer: https://a, audience: a, introspection: {client_id: f2s, client_secret: x, cache_ttl: 0}}]",
            "between 1 and 3600000 milliseconds"
        ),
    ])
    func `a wrong value has an error that says what to do`(issuers: String, message: String) {
        let error = #expect(throws: SettingsError.self) { try read(issuers) }
        #expect(error.map { $0.description.contains(message) } == true, "\(String(describing: error))")
    }

    @Test func `an error does not repeat a secret`() {
        let error = #expect(throws: SettingsError.self) {
            try read("[{issuer: https://a, audience: a, introspection: {client_id: [hidden], client_secret: x}}]")
        }
        #expect(error.map { "\($0)".contains("hidden") } == false)
    }
}
