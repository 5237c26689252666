import ProcessSupport
import Testing

extension ClusterSerial {
    /// Functions from source text, in the image of Python and without any image of F2S (must hold 1 of the console).
    @Suite struct ConsoleStory {
        /// Every privilege, as a list in JSON.
        private static let everything = """
            ["functions:list", "functions:invoke", "functions:create", "functions:update", "functions:delete",
             "functions:logs", "functions:expose", "settings:view", "settings:update"]
            """

        // MARK: The command line

        @Test func `a function of f2s new answers from zero, and its process has no rights`() throws {
            let release = Release(f2s: try F2SInstallation.current, namespace: "f2s-source")
            defer { try? release.cleanUp() }
            try release.helm(
                "install", "--create-namespace", "--values=\(try Self.values(of: release))",
                image: ClusterEnvironment.image)
            let token = try release.f2s.api.initialToken(in: release.namespace)
            try release.f2s.waitUntilPodsAccept(token, in: release.namespace)

            let manifest = "\(release.f2s.folder)/greeting.yaml"
            _ = try Self.f2s(["new", "python", "greeting", "--output=\(manifest)"], release)
            let applied = try Self.f2s(["apply", "--file=\(manifest)"], token: token, release)
            #expect(applied.contains("greeting"), "\(applied)")
            let begun = monotonicNanoseconds()
            let first = try Self.invoke("greeting?name=Ada", .bearer(token), release)
            let took = (monotonicNanoseconds() - begun).milliseconds
            #expect(first.status == 200 && first.text == "Hello, Ada!", "\(first.status) \(first.text)")
            let objects = FunctionObjects(of: "greeting", in: release)
            try Self.check(try objects.list(.pods))
            report(
                1, "f2s new, f2s apply, and an answer from zero in \(ClusterEnvironment.pythonImage) after \(took);",
                "Server-Timing \(first["server-timing"] ?? "none")")

            try Self.checkProcess(release)
            _ = try Self.f2s(["delete", "greeting"], token: token, release)
            try objects.waitUntilGone()
        }

        /// Checks the rights of the process of a function, as the process sees them.
        private static func checkProcess(_ release: Release) throws {
            try release.f2s.kubectl.apply(
                """
                apiVersion: f2s.opensight.ch/v1alpha1
                kind: Function
                metadata: {name: rights, namespace: \(release.namespace)}
                spec: {endpoint: /rights, access: public}
                target:
                  source:
                    runtime: python
                    files:
                      handler.py: |
                        import os

                        def handle(request):
                            status = dict(line.split(":", 1) for line in open("/proc/self/status"))
                            try:
                                open("/f2s/new", "w")
                                can_write = True
                            except OSError:
                                can_write = False
                            fields = {name: status[name].strip() for name in ["CapEff", "NoNewPrivs", "Seccomp"]}
                            return {"user": os.getuid(), "group": os.getgid(), "can_write": can_write, **fields}
                """)
            let answer = try invoke("rights", [], release)
            let rights = try answer.json
            #expect(answer.status == 200 && rights["user"]?.number == 65_534, "\(answer.text)")
            #expect(rights["group"]?.number == 65_534 && rights["can_write"] == .flag(false), "\(answer.text)")
            #expect(rights["NoNewPrivs"]?.text == "1", "\(answer.text)")
            #expect(rights["CapEff"]?.text?.allSatisfy { $0 == "0" } == true, "\(answer.text)")
            report(1, "the process of a function from source text: \(answer.text)")
        }

        /// Runs a command of f2s with the rights of a token, and returns its output.
        private static func f2s(_ arguments: [String], token: String? = nil, _ release: Release) throws -> String {
            let folder = release.f2s.folder
            guard let token else {
                return try Kubectl.run([ClusterEnvironment.binary] + arguments, in: folder, within: .seconds(30))
            }
            // The token is in a file, because the error of a failed command contains its arguments.
            let file = "\(folder)/\(release.namespace).token"
            try Files.write(token, to: file)
            let script = #"F2S_TOKEN=$(cat "$0"); export F2S_TOKEN; exec "$@""#
            let server = "--server=http://\(try release.address(of: "f2s-api")):8080"
            return try Kubectl.run(
                ["sh", "-c", script, file, ClusterEnvironment.binary] + arguments + [server], in: folder,
                within: .seconds(60))
        }

        /// Invokes a function through the Service. Repeats the request while the pod does not know the function yet.
        private static func invoke(
            _ target: String, _ fields: [(String, String)], _ release: Release
        ) throws -> HTTPAnswer {
            let host = try release.address(of: "f2s")
            return try eventually("F2S knows the function of \(target)", within: .seconds(60)) { () -> HTTPAnswer? in
                let answer = try HTTPConnection(host: host, port: 8080, silence: .seconds(90))
                    .exchange("GET", "/invoke/\(target)", fields)
                return answer.status == 404 ? nil : answer
            }
        }

        // MARK: The console

        @Test(.enabled(if: ClusterEnvironment.isOurs, "pods must reach a provider on this machine"))
        func `a beginner signs in at a provider, and writes, breaks, repairs and deletes a function in the console`()
            async throws
        {
            let release = Release(f2s: try F2SInstallation.current, namespace: "f2s-console")
            defer { try? release.cleanUp() }
            try release.helm(
                "install", "--create-namespace", "--values=\(try Self.values(of: release))",
                image: ClusterEnvironment.image)
            // The provider must know the address of the console, and the console the address of the provider.
            let (address, node) = (try release.address(of: "f2s"), try release.f2s.nodeAddress)
            let origin = "https://\(address):8090"
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let certificate = try TestCertificate(for: [address, node], in: folder.path)
            let provider = try OpenIDProvider(at: node, with: certificate)
            defer { provider.remove() }
            try provider.start()
            try provider.provision(callback: origin + "/session/callback")
            try Self.addSignIn(at: provider.url(.rs256), with: certificate, to: release)

            let objects = FunctionObjects(of: "hello", in: release)
            let recorder = PodRecorder(objects)
            async let recording: Void = recorder.run()
            defer { recorder.stop() }
            let findings = try BrowserScript.run(
                "story.py", [origin, "--sign-in", "provider", "--user", "alice", "--no-command"],
                within: .seconds(600))
            recorder.stop()
            try await recording
            Self.check(findings, provider: provider.origin)
            try Self.check(recorder.pods)
            try objects.waitUntilGone()
            let revisions = Set(recorder.pods.compactMap { $0["metadata"]?["labels"]?[Self.revision]?.text })
            #expect(revisions.count >= 4, "the first, the changed, the broken and the repaired one: \(revisions)")
            report(
                1, "the console's story on the cluster, signed in at \(provider.origin):",
                "\(findings["first"]?.text ?? "no answer"); \(findings["why"]?.text ?? "no reason");",
                "\(recorder.pods.count) pods of \(revisions.count) revisions in \(ClusterEnvironment.pythonImage);",
                "lines about alice in the audit log: \(try Self.auditLines(about: "alice", release))")
        }

        private static let revision = "f2s.opensight.ch/revision"

        /// Gives an installation a certificate for its console, and a provider at which users sign in.
        private static func addSignIn(
            at issuer: String, with certificate: TestCertificate, to release: Release
        ) throws {
            // The certificate is its own authority, under the name that cert-manager gives to an authority.
            try release.f2s.kubectl(
                "create", "secret", "generic", "f2s-tls", "--type=kubernetes.io/tls",
                "--from-file=tls.crt=\(certificate.file)", "--from-file=tls.key=\(certificate.keyFile)",
                "--from-file=ca.crt=\(certificate.file)", "--namespace=\(release.namespace)")
            let auth = """
                {
                  "types": ["token", "oidc"],
                  "oidc": [{
                    "issuer": "\(issuer)", "ca_file": "/etc/f2s-tls/ca.crt", "claims": {"scope": "invoke"},
                    "user_claim": "name", "groups_prefix": "id:",
                    "login": {"client_id": "console", "client_secret": "console-secret",
                              "scopes": ["openid", "groups", "invoke"], "title": "Example"}
                  }],
                  "authorization": [{"group": "admins", "privileges": \(everything)},
                                    {"group": "id:admins", "privileges": \(everything)}]
                }
                """
            let values = try values(of: release, secret: "f2s-tls", auth: auth)
            try release.helm("upgrade", "--values=\(values)", image: ClusterEnvironment.image)
            try release.f2s.waitUntilComplete(in: release.namespace)
        }

        /// Writes the values of a release with a console and an image for Python.
        /// - Parameters:
        ///   - secret: The Secret with the certificate of the console.
        ///   - auth: The value `auth`; `nil` for that of the chart.
        /// - Returns: The path of the file.
        private static func values(
            of release: Release, secret: String = "", auth: String? = nil
        ) throws -> String {
            let path = "\(release.f2s.folder)/\(release.namespace).json"
            let image = ClusterEnvironment.pythonImage
            try Files.write(
                """
                {
                  "console": {"enabled": true},
                  "tls": {"secretName": "\(secret)"},
                  \(auth.map { "\"auth\": \($0)," } ?? "")
                  "config": {"f2s": {
                    "runtimes": {"python": {"image": "\(image)"}}, "tls": {"listeners": ["console"]}
                  }}
                }
                """, to: path)
            return path
        }

        /// Checks the findings of the browser.
        private static func check(_ findings: JSONValue, provider: String) {
            #expect(findings["first"]?.text?.contains("cold start") == true, "\(findings)")
            let why = findings["why"]?.text ?? ""
            #expect(why.contains("SyntaxError") && why.contains("handler.py, line 3"), "\(findings)")
            #expect(findings["log"] == .flag(true) && findings["deleted"] == .flag(true), "\(findings)")
            #expect(findings["errors"]?.list.isEmpty == true, "\(findings)")
            let foreign = (findings["foreign"]?.list ?? []).compactMap(\.text).filter { !$0.hasPrefix(provider + "/") }
            #expect(foreign.isEmpty, "\(foreign)")
            #expect(findings["clicks"]?.number ?? .max <= 6, "\(findings)")
        }

        // MARK: Pods

        /// Checks that pods run only the image of Python, with the files of their revision and nothing else, and that
        /// the restricted Pod Security Standard admits them.
        private static func check(_ pods: [JSONValue]) throws {
            // An empty specification violates four rules, so the check can fail.
            let anything: JSONValue = .object(["containers": .list([.object([:])])])
            #expect(RestrictedProfile.violations(of: anything).count == 4)
            #expect(!pods.isEmpty)
            for pod in pods {
                let name = pod["metadata"]?["name"]?.text ?? ""
                let spec = try #require(pod["spec"])
                #expect(RestrictedProfile.violations(of: spec) == [], "\(name)")
                #expect(spec["initContainers"] == nil)
                let containers = spec["containers"]?.list ?? []
                #expect(containers.map { $0["image"]?.text } == [ClusterEnvironment.pythonImage], "\(name)")
                let mounts = containers.flatMap { $0["volumeMounts"]?.list ?? [] }
                #expect(mounts.map { $0["mountPath"]?.text } == ["/f2s"], "\(name)")
                #expect(mounts.allSatisfy { $0["readOnly"] == .flag(true) }, "\(name)")
                let volumes = spec["volumes"]?.list ?? []
                #expect(volumes.count == 1 && volumes[0]["configMap"] != nil, "\(name): \(volumes)")
            }
            // Each revision has a ConfigMap of its own.
            let maps = pods.map { $0["spec"]?["volumes"]?.list.first?["configMap"]?["name"]?.text }
            let revisions = pods.map { $0["metadata"]?["labels"]?[revision]?.text }
            #expect(Set(maps).count == Set(revisions).count, "\(maps) \(revisions)")
        }

        /// Returns the number of lines about a user in the audit log of each pod of F2S.
        private static func auditLines(about user: String, _ release: Release) throws -> String {
            try release.f2s.api.ownPods(in: release.namespace).map { pod in
                let log = try release.f2s.kubectl("logs", pod.name, "--namespace=\(release.namespace)")
                let lines = log.split(separator: "\n").filter {
                    $0.contains(#""logger":"audit""#) && $0.contains(#""user":"\#(user)""#)
                }
                return "\(lines.count) at \(pod.name)"
            }.joined(separator: ", ")
        }
    }
}
