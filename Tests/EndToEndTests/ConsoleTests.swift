import FoundationEssentials
import ProcessSupport
import Testing

/// The console in a real browser, Debian's Chromium (Browser/browser.py). The tests measure nothing, so they run beside
/// those of ``EndToEndSerial``.
@Suite(.serialized, .workshop) struct ConsoleTests {
    private static let settings = """
        f2s:
          auth:
            types: [basic]
            basic: [{username: ann, password: ann-pw, group: admins}]
            authorization:
              - group: admins
                privileges: ["functions:list", "functions:invoke", "functions:create", "functions:delete",
                             "functions:update", "functions:logs", "functions:expose", "settings:view"]
        """

    /// Checks a visit from the sign-in to the sign-out.
    private func expectSession(_ findings: JSONValue, caller: String, groups: String) {
        #expect(findings["caller"]?.text == "Account: \(caller)  Groups: \(groups)  Log out")
        #expect(findings["rows"]?.number == 2)
        #expect(findings["cookie"] == .list([.flag(true), .text("Strict"), .text("/")]), "only the server reads it")
        #expect(findings["scriptSeesCookie"] == .flag(false))
        #expect(findings["withoutProof"]?.number == 401)
        #expect(findings["otherTab"]?.text?.hasSuffix(caller) == true)
        #expect(findings["cookiesLeft"]?.number == 0)
        #expect(findings["afterSignOut"]?.number == 401, "the session has ended, not only its cookie")
        #expect(findings["errors"]?.list.isEmpty == true, "\(findings)")
    }

    private func functions() throws -> [FunctionManifest] { try ["hello", "other"].map { try FunctionManifest($0) } }

    @Test func `a user signs in with a password, sees the functions, and signs out`() async throws {
        let console = try freePort()
        try await F2SServer.serve(try functions(), settings: Self.settings, console: console) { _ in
            let findings = try BrowserScript.run("browser.py", ["password", "http://127.0.0.1:\(console)", "ann"])
            expectSession(findings, caller: "ann", groups: "admins")
        }
    }

    @Test func `a user signs in at the pages of an OpenID provider, and signs out there too`() async throws {
        let console = try freePort()
        let origin = "http://127.0.0.1:\(console)"
        try await OpenIDProvider.run(callback: origin + "/session/callback") { provider in
            let settings = """
                f2s:
                  auth:
                    types: [oidc]
                    oidc:
                      - issuer: \(provider.url(.rs256))
                        claims: {scope: invoke}
                        user_claim: name
                        groups_prefix: 'id:'
                        login:
                          client_id: console
                          client_secret: console-secret
                          scopes: [openid, groups, invoke]
                          title: Example
                    authorization:
                      - {group: 'id:admins', privileges: ["functions:list"]}
                """
            try await F2SServer.serve(try functions(), settings: settings, console: console) { f2s in
                let findings = try BrowserScript.run("browser.py", ["provider", origin, "alice"])
                expectSession(findings, caller: "alice", groups: "id:admins and id:developers")
                #expect(!f2s.log.contains("console-secret"))
            }
        }
    }

    @Test(arguments: [true, false])
    func `a beginner writes, invokes, breaks, repairs, watches and deletes a function`(hasUsers: Bool) async throws {
        let console = try freePort()
        let settings = hasUsers ? Self.settings : nil
        try await F2SServer.serve([], settings: settings, console: console) { f2s in
            let user = hasUsers ? ["--sign-in", "password", "--user", "ann"] : []
            let findings = try BrowserScript.run("story.py", ["http://127.0.0.1:\(console)"] + user)
            #expect(findings["first"]?.text?.contains("cold start") == true, "\(findings)")
            #expect(findings["why"]?.text?.contains("SyntaxError") == true)
            let wrongPort = findings["wrongPort"]?.text ?? ""
            #expect(wrongPort.contains("did not listen on $PORT") && wrongPort.contains("It listens on port"))
            #expect(findings["event"]?.text == "?name=Ada", "a saved event is there after a reload")
            #expect(findings["log"] == .flag(true) && findings["deleted"] == .flag(true))
            for problem in ["errors", "foreign", "violations"] {
                #expect(findings[problem]?.list.isEmpty == true, "\(findings)")
            }
            let clicks = findings["clicks"]?.number ?? .max
            report(2, "from the empty console to the answer of own code: \(clicks) clicks (bar 6)")
            #expect(clicks <= 6)
            #expect(Files.names(in: f2s.folder).filter { !$0.hasPrefix(".") }.isEmpty)
        }
    }

    @Test(arguments: [true, false]) func `a hostile function's page neither reads nor changes anything`(
        hasUsers: Bool
    ) async throws {
        let console = try freePort()
        let program = F2SBinary.repository + "/Tests/EndToEndTests/Browser/hostile.py"
        let hostile = FunctionManifest("hostile", command: ["python3", program]).with {
            $0.access = "public"
            $0.minReplicas = 1
        }
        let settings = hasUsers ? Self.settings : nil
        let functions = [hostile, try FunctionManifest("hello")]
        try await F2SServer.serve(functions, settings: settings, console: console) { f2s in
            try eventually("it serves") { try f2s.get("/invoke/hostile/").status == 200 }
            let findings = try BrowserScript.run(
                "browser.py", ["hostile", "http://127.0.0.1:\(console)", "http://127.0.0.1:\(f2s.port)"])
            guard case .object(let attacks)? = findings["attacks"] else {
                Issue.record("no attack was tried: \(findings)")
                return
            }
            #expect(attacks.count == 30, "\(attacks.keys.sorted())")
            for (name, result) in attacks {
                let text = result.text ?? ""
                // A page may send a request whose answer it cannot read, which must change nothing.
                let harmless = [
                    "failed: ", "opaque 0", "no answer", "basic 401", "basic 403", "basic 404", "basic 415", "sent",
                    "tried", "got: ", "registered for /invoke/",
                ]
                // A popup that was closed is empty.
                #expect(text == "read: " || harmless.contains { text.hasPrefix($0) }, "\(name): \(text)")
                #expect(!text.contains("hello") && !text.contains("f2s-"), "\(name): \(text)")
            }
            // Its worker sees the requests of its own pages only.
            let seen = findings["worker"]?.list.compactMap(\.text) ?? []
            #expect(!seen.contains { $0.contains("hello") || $0.contains("Function") }, "\(seen)")
            #expect(findings["same"] == .flag(true) && findings["sameSession"] == .flag(true), "\(findings)")
            #expect(try f2s.get("/invoke/evil").status == 404, "no function was declared")
            report(7, "attacks of a hostile page, all without effect:", "\(attacks.count)")
        }
    }
}
