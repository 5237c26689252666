import ProcessSupport
import Testing

/// A second implementation of OpenID Connect, canaille. One set of keys is for two algorithms, which it does not name,
/// and only the provider can read its access tokens. The tests measure nothing, so they run beside those of
/// ``EndToEndSerial``.
@Suite(.serialized, .workshop) struct CanailleTests {
    /// Each sign-in has a provider of its own, because two of one user and client within a second fail at canaille.
    @Test(arguments: ["console", "consolees"]) func `a user signs in at canaille's pages, and signs out there too`(
        client: String
    ) async throws {
        let console = try freePort()
        let origin = "http://127.0.0.1:\(console)"
        try await CanailleProvider.run(callback: origin + "/session/callback") { provider in
            let settings = """
                f2s:
                  auth:
                    types: [oidc]
                    oidc:
                      - issuer: \(provider.url)
                        audience: f2s
                        user_claim: name
                        groups_prefix: 'id:'
                        login:
                          client_id: \(client)
                          client_secret: \(client)-secret
                          scopes: [openid, profile, groups]
                          title: Canaille
                    authorization:
                      - {group: 'id:faas-admins', privileges: ["functions:list"]}
                """
            try await F2SServer.serve([try FunctionManifest("hello")], settings: settings, console: console) { _ in
                let findings = try BrowserScript.run("canaille.py", [origin, "alice"])
                // Canaille names the groups in any order.
                let caller = findings["caller"]?.text ?? ""
                #expect(caller.hasPrefix("Account: Alice  Groups: id:"), "\(findings)")
                #expect(["id:developers", "id:faas-admins"].allSatisfy(caller.contains), "\(findings)")
                #expect(findings["rows"]?.number == 1)
                #expect(findings["cookies"]?.number == 1)
                #expect(findings["cookiesLeft"]?.number == 0)
            }
        }
    }

    @Test func `an opaque token is accepted as long as the provider says that it is valid`() async throws {
        try await CanailleProvider.run { provider in
            func settings(_ client: String, secret: String) -> String {
                """
                f2s:
                  auth:
                    types: [oidc]
                    oidc:
                      - issuer: \(provider.url)
                        audience: [svc, other]
                        groups_claim: scope
                        groups_prefix: 'id:'
                        introspection: {client_id: \(client), client_secret: \(secret), cache_ttl: 200}
                    authorization:
                      - {group: 'id:profile', privileges: ["functions:invoke"]}
                """
            }
            let function = try FunctionManifest("hello").with { $0.minReplicas = 1 }
            try await F2SServer.serve([function], settings: settings("svc", secret: "svc-secret")) { f2s in
                func answer(_ token: String) throws -> HTTPAnswer {
                    try f2s.exchange("GET", "/invoke/hello", [("Authorization", "Bearer \(token)")])
                }
                let (revoked, kept) = (try provider.token(for: "svc"), try provider.token(for: "svc"))
                let foreign = try provider.token(for: "other")
                for token in [revoked, kept] {
                    try eventually("it serves") { try answer(token).status == 200 }
                }
                // The provider tells a client about its own tokens only.
                for token in [foreign, "made-up", kept + "x"] {
                    let answer = try answer(token)
                    #expect(answer.status == 401 && answer.text.contains("says that the token is not valid"))
                }
                try provider.revoke(revoked, of: "svc")
                try eventually("it is refused") { try answer(revoked).status == 401 }
                #expect(try answer(kept).status == 200)

                try f2s.replaceSettings(settings("other", secret: "other-secret"))
                try eventually("another client asks") { try answer(foreign).status == 200 }
                #expect(try answer(kept).status == 401)

                // That is a fault of the settings, not of the token.
                try f2s.replaceSettings(settings("svc", secret: "other-secret"))
                try eventually("the provider refuses the client") { try answer(kept).status == 503 }
                try eventually("it is logged") { f2s.log.contains("/oauth/introspect answers with status 401") }
            }
        }
    }
}
