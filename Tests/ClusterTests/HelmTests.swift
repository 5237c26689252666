import ProcessSupport
import Testing

extension ClusterSerial {
    /// Must hold 1, by the chart itself and the real Helm, beside the installation of the other tests.
    @Suite struct Helm {
        private static let namespace = "f2s-helm"
        private static let functions = "f2s-helm-containers"

        @Test func `Helm installs, upgrades without a failed request, and leaves what is a user's`() async throws {
            let f2s = try F2SInstallation.current
            defer { try? Self.cleanUp(f2s) }
            try Self.helm(f2s, "install", "--create-namespace", image: ClusterEnvironment.image)
            let token = try #require(try Self.token(f2s), "the first pod fills the Secret")

            let manifest = ClusterFunction("helm").yaml
            try f2s.kubectl.apply(manifest.replacing("namespace: f2s}", with: "namespace: \(Self.namespace)}"))
            let address = try Self.address(f2s)
            let answer = try eventually("the first answer") { () -> HTTPAnswer? in
                let answer = try HTTPConnection(host: address.host, port: address.port, silence: .seconds(60))
                    .exchange("GET", "/invoke/helm")
                return answer.status == 404 ? nil : answer
            }
            #expect(answer.status == 200, "\(answer.text)")
            #expect(try f2s.api.find("/apis/apps/v1/namespaces/\(Self.functions)/deployments/helm") != nil)

            let load = PacedLoad(on: address, "/invoke/helm", perSecond: 50, atLeast: 500)
            async let running = load.run()
            let upgrade = Result {
                load.note("helm upgrade")
                try Self.helm(f2s, "upgrade", image: ClusterEnvironment.nextImage)
            }
            load.stop()
            let outcome = try await running
            try upgrade.get()
            report(1, "helm upgrade under \(outcome.sent) requests at 50/s; failed: \(outcome.summary)")
            #expect(outcome.failures.isEmpty)
            #expect(try Self.token(f2s) == token, "an upgrade leaves the token alone")

            try Self.helm(f2s, "uninstall", image: nil)
            #expect(try f2s.api.find("/apis/apps/v1/namespaces/\(Self.namespace)/deployments/f2s") == nil)
            #expect(try f2s.api.find("/api/v1/namespaces/\(Self.functions)") != nil)
            #expect(try f2s.api.find("\(Self.declarations)/helm") != nil)
        }

        private static let declarations = "/apis/f2s.opensight.ch/v1alpha1/namespaces/\(namespace)/functions"

        /// The definition of functions is there already, and not Helm's.
        private static func helm(_ f2s: F2SInstallation, _ verb: String, _ options: String..., image: String?) throws {
            var command = [
                "env", "KUBECONFIG=\(f2s.kubectl.kubeconfig)", "\(ClusterEnvironment.repository)/scripts/helm", verb,
                "--namespace=\(namespace)", "--wait=120",
            ]
            command += options
            if let image, let colon = image.lastIndex(of: ":") {
                let tag = image[image.index(after: colon)...]
                command += ["--set=image.repository=\(image[..<colon])", "--set=image.tag=\"\(tag)\""]
                command += ["--set=functionsNamespace.name=\(functions)", "--set=crd.install=false"]
            }
            _ = try Kubectl.run(command, in: f2s.folder, within: .seconds(240))
        }

        private static func token(_ f2s: F2SInstallation) throws -> String? {
            try f2s.api.get("/api/v1/namespaces/\(namespace)/secrets/f2s-internal")["data"]?["token"]?.text
        }

        private static func address(_ f2s: F2SInstallation) throws -> (host: String, port: Int) {
            let spec = try f2s.api.get("/api/v1/namespaces/\(namespace)/services/f2s")["spec"]
            return (try #require(spec?["clusterIP"]?.text), 8080)
        }

        private static func cleanUp(_ f2s: F2SInstallation) throws {
            try f2s.kubectl(
                "delete", "namespace", namespace, functions, "--ignore-not-found", "--timeout=120s",
                within: .seconds(130))
        }
    }
}
