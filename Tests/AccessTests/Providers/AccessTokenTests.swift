import F2SModel
import FoundationEssentials
import Testing

@testable import F2SAccess

@Suite struct AccessTokenTests {
    private static let now = 1_900_000_000.0
    private static let issuer = "https://id.example.org"

    private static func settings(_ change: (inout AuthSettings.Issuer) -> Void = { _ in }) -> AuthSettings.Issuer {
        var settings = AuthSettings.Issuer(url: issuer)
        settings.audiences = ["f2s"]
        change(&settings)
        return settings
    }

    /// Reads claims that are accepted, with changes. A claim that is `null` is absent.
    private func read(
        _ changes: String = "{}", type: String? = "at+jwt", isIntrospected: Bool = false,
        _ settings: AuthSettings.Issuer = settings()
    ) throws -> AccessToken {
        let valid = #"{"iss":"\#(Self.issuer)","aud":"f2s","sub":"ann","exp":1900000060}"#
        let decoder = JSONDecoder()
        let members = try [valid, changes].map {
            try decoder.decode([String: JSONObject.Value].self, from: Data($0.utf8))
        }
        return try AccessToken(
            JSONObject(members[0].merging(members[1]) { $1 }), type: type, issuer: settings,
            isIntrospected: isIntrospected, now: Self.now)
    }

    @Test(arguments: [nil, "jwt", "at+jwt", "application/at+jwt"] as [String?])
    func `an access token is accepted`(type: String?) throws {
        let token = try read(type: type)
        #expect(token.name == "ann" && token.groups.isEmpty && token.expiry == Self.now + 60)
    }

    @Test(arguments: [
        (#"{"iss":"https://id.example.org/"}"#, CredentialError.unknownIssuer), (#"{"iss":null}"#, .unknownIssuer),
        (#"{"iss":["https://id.example.org"]}"#, .unknownIssuer), (#"{"aud":"other"}"#, .wrongAudience),
        (#"{"aud":null}"#, .wrongAudience), (#"{"aud":["other",1]}"#, .wrongAudience),
        (#"{"aud":"f2s other"}"#, .wrongAudience), (#"{"exp":1899999969}"#, .expired),
        (#"{"nbf":1900000031}"#, .notYetValid), (#"{"exp":"soon"}"#, .malformed), (#"{"exp":null}"#, .withoutExpiry),
        (#"{"sub":null}"#, .withoutSubject), (#"{"sub":""}"#, .withoutSubject), (#"{"sub":7}"#, .withoutSubject),
        (#"{"nonce":"n"}"#, .notAnAccessToken), (#"{"at_hash":"h"}"#, .notAnAccessToken),
        (#"{"c_hash":"h"}"#, .notAnAccessToken), (#"{"cnf":{}}"#, .notAnAccessToken),
        (#"{"typ":"ID"}"#, .notAnAccessToken), (#"{"typ":"Refresh"}"#, .notAnAccessToken),
        (#"{"token_use":"id"}"#, .notAnAccessToken), (#"{"events":{}}"#, .notAnAccessToken),
        (#"{"typ":"Logout"}"#, .notAnAccessToken), (#"{"token_type":"refresh_token"}"#, .notAnAccessToken),
    ])
    func `claims that do not hold are named`(changes: String, error: CredentialError) {
        #expect(throws: error) { try read(changes) }
    }

    @Test func `a service account of the cluster belongs to the groups of Kubernetes, and to one of its own`() throws {
        let claims = """
            {"sub":"system:serviceaccount:shop:web","aud":["f2s"],
             "kubernetes.io":{"namespace":"shop","serviceaccount":{"name":"web","uid":"1"}}}
            """
        let cluster = Self.settings {
            $0.isCluster = true
            $0.groupsClaims = []
        }
        let token = try read(claims, type: nil, cluster)
        let account = "system:serviceaccount:shop:web"
        #expect(token.name == account)
        #expect(token.groups == ["system:serviceaccounts", "system:serviceaccounts:shop", account])
        var prefixed = cluster
        (prefixed.userPrefix, prefixed.groupsPrefix) = ("k:", "g:")
        let other = try read(claims, type: nil, prefixed)
        #expect(other.name == "k:" + account && other.groups.allSatisfy { $0.hasPrefix("g:system:") })
        #expect(try read(claims, type: nil).groups.isEmpty, "another provider has no service accounts")
    }

    @Test(arguments: [
        "ann", "system:serviceaccount:shop", "system:serviceaccount:shop:", "system:serviceaccount::web",
        "system:serviceaccount:shop:web:x", "system:serviceaccounts:shop:web",
    ])
    func `another subject of the cluster belongs to no group`(subject: String) throws {
        let cluster = Self.settings {
            $0.isCluster = true
            $0.groupsClaims = []
        }
        #expect(try read(#"{"sub":"\#(subject)"}"#, cluster).groups.isEmpty)
    }

    @Test(arguments: ["id+jwt", "logout+jwt", "dpop+jwt", "secevent+jwt"])
    func `another kind of token is refused`(type: String) {
        #expect(throws: CredentialError.notAnAccessToken) { try read(type: type) }
    }

    @Test(arguments: [
        (#"["a","b c"]"#, ["a", "b c"]), (#""a,b , c""#, ["a", "b", "c"]), (#""a  b""#, ["a", "b"]), (#""""#, []),
        ("null", []), (#"["a",1,""]"#, ["a"]), ("1", []), (#"{"groups":"z"}"#, []),
    ])
    func `groups have any of the usual forms`(groups: String, wanted: [String]) throws {
        #expect(try read(#"{"groups":\#(groups)}"#).groups == wanted)
    }

    @Test func `groups come from several claims and nested ones, with a prefix`() throws {
        let settings = Self.settings {
            $0.groupsClaims = ["realm_access.roles", "scope"]
            $0.groupsPrefix = "kc:"
            $0.userClaim = "preferred_username"
            $0.userPrefix = "kc:"
        }
        let token = try read(
            #"{"realm_access":{"roles":["admins"]},"scope":"read write","preferred_username":"Ann"}"#, settings)
        #expect(token.groups == ["kc:admins", "kc:read", "kc:write"])
        #expect(token.name == "kc:Ann")
    }

    @Test(arguments: [
        (#""acme/shop""#, true), (#""acme/web""#, true), (#""acme/other""#, false), ("null", false),
        (#"["x","acme/web"]"#, true), ("1", false), (#""acme/shop acme/web""#, false),
    ])
    func `each condition needs one of its values`(repository: String, holds: Bool) throws {
        let settings = Self.settings {
            $0.audiences = []
            $0.conditions = ["repository": ["acme/shop", "acme/web"], "iss": [Self.issuer]]
        }
        let changes = #"{"repository":\#(repository),"aud":"anything"}"#
        if holds {
            #expect(try read(changes, settings).name == "ann")
        } else {
            #expect(throws: CredentialError.unmetCondition) { try read(changes, settings) }
        }
    }

    @Test(arguments: [
        ("scope", #""read invoke""#, "invoke"), ("admin", "true", "true"), ("tenant", "7", "7"),
    ])
    func `conditions are about scopes, flags and numbers too`(claim: String, value: String, wanted: String) throws {
        let settings = Self.settings { $0.conditions = [claim: [wanted]] }
        #expect(try read(#"{"\#(claim)":\#(value)}"#, settings).name == "ann")
        #expect(throws: CredentialError.unmetCondition) { try read(#"{"\#(claim)":"other"}"#, settings) }
    }

    @Test func `a condition may be about a member of a claim whose name has dots`() throws {
        let settings = Self.settings { $0.conditions = ["kubernetes.io.namespace": ["shop"]] }
        #expect(try read(#"{"kubernetes.io":{"namespace":"shop"}}"#, settings).name == "ann")
        #expect(throws: CredentialError.unmetCondition) {
            try read(#"{"kubernetes.io":{"namespace":"other"}}"#, settings)
        }
    }

    @Test func `a provider's answer about a token may leave out issuer and expiry`() throws {
        let changes = #"{"iss":null,"exp":null,"sub":null,"client_id":"ci","token_type":"Bearer"}"#
        let token = try read(changes, type: nil, isIntrospected: true)
        #expect(token.name == "ci" && token.expiry == nil)
        #expect(throws: CredentialError.unknownIssuer) {
            try read(#"{"iss":"https://other.example.org"}"#, isIntrospected: true)
        }
        #expect(throws: CredentialError.expired) {
            try read(#"{"exp":1,"token_use":"access"}"#, isIntrospected: true)
        }
    }

    @Test(arguments: [#"{}"#, #"{"token_type":"mac"}"#, #"{"token_type":"N_A"}"#])
    func `an answer that does not say that it is about an access token is refused`(changes: String) {
        #expect(throws: CredentialError.notAnAccessToken) { try read(changes, type: nil, isIntrospected: true) }
    }

    @Test func `only a token without a subject has the name of its client`() throws {
        let settings = Self.settings { $0.userClaim = "preferred_username" }
        #expect(try read(#"{"preferred_username":"Ann","client_id":"web"}"#, settings).name == "Ann")
        #expect(try read(#"{"client_id":"web"}"#, settings).name == "ann", "the subject")
        #expect(try read(#"{"sub":null,"client_id":"ci"}"#, settings).name == "ci")
    }

    @Test func `texts that only look alike are different`() throws {
        // Swift takes the sign for Kelvin and the letter K for equal.
        let settings = Self.settings { $0.audiences = ["K"] }
        #expect(throws: CredentialError.wrongAudience) { try read(#"{"aud":"\u212A"}"#, settings) }
        var auth = AuthSettings()
        auth.grants = ["K": [Grant(.create)]]
        #expect(auth.grants(of: ["\u{212A}"]).isEmpty && auth.grants(of: ["K"]) == [Grant(.create)])
    }
}
