import F2SModel
import Testing

@testable import F2SConfig

@Suite struct AuthSettingsTests {
    private static let text = """
        f2s:
          auth:
            types: [token, basic]
            basic:
              - {username: ann, password: ann-password, group: admins}
              - {username: bob, password: "$scrypt$ln=15,r=8,p=1$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5a2V5", groups: [a, b]}
            token: {jwt_secret: short, require_expiry: true}
            authorization:
              - {group: admins, privileges: ["functions:list", "settings:update"]}
              - {group: a, privileges: ["functions:invoke@team-a-*"]}
        """

    @Test func `methods, users, keys and privileges are read`() throws {
        let auth = try SettingsReader().read(Array(Self.text.utf8)).auth
        #expect(auth.methods == [.token, .basic])
        #expect(auth.isProtected)
        #expect(auth.users.map(\.name) == ["ann", "bob"])
        #expect(auth.users.map(\.groups) == [["admins"], ["a", "b"]])
        #expect(auth.token.key?.revealed == "short")
        #expect(auth.token.requiresExpiry)
        let narrow = try Grant("functions:invoke@team-a-*", field: "")
        #expect(auth.grants(of: ["a", "unknown"]) == [narrow])
        #expect(auth.grants(of: ["a", "admins"]) == [narrow, Grant(.list), Grant(.updateSettings)])
    }

    @Test func `a password in the clear and a short key are warned of, by name`() throws {
        let warnings = try SettingsReader().reading(Array(Self.text.utf8)).warnings
        #expect(
            warnings == [
                "f2s.auth.basic has passwords in the clear (ann): replace each by what `f2s token hash` prints for it.",
                "f2s.auth.token.jwt_secret is shorter than 32 bytes, so it can be guessed from a token: use a longer "
                    + "one.",
            ])
    }

    @Test func `no secret is shown`() throws {
        let settings = try SettingsReader().read(Array(Self.text.utf8))
        var dumped = ""
        dump(settings, to: &dumped)
        for shown in [settings.json, "\(settings)", String(reflecting: settings), dumped] {
            for secret in ["ann-password", "scrypt", "short"] { #expect(!shown.contains(secret), "\(shown)") }
        }
        #expect(settings.json.contains(#""jwt_secret":"***""#))
        #expect(settings.json.contains(#""types":["token","basic"]"#))
    }

    @Test(arguments: ["", ", require_expiry: true"])
    func `a file for API tokens makes a key unnecessary`(more: String) throws {
        let token = "{store_file: /var/lib/tokens.json\(more)}"
        let text = "f2s: {auth: {types: [token], token: \(token), authorization: [{group: a, privileges: []}]}}"
        let settings = try SettingsReader().read(Array(text.utf8))
        #expect(settings.auth.token.storeFile == "/var/lib/tokens.json" && settings.auth.token.key == nil)
        #expect(settings.json.contains(#""store_file":"/var/lib/tokens.json""#))
    }

    @Test(arguments: ["tokens.json", "/var/lib/", "''", "[a]"])
    func `a path that names no file is rejected`(path: String) {
        let error = #expect(throws: SettingsError.self) {
            try SettingsReader().read(Array("f2s: {auth: {token: {store_file: \(path), require_expiry: true}}}".utf8))
        }
        #expect(error?.description.contains("f2s.auth.token.store_file") == true, "\(String(describing: error))")
    }

    @Test func `a platform that stores API tokens needs neither a file nor a key`() throws {
        let text = Array("f2s: {auth: {types: [token], authorization: [{group: a, privileges: []}]}}".utf8)
        #expect(throws: SettingsError.self) { try SettingsReader().read(text) }
        #expect(try SettingsReader(storesTokens: true).read(text).auth.methods == [.token])
    }

    @Test func `the key may come from a variable`() throws {
        let key = "0123456789abcdef0123456789abcdef"
        let text = "f2s: {auth: {types: [token], authorization: [{group: a, privileges: []}]}}"
        let reading = try SettingsReader().reading(
            Array(text.utf8), environment: ["F2S_AUTH_TOKEN_JWT_SECRET": key])
        #expect(reading.settings.auth.token.key == Secret(key))
        #expect(reading.warnings.isEmpty)
    }
}
