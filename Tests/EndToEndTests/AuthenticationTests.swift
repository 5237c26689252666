import FoundationEssentials
import ProcessSupport
import Testing

extension EndToEndSerial {
    /// The authentication of callers, with the real program and its commands.
    @Suite struct Authentication {
        /// `{"sub":"ci","group":"callers"}` with HS256 and the key of the settings.
        private static let token =
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJjaSIsImdyb3VwIjoiY2FsbGVycyJ9"
            + ".p3XMb1rXK34vQywlAY6aBpeybKi1gqZaX2CFXhiBCNM"
        /// `ann` with the password `correct horse`, and with another one.
        private static let ann = ["Authorization": "Basic YW5uOmNvcnJlY3QgaG9yc2U="]
        private static let wrong = ["Authorization": "Basic YW5uOndyb25nIGhvcnNl"]
        private static let ci = ["Authorization": "Bearer \(token)"]

        /// Returns settings with the user `ann`.
        private static func settings(password: String, loops: Int = 1) -> String {
            """
            f2s:
              loops: \(loops)
              auth:
                types: [basic, token]
                basic: [{username: ann, password: '\(password)', group: admins}]
                token: {jwt_secret: 0123456789abcdef0123456789abcdef}
                authorization:
                  - {group: admins, privileges: ["functions:list", "functions:invoke", "functions:create"]}
                  - {group: callers, privileges: ["functions:invoke@hel*"]}
            """
        }

        private func status(_ target: String, _ fields: [String: String], _ f2s: F2SServer) throws -> Int {
            try f2s.exchange("GET", target, fields.map { ($0.key, $0.value) }).status
        }

        @Test(arguments: [1, 2, 4]) func `users and tokens reach what their groups allow`(loops: Int) async throws {
            let hash = try Command(["token", "hash"], input: "correct horse\n")
            #expect(hash.status == 0 && hash.text.hasPrefix("$scrypt$"), "\(hash.errorText)")
            let functions = try ["hello", "other", "open"].map { name in
                try FunctionManifest(name).with { if name == "open" { $0.access = "public" } }
            }
            let settings = Self.settings(password: hash.text.filter { $0 != "\n" }, loops: loops)
            try await F2SServer.serve(functions, settings: settings) { f2s in
                try eventually("it serves") { try f2s.get("/invoke/open").status == 200 }
                let expected = [
                    ("/invoke/hello", [:], 401), ("/functions", [:], 401), ("/invoke/hello", Self.ann, 200),
                    ("/functions", Self.ann, 200), ("/config", Self.ann, 403), ("/invoke/hello", Self.ci, 200),
                    ("/invoke/other", Self.ci, 403), ("/functions", Self.ci, 403), ("/invoke/hello", Self.wrong, 401),
                    ("/invoke/open", Self.wrong, 200), ("/health", [:], 200), ("/auth/type", [:], 200),
                ]
                for round in 1...3 {
                    for (target, fields, wanted) in expected {
                        let found = try status(target, fields, f2s)
                        #expect(found == wanted, "\(target) with \(fields), round \(round)")
                    }
                }
                #expect(!f2s.log.contains("correct horse") && !f2s.log.contains(Self.token))
            }
        }

        @Test func `guesses are slowed, and a user who was right before is not kept out`() async throws {
            let function = try FunctionManifest("hello").with { $0.minReplicas = 1 }
            try await F2SServer.serve([function], settings: Self.settings(password: "correct horse")) { f2s in
                try eventually("it serves") { try status("/invoke/hello", Self.ann, f2s) == 200 }
                var counts: [Int: Int] = [:]
                for index in 0..<15 {
                    for target in ["/functions", "/invoke/hello"] {
                        let guess = Data("user-\(index)\(target):wrong".utf8).base64EncodedString()
                        let found = try status(target, ["Authorization": "Basic \(guess)"], f2s)
                        counts[found, default: 0] += 1
                    }
                }
                #expect(counts.keys.sorted() == [401, 429], "\(counts)")
                #expect(counts[401].map { (20...25).contains($0) } == true, "\(counts)")
                let answer = try f2s.exchange("GET", "/functions", [("Authorization", "Basic enp6Og==")])
                #expect(answer.status == 429 && answer["retry-after"] == "5", "\(answer.text)")
                #expect(answer["www-authenticate"] == nil)
                for target in ["/functions", "/invoke/hello"] { #expect(try status(target, Self.ann, f2s) == 200) }
            }
        }

        @Test func `commands take credentials from the environment`() async throws {
            try await F2SServer.serve([try FunctionManifest("hello")], settings: Self.settings(password: "x")) { f2s in
                try eventually("it serves") { try f2s.get("/health").status == 200 }
                let none = try Command(["list"], server: f2s)
                #expect(none.status == 1 && none.errorText.contains("Authorization"), "\(none.errorText)")
                let user = ["F2S_USER=ann", "F2S_PASSWORD=x"]
                let listed = try Command(["list"], environment: user, server: f2s)
                #expect(listed.status == 0 && listed.text.contains("hello"), "\(listed.errorText)")
                let invoked = try Command(["invoke", "hello"], environment: user, server: f2s)
                #expect(invoked.status == 0, "\(invoked.errorText)")
                let token = try Command(["list"], environment: ["F2S_TOKEN=\(Self.token)"], server: f2s)
                #expect(token.status == 1 && token.errorText.contains("functions:list"), "\(token.errorText)")
                let half = try Command(["list"], environment: ["F2S_USER=ann"], server: f2s)
                #expect(half.status == 1 && half.errorText.contains("F2S_PASSWORD"))
            }
        }

        /// Returns settings with API tokens in this file.
        private static func tokenSettings(_ types: String, _ file: String) -> String {
            """
            f2s:
              loops: 1
              auth:
                types: [\(types)]
                token: {store_file: \(file)}
                authorization:
                  - {group: callers, privileges: ["functions:invoke"]}
                  - group: admins
                    privileges: ["functions:invoke", "functions:update", "settings:view", "settings:update"]
            """
        }

        @Test func `API tokens are created, used, listed and revoked by commands`() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let file = folder.path + "/tokens.json"
            let function = try FunctionManifest("hello").with { $0.minReplicas = 1 }
            try await F2SServer.serve([function], settings: Self.tokenSettings("none", file)) { f2s in
                try eventually("it serves") { try f2s.get("/invoke/hello").status == 200 }
                let first = try Command(["token", "create", "--name", "admin", "--group", "admins"], server: f2s)
                #expect(first.status == 0 && first.errorText.contains("does not expire"), "\(first.errorText)")
                let admin = ["F2S_TOKEN=\(first.text.filter { $0 != "\n" })"]

                try f2s.replaceSettings(Self.tokenSettings("token", file))
                try eventually("callers are authenticated") { try f2s.get("/invoke/hello").status == 401 }
                let create = ["token", "create", "--name", "ci", "--group", "callers", "--ttl", "90d"]
                #expect(try Command(create, server: f2s).status == 1)
                let made = try Command(create, environment: admin, server: f2s)
                #expect(made.status == 0 && made.text.hasPrefix("f2s_"), "\(made.errorText)")
                #expect(made.text.split(separator: "\n").count == 1 && made.errorText.contains("expires at"))
                let token = made.text.filter { $0 != "\n" }
                let bearer = ["Authorization": "Bearer \(token)"]
                #expect(try status("/invoke/hello", bearer, f2s) == 200)
                #expect(try status("/tokens", bearer, f2s) == 403)

                let more = ["token", "create", "--name", "x", "--group", "admins"]
                let refused = try Command(more, environment: ["F2S_TOKEN=\(token)"], server: f2s)
                #expect(refused.status == 1 && refused.errorText.contains("settings:update"), "\(refused.errorText)")

                let list = try Command(["token", "list"], environment: admin, server: f2s)
                #expect(list.text.contains(" ci ") && list.text.contains(" admin "), "\(list.text)")
                let json = try Command(["token", "list", "-o", "json"], environment: admin, server: f2s)
                let stored = try Files.read(file)
                for text in [list.text, json.text, stored, f2s.log] {
                    #expect(!text.contains(token.suffix(64)))
                }

                let revoked = try Command(["token", "revoke", "ci"], environment: admin, server: f2s)
                #expect(revoked.status == 0 && revoked.text.hasSuffix(" revoked\n"), "\(revoked.errorText)")
                #expect(try status("/invoke/hello", bearer, f2s) == 401, "a revoked token is refused at once")
                let answer = try f2s.exchange("GET", "/invoke/hello", [("Authorization", "Bearer \(token)")])
                #expect(answer.text.contains("revoked"), "\(answer.text)")
                let unknown = try Command(["token", "revoke", "ci"], environment: admin, server: f2s)
                #expect(unknown.status == 1 && unknown.errorText.contains("No such token"), "\(unknown.errorText)")
            }
        }

        @Test func `an API token survives a restart, and is refused when it is removed from the file`() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let file = folder.path + "/tokens.json"
            let function = try FunctionManifest("hello").with { $0.minReplicas = 1 }
            let token = try await F2SServer.serve(
                [function], settings: Self.tokenSettings("none", file)
            ) { f2s -> String in
                let create = ["token", "create", "--name", "ci", "--group", "callers", "--ttl", "1h", "-o", "json"]
                try eventually("it serves") { try f2s.get("/health").status == 200 }
                let made = try Command(create, server: f2s)
                #expect(made.status == 0, "\(made.errorText)")
                // No other member contains this character.
                let rest = made.text.drop { $0 != "_" }
                return "f2s" + String(rest.prefix { $0 != "\"" })
            }
            try await F2SServer.serve([function], settings: Self.tokenSettings("token", file)) { f2s in
                let bearer = ["Authorization": "Bearer \(token)"]
                try eventually("the token is accepted") { try status("/invoke/hello", bearer, f2s) == 200 }
                try Files.replace(file, with: "{\"tokens\": []}")
                try eventually("the token is refused", within: .seconds(10)) {
                    try status("/invoke/hello", bearer, f2s) == 401
                }
            }
        }

        @Test func `settings without authentication do not open an address that other machines reach`() async throws {
            let function = try FunctionManifest("hello").with { $0.minReplicas = 1 }
            try await F2SServer.serve(
                [function], settings: Self.settings(password: "correct horse"), options: ["--management", "0.0.0.0:0"]
            ) { f2s in
                try eventually("it serves") { try status("/invoke/hello", Self.ann, f2s) == 200 }
                try f2s.replaceSettings("f2s: {auth: {types: [none]}}")
                try eventually("it is logged") { f2s.log.contains("The settings end the authentication") }
                #expect(try status("/invoke/hello", [:], f2s) == 401)
                #expect(try status("/invoke/hello", Self.ann, f2s) == 200)
            }
        }

        @Test func `a changed password applies at once, and the old one no longer`() async throws {
            let function = try FunctionManifest("hello").with { $0.minReplicas = 1 }
            try await F2SServer.serve([function], settings: Self.settings(password: "correct horse")) { f2s in
                try eventually("it serves") { try status("/invoke/hello", Self.ann, f2s) == 200 }
                #expect(try status("/invoke/hello", Self.wrong, f2s) == 401)
                try f2s.replaceSettings(Self.settings(password: "wrong horse"))
                try eventually("the new password is right") { try status("/invoke/hello", Self.wrong, f2s) == 200 }
                #expect(try status("/invoke/hello", Self.ann, f2s) == 401)
                try f2s.replaceSettings("f2s: {auth: {types: [none]}}")
                try eventually("there is no authentication") { try status("/invoke/hello", [:], f2s) == 200 }
            }
        }
    }
}
