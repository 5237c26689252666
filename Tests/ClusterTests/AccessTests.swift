import ProcessSupport
import Testing

extension ClusterSerial {
    /// The callers of an installation with the authentication of the chart (must hold 7).
    @Suite struct Access {
        @Test func `all pods accept the same tokens and sessions, and a function calls another one as itself`() throws {
            let release = Release(f2s: try F2SInstallation.current, namespace: "f2s-access")
            defer { try? release.cleanUp() }
            let notes = try release.helm(
                "install", "--create-namespace", "--values=\(try Self.values(of: release))",
                image: ClusterEnvironment.image)
            #expect(notes.contains("f2s-initial-token"), "\(notes)")
            let token = try Self.checkInitialToken(release)
            try Self.checkSession(token, release)
            try Self.checkServiceAccounts(release)
            try Self.checkIdentity(release)
            try Self.checkTokens(token, release)
        }

        /// Writes the values of a release in which service accounts of the functions' namespace may invoke functions.
        /// - Returns: The path of the file.
        private static func values(of release: Release) throws -> String {
            let path = "\(release.f2s.folder)/access.json"
            // A list replaces the list of the chart, so it also contains the administrators.
            try Files.write(
                """
                {
                  "console": {"enabled": true},
                  "auth": {
                    "authorization": [
                      {
                        "group": "admins",
                        "privileges": [
                          "functions:list", "functions:invoke", "functions:create", "functions:update",
                          "functions:delete", "functions:logs", "functions:expose", "settings:view", "settings:update"
                        ]
                      },
                      {"group": "system:serviceaccounts:\(release.functions)", "privileges": ["functions:invoke"]}
                    ]
                  }
                }
                """, to: path)
            return path
        }

        // MARK: The first token

        /// Checks that the first token works at all pods, also after its Secret and the pod of the leader were deleted.
        /// - Returns: The token.
        private static func checkInitialToken(_ release: Release) throws -> String {
            let (f2s, namespace) = (release.f2s, release.namespace)
            let token = try f2s.api.initialToken(in: namespace)
            for pod in try f2s.waitUntilPodsAccept(token, in: namespace) {
                #expect(try user(at: pod, port: 8083, .bearer(token)) == "token:initial")
            }
            try f2s.kubectl("delete", "secret", "f2s-initial-token", "--namespace=\(namespace)")
            let gone = try f2s.leader(in: namespace)
            let begun = monotonicNanoseconds()
            try f2s.kubectl("delete", "pod", gone.name, "--namespace=\(namespace)", within: .seconds(150))
            let pods = try f2s.waitUntilPodsAccept(token, in: namespace)
            #expect(!pods.contains { $0.name == gone.name })
            for pod in pods {
                #expect(try user(at: pod, port: 8083, .bearer(token)) == "token:initial")
            }
            report(
                7, "without its Secret, the first token works at \(pods.count) pods, one of which replaced the leader",
                "in \((monotonicNanoseconds() - begun).milliseconds)")
            return token
        }

        /// Checks that F2S has issued no other token than this one.
        private static func checkTokens(_ token: String, _ release: Release) throws {
            let (api, namespace) = (release.f2s.api, release.namespace)
            let pods = try release.f2s.waitUntilComplete(in: namespace)
            #expect(try api.find(ClusterAPI.initialTokenSecret(in: namespace))?["data"]?["token"] == nil)
            // The text of a token is f2s_ID_SECRET.
            let id = String(try #require(token.split(separator: "_").dropFirst().first))
            for pod in pods {
                let tokens = try pod.exchange("GET", "/tokens", port: 8083, .bearer(token)).json
                let found = (tokens["items"]?.list ?? []).map { [$0["name"]?.text ?? "", $0["id"]?.text ?? ""] }
                #expect(found == [["initial", id]])
            }
            let stored = try api.get("/api/v1/namespaces/\(namespace)/secrets/f2s-tokens")
            let issued = stored["metadata"]?["annotations"]?["f2s.opensight.ch/initial-token"]?.text
            #expect(issued == id)
            report(7, "F2S has issued no other token; f2s-tokens names \(issued ?? "none") as the first one")
        }

        /// Returns the name of the caller as a pod recognizes it, or the response if it recognizes none.
        private static func user(at pod: Pod, port: Int, _ fields: [(String, String)]) throws -> String {
            let answer = try pod.exchange("GET", "/users/me", port: port, fields)
            return try answer.json["Username"]?.text ?? "\(answer.status) \(answer.text)"
        }

        // MARK: Sessions of the console

        /// Signs in to the console of one pod, and checks that the other pod accepts the session too.
        private static func checkSession(_ token: String, _ release: Release) throws {
            let pods = try release.f2s.waitUntilComplete(in: release.namespace)
            // The browser of a user who forwards the port of the console.
            let host = ("Host", "127.0.0.1:8090")
            let begun = try pods[0].exchange(
                "POST", "/session", port: 8090,
                [host, ("Origin", "http://127.0.0.1:8090"), ("Content-Type", "application/json")],
                body: Array(#"{"token": "\#(token)"}"#.utf8))
            try #require(begun.status == 200, "\(begun.text)")
            // The attributes follow the first semicolon.
            let cookie = String(try #require(begun["set-cookie"]).prefix { $0 != ";" })
            let proof = try #require(try begun.json["proof"]?.text)
            for pod in pods {
                let session = [host, ("Cookie", cookie)]
                #expect(try user(at: pod, port: 8090, session + [("X-F2S-Session", proof)]) == "token:initial")
                let unproved = try pod.exchange("GET", "/users/me", port: 8090, session)
                #expect(unproved.status == 401, "\(unproved.text)")
            }
            report(7, "a session that began at \(pods[0].name) works at \(pods.map(\.name)), and not without its proof")
        }

        // MARK: Service accounts

        /// Checks the tokens of service accounts: with privileges, for another audience, and without privileges.
        private static func checkServiceAccounts(_ release: Release) throws {
            let (kubectl, api) = (release.f2s.kubectl, release.f2s.api)
            try release.apply(ClusterFunction("called") { ($0.minReplicas, $0.access) = (1, "authenticated") })
            for namespace in [release.functions, release.namespace] {
                try kubectl("create", "serviceaccount", "program", "--namespace=\(namespace)")
            }
            let own = try api.token(of: "program", in: release.functions, for: "f2s")
            let other = try api.token(of: "program", in: release.functions, for: "other")
            let foreign = try api.token(of: "program", in: release.namespace, for: "f2s")
            for pod in try release.f2s.waitUntilComplete(in: release.namespace) {
                let begun = monotonicNanoseconds()
                let accepted = try invoke("called", at: pod, .bearer(own))
                let took = monotonicNanoseconds() - begun
                #expect(accepted.status == 200, "\(accepted.text)")
                // The second line is the caller as F2S names it to the function.
                let user = accepted.text.split(separator: "\n").last.map { String($0) }
                #expect(user == "system:serviceaccount:\(release.functions):program", "\(accepted.text)")

                let refused = try invoke("called", at: pod, .bearer(other))
                let problem = try refused.json
                #expect(refused.status == 401 && problem["stage"]?.text == "auth", "\(refused.text)")
                #expect(problem["detail"]?.text?.contains("audience") == true, "\(refused.text)")
                let forbidden = try invoke("called", at: pod, .bearer(foreign))
                #expect(forbidden.status == 403, "\(forbidden.text)")
                #expect(try forbidden.json["detail"]?.text?.contains("functions:invoke") == true, "\(forbidden.text)")
                let missing = try invoke("called", at: pod)
                #expect(missing.status == 401, "\(missing.text)")
                report(
                    7, "\(pod.name), tokens of service accounts: \(accepted.status) after \(took.milliseconds) for",
                    "\(user ?? "no user"); with another audience \(refused.status), without privileges",
                    "\(forbidden.status), without a token \(missing.status)")
            }
        }

        /// Checks that a function with an identity calls another function as itself, at all pods of F2S.
        private static func checkIdentity(_ release: Release) throws {
            let api = release.f2s.api
            let account = "/api/v1/namespaces/\(release.functions)/serviceaccounts/f2s-function-caller"
            try release.apply(ClusterFunction("caller") { ($0.minReplicas, $0.hasIdentity) = (1, true) })
            let token = try api.token(of: "program", in: release.functions, for: "f2s")
            for pod in try release.f2s.waitUntilComplete(in: release.namespace) {
                let target = "call?to=\(try #require(pod.address)):8080/invoke/called"
                // The first line ends with the status that the function got, and the last line is the caller as F2S
                // named it to the called function.
                let answer = try invoke("caller/\(target)", at: pod)
                let lines = answer.text.split(separator: "\n").map { String($0) }
                #expect(lines.first?.hasSuffix(" 200") == true, "\(answer.text)")
                let user = "system:serviceaccount:\(release.functions):f2s-function-caller"
                #expect(lines.last == user, "\(answer.text)")
                // A function without an identity has no token to call with.
                let without = try invoke("called/\(target)", at: pod, .bearer(token))
                #expect(without.status == 200 && without.text.hasSuffix(" 0\n"), "\(without.text)")
                report(7, "a function called another one at \(pod.name) as \(lines.last ?? "no user")")
            }
            #expect(try api.find(account) != nil)
            try release.apply(ClusterFunction("caller") { $0.minReplicas = 1 })
            try eventually("pods without the identity run", within: .seconds(90)) {
                pause(.milliseconds(100))
                let deployment = try api.get("/apis/apps/v1/namespaces/\(release.functions)/deployments/caller")
                let (spec, status) = (deployment["spec"]?["template"]?["spec"], deployment["status"])
                return spec?["serviceAccountName"]?.text == nil && status?["updatedReplicas"]?.number == 1
                    && status?["readyReplicas"]?.number == 1 && status?["replicas"]?.number == 1
            }
            try release.f2s.kubectl("delete", "f2sfn", "caller", "--namespace=\(release.namespace)")
            try eventually("the service account of the deleted function is deleted", within: .seconds(60)) {
                pause(.milliseconds(100))
                return try api.find(account) == nil
            }
        }

        /// Invokes a function at a pod of F2S. Repeats the request while the pod does not know the function yet.
        private static func invoke(
            _ target: String, at pod: Pod, _ fields: [(String, String)] = []
        ) throws -> HTTPAnswer {
            try eventually("\(pod.name) knows the function of \(target)", within: .seconds(60)) { () -> HTTPAnswer? in
                let answer = try pod.exchange("GET", "/invoke/\(target)", port: 8080, fields)
                return answer.status == 404 ? nil : answer
            }
        }
    }
}
