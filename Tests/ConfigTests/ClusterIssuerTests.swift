import F2SModel
import FoundationEssentials
import Testing

@testable import F2SConfig

/// The cluster that F2S runs on as a provider (`kubernetes: true`).
@Suite struct ClusterIssuerTests {
    private static let environment = ["KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"]
    private static let issuer = "https://kubernetes.default.svc"

    /// Returns a token with these claims, and without a valid signature.
    static func token(_ claims: String) -> String {
        let payload = Data(claims.utf8).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        return "e30.\(payload).c2ln"
    }

    private static func text(_ entries: String, methods: String = "oidc") -> String {
        "f2s: {auth: {types: [\(methods)], oidc: \(entries), authorization: [{group: a, privileges: []}], "
            + "basic: [{username: a, password: b, group: a}]}}"
    }

    /// Reads settings in a pod with this token; `nil` for no file.
    private func read(
        _ entries: String, token: String?, methods: String = "oidc", environment: [String: String] = environment
    ) throws -> Settings {
        let folder = FileManager.default.temporaryDirectory.appending(path: "f2s-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/token"
        if let token { try Data(token.utf8).write(to: URL(fileURLWithPath: path)) }
        var reader = SettingsReader()
        reader.clusterFiles = ClusterIssuer.Files(token: path, account: "/account")
        return try reader.read(Array(Self.text(entries, methods: methods).utf8), environment: environment)
    }

    @Test(arguments: [("10.0.0.1", "10.0.0.1"), ("fd00::1", "[fd00::1]")])
    func `the issuer is read in the pod's token, and the keys come from the API server`(
        host: String, authority: String
    ) throws {
        var environment = Self.environment
        environment["KUBERNETES_SERVICE_HOST"] = host
        // The characters in the claim need both digits of Base64 that URLs write in another way.
        let token = Self.token(#"{"aud":["f2s"],"x":"~~~???>>>","iss":"\#(Self.issuer)"}"#)
        #expect(token.contains("-") || token.contains("_"))
        let settings = try read("[{kubernetes: true}]", token: token + "\n", environment: environment)
        var wanted = AuthSettings.Issuer(url: Self.issuer)
        wanted.isCluster = true
        wanted.audiences = ["f2s"]
        wanted.groupsClaims = []
        wanted.keysURL = "https://\(authority):443/openid/v1/jwks"
        wanted.caFile = "/account/ca.crt"
        wanted.tokenFile = "/account/token"
        #expect(settings.auth.issuers == [wanted])
        #expect(settings.json.contains(#""issuer":"https://kubernetes.default.svc","kubernetes":true,"#))
    }

    @Test func `an audience, conditions and prefixes can be set, and another provider can stand beside`() throws {
        let entries = """
            [{issuer: https://id.example.org, audience: a},
             {kubernetes: true, audience: [b, c], claims: {sub: 'system:serviceaccount:shop:web'}, user_prefix: 'k:',
              groups_prefix: 'g:'}]
            """
        let issuers = try read(entries, token: Self.token(#"{"iss":"\#(Self.issuer)"}"#)).auth.issuers
        #expect(issuers.map(\.url) == ["https://id.example.org", Self.issuer])
        #expect(issuers[1].audiences == ["b", "c"] && issuers[1].userPrefix == "k:" && issuers[1].groupsPrefix == "g:")
        #expect(issuers[1].conditions == ["sub": ["system:serviceaccount:shop:web"]])
        #expect(!issuers[0].isCluster && issuers[0].keysURL == nil)
    }

    @Test func `without the method oidc the entry is not used, and needs no pod`() throws {
        let settings = try read("[{kubernetes: true}]", token: nil, methods: "basic", environment: [:])
        #expect(settings.auth.issuers.map(\.keysURL) == [nil])
    }

    @Test(arguments: [
        ("[{kubernetes: false}]", "be true"), ("[{kubernetes: yes}]", "be true or false"),
        ("[{kubernetes: true}, {kubernetes: true}]", "kubernetes is listed twice"),
        ("[{kubernetes: true, issuer: https://a}]", "issuer"), ("[{kubernetes: true, login: {}}]", "login"),
        ("[{kubernetes: true, audience: []}]", "not be empty"),
        ("[{kubernetes: true}, {issuer: https://kubernetes.default.svc, audience: a}]", "leave out kubernetes: true"),
    ])
    func `an entry that does not make sense is rejected`(entries: String, text: String) throws {
        let error = try #require(throws: SettingsError.self) {
            try read(entries, token: Self.token(#"{"iss":"\#(Self.issuer)"}"#))
        }
        #expect(error.description.contains(text), "\(error.description)")
    }

    @Test(
        arguments: [
            nil, "", "a.b", "a.b.c", token("[]"), token("{}"), token(#"{"iss":7}"#), token(#"{"iss":"kubernetes/x"}"#),
            token(#"{"iss":"http://127.0.0.1"}"#),
        ] as [String?])
    func `without a token of the cluster the error names the file`(token: String?) throws {
        let error = try #require(throws: SettingsError.self) { try read("[{kubernetes: true}]", token: token) }
        #expect(error.description.contains("/token"), "\(error.description)")
        #expect(error.description.contains("kubernetes: true needs"))
    }

    @Test func `outside of a cluster the error names the variable`() throws {
        let error = try #require(throws: SettingsError.self) {
            try read("[{kubernetes: true}]", token: Self.token("{}"), environment: [:])
        }
        #expect(error.description.contains("KUBERNETES_SERVICE_HOST"))
    }
}
