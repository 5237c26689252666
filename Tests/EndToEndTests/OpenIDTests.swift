import ProcessSupport
import Testing

/// Access tokens of a real OpenID provider. The tests measure nothing and wait most of the time, so they run beside
/// those of ``EndToEndSerial``.
@Suite(.serialized, .workshop) struct OpenIDTests {
    private static func settings(
        _ provider: OpenIDProvider, loops: Int = 1, introspection: String = "", claims: String = "{scope: invoke}"
    ) -> String {
        """
        f2s:
          loops: \(loops)
          auth:
            types: [basic, oidc]
            basic: [{username: ann, password: ann-password, group: operators}]
            oidc:
              - issuer: \(provider.url(.rs256))
                claims: \(claims)
                user_claim: preferred_username
                groups_claim: [groups, scope]
                groups_prefix: 'id:'
                \(introspection)
              - {issuer: \(provider.url(.es256)), claims: {client_id: [web, svc]}, groups_prefix: 'es:'}
            authorization:
              - {group: operators, privileges: ["functions:list"]}
              - {group: 'id:admins', privileges: ["functions:list", "functions:invoke"]}
              - {group: 'id:invoke', privileges: ["functions:invoke@hel*"]}
              - {group: 'es:developers', privileges: ["functions:invoke@other"]}
        """
    }

    private func fields(_ token: String) -> [(String, String)] { [("Authorization", "Bearer \(token)")] }

    private func status(_ target: String, _ token: String, _ f2s: F2SServer) throws -> Int {
        try f2s.exchange("GET", target, fields(token)).status
    }

    private func functions() throws -> [FunctionManifest] {
        try ["hello", "other"].map { try FunctionManifest($0).with { $0.minReplicas = 1 } }
    }

    @Test(arguments: [1, 2, 4]) func `users and clients of a provider reach what their groups allow`(
        loops: Int
    ) async throws {
        try await OpenIDProvider.run { provider in
            let settings = Self.settings(provider, loops: loops)
            try await F2SServer.serve(try functions(), settings: settings) { f2s in
                let (alice, bob) = (
                    try provider.tokens(.rs256, for: "alice"), try provider.tokens(.rs256, for: "bob")
                )
                let (eve, service) = (
                    try provider.tokens(.rs256, for: "eve"), try provider.tokens(.rs256, for: "svc")
                )
                let other = try provider.tokens(.es256, for: "bob")
                // The keys of both issuers are fetched at the start, and again soon if that fails.
                try eventually("it serves") {
                    let (one, two) = (
                        try status("/invoke/hello", alice.access, f2s), try status("/users/me", other.access, f2s)
                    )
                    return one == 200 && two != 503
                }
                let expected = [
                    ("/invoke/other", alice.access, 200), ("/functions", alice.access, 200),
                    ("/invoke/hello", bob.access, 200), ("/invoke/other", bob.access, 403),
                    ("/functions", bob.access, 403), ("/invoke/hello", eve.access, 200),
                    ("/invoke/hello", service.access, 200), ("/invoke/other", service.access, 403),
                    ("/invoke/other", other.access, 200), ("/invoke/hello", other.access, 403),
                ]
                for round in 1...3 {
                    for (index, (target, token, wanted)) in expected.enumerated() {
                        #expect(try status(target, token, f2s) == wanted, "case \(index), round \(round)")
                    }
                }
                let me = try f2s.exchange("GET", "/users/me", fields(alice.access)).text
                #expect(me.contains("alice") && me.contains("id:admins"), "\(me)")
                #expect(!f2s.log.contains(alice.access))
            }
        }
    }

    @Test func `tokens that are not meant for F2S are refused, each with its reason`() async throws {
        try await OpenIDProvider.run { provider in
            try await F2SServer.serve(try functions(), settings: Self.settings(provider)) { f2s in
                let alice = try provider.tokens(.rs256, for: "alice")
                try eventually("it serves") { try status("/invoke/hello", alice.access, f2s) == 200 }
                let id = try #require(alice.id)
                let parts = alice.access.split(separator: ".").map(String.init)
                let foreign = try provider.tokens(.es256, for: "other").access
                // A busy provider may not have sent its keys yet.
                try eventually("the keys of both issuers are known") {
                    !(try f2s.exchange("GET", "/functions", fields(foreign)).text.contains("not signed with a key"))
                }
                let cases = [
                    ("an ID token", id, "not an access token"),
                    ("another client's token", foreign, "does not have the claims"),
                    (
                        "a changed signature", "\(parts[0]).\(parts[1]).A\(parts[2].dropFirst())",
                        "signature is wrong"
                    ),
                    (
                        "other claims",
                        "\(parts[0]).\(try provider.tokens(.rs256, for: "bob").access.split(separator: ".")[1])"
                            + ".\(parts[2])", "signature is wrong"
                    ),
                    ("no algorithm", "eyJhbGciOiJub25lIn0.\(parts[1]).", "configured algorithm"),
                    ("HMAC", "eyJhbGciOiJIUzI1NiJ9.\(parts[1]).\(parts[2])", "configured algorithm"),
                    (
                        "another key", "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.\(parts[1]).\(parts[2])",
                        "not signed with a key"
                    ),
                    ("a short signature", String(alice.access.dropLast(8)), "signature is wrong"),
                    ("an opaque token", "opaque", "No configured method"),
                ]
                for (name, token, reason) in cases {
                    let answer = try f2s.exchange("GET", "/functions", fields(token))
                    #expect(answer.status == 401 && answer.text.contains(reason), "\(name): \(answer.text)")
                    #expect(try status("/invoke/hello", token, f2s) == 401, "\(name)")
                }
            }
        }
    }

    @Test func `a new key of the provider works without a restart, and the old one ends`() async throws {
        try await OpenIDProvider.run { provider in
            try await F2SServer.serve(try functions(), settings: Self.settings(provider)) { f2s in
                let old = try provider.tokens(.rs256, for: "alice").access
                try eventually("it serves") { try status("/invoke/hello", old, f2s) == 200 }
                try provider.rotate()
                let new = try provider.tokens(.rs256, for: "alice").access
                // Keys are fetched at most once in ten seconds.
                try eventually("the new key works", within: .seconds(60)) {
                    try status("/invoke/hello", new, f2s) == 200
                }
                let answer = try f2s.exchange("GET", "/invoke/hello", fields(old))
                #expect(answer.status == 401, "\(answer.text)")
            }
        }
    }

    @Test func `while the provider is down, known tokens work, and new ones get 503`() async throws {
        let provider = try OpenIDProvider()
        defer { provider.remove() }
        try await F2SServer.serve(try functions(), settings: Self.settings(provider)) { f2s in
            let basic = [("Authorization", "Basic YW5uOmFubi1wYXNzd29yZA==")]
            try eventually("it serves") { try f2s.exchange("GET", "/functions", basic).status == 200 }
            try eventually("it is logged") { f2s.log.contains("The keys of the provider cannot be fetched") }
            try provider.start()
            try provider.provision()
            let alice = try provider.tokens(.rs256, for: "alice").access
            let bob = try provider.tokens(.es256, for: "bob").access
            try eventually("it heals", within: .seconds(60)) {
                let answer = try f2s.exchange("GET", "/invoke/hello", fields(alice))
                if answer.status == 503 { #expect(answer.text.contains(#""stage":"auth""#), "\(answer.text)") }
                return answer.status == 200
            }
            try eventually("the other issuer heals", within: .seconds(60)) {
                try status("/invoke/other", bob, f2s) == 200
            }
            try provider.rotate()
            let unknown = try provider.tokens(.rs256, for: "eve").access
            provider.stop()
            for _ in 0..<20 {
                #expect(try status("/invoke/hello", alice, f2s) == 200)
                #expect(try status("/invoke/other", bob, f2s) == 200)
            }
            try eventually("a token with a new key gets 503", within: .seconds(60)) {
                let answer = try f2s.exchange("GET", "/invoke/hello", fields(unknown))
                return answer.status == 503 && answer.text.contains(#""stage":"auth""#)
            }
            #expect(try status("/invoke/hello", alice, f2s) == 200)
        }
    }

    @Test func `a revoked token is refused once the provider's answer is old`() async throws {
        try await OpenIDProvider.run { provider in
            let introspection = "introspection: {client_id: svc, client_secret: svc-secret, cache_ttl: 200}"
            let settings = Self.settings(provider, introspection: introspection)
            try await F2SServer.serve(try functions(), settings: settings) { f2s in
                let (revoked, kept) = (
                    try provider.tokens(.rs256, for: "svc").access, try provider.tokens(.rs256, for: "svc").access
                )
                for token in [revoked, kept] {
                    try eventually("it serves") { try status("/invoke/hello", token, f2s) == 200 }
                }
                try provider.revoke(revoked, of: .rs256)
                try eventually("it is refused") {
                    let answer = try f2s.exchange("GET", "/invoke/hello", fields(revoked))
                    return answer.status == 401 && answer.text.contains("says that the token is not valid")
                }
                #expect(try status("/invoke/hello", kept, f2s) == 200)
                provider.stop()
                for _ in 0..<20 { #expect(try status("/invoke/hello", kept, f2s) == 200) }
                #expect(try status("/invoke/hello", revoked, f2s) != 200)
            }
        }
    }
}
