import ProcessSupport
import Testing

extension ClusterSerial {
    /// An installation with the chart and the real Helm, beside the installation of the other tests (must hold 1).
    @Suite struct Helm {
        @Test func `Helm installs, upgrades without a failed request, and keeps the user's objects when it uninstalls`()
            async throws
        {
            let release = Release(f2s: try F2SInstallation.current, namespace: "f2s-helm")
            defer { try? release.cleanUp() }
            try release.helm("install", "--create-namespace", image: ClusterEnvironment.image)
            let token = try #require(try release.token(), "the first pod fills the Secret")
            try release.declare("helm")
            try await release.upgradeUnderLoad("helm", "helm upgrade") {
                try release.helm("upgrade", image: ClusterEnvironment.nextImage)
            }
            #expect(try release.token() == token, "an upgrade keeps the token")

            try release.helm("uninstall", image: nil)
            let api = release.f2s.api
            #expect(try api.find("/apis/apps/v1/namespaces/\(release.namespace)/deployments/f2s") == nil)
            #expect(try api.find("/api/v1/namespaces/\(release.functions)") != nil)
            let declarations = "/apis/f2s.opensight.ch/v1alpha1/namespaces/\(release.namespace)/functions"
            #expect(try api.find("\(declarations)/helm") != nil)
        }

        @Test func `Helm takes over an installation by kubectl as the guide describes, without a failed request`()
            async throws
        {
            let release = Release(f2s: try F2SInstallation.current, namespace: "f2s-moved")
            let kubectl = release.f2s.kubectl
            defer { try? release.cleanUp() }
            let manifests = try release.helm(
                "template", "--kubernetes=1.20", "--set=namespace.create=true", image: ClusterEnvironment.image)
            let file = "\(release.f2s.folder)/moved.yaml"
            try Files.write(manifests, to: file)
            // The first pod may fail because the service account does not exist yet. The Deployment then tries again.
            try kubectl("apply", "--filename=\(file)")
            try kubectl(
                "rollout", "status", "--namespace=\(release.namespace)", "deployment/f2s", "--timeout=120s",
                within: .seconds(130))
            try release.declare("moved")
            try await release.upgradeUnderLoad("moved", "from kubectl to Helm") {
                try kubectl("label", "--overwrite", "--filename=\(file)", "app.kubernetes.io/managed-by=Helm")
                try kubectl(
                    "annotate", "--overwrite", "--filename=\(file)", "meta.helm.sh/release-name=f2s",
                    "meta.helm.sh/release-namespace=\(release.namespace)")
                try release.helm("install", image: ClusterEnvironment.nextImage)
            }
        }
    }
}

/// The Helm release `f2s` in its own namespace.
private struct Release {
    let f2s: F2SInstallation
    let namespace: String

    var functions: String { namespace + "-containers" }

    /// Declares a function and waits for its first answer.
    func declare(_ name: String) throws {
        let manifest = ClusterFunction(name).yaml
        try f2s.kubectl.apply(manifest.replacing("namespace: f2s}", with: "namespace: \(namespace)}"))
        let address = try address
        let answer = try eventually("the first answer") { () -> HTTPAnswer? in
            let answer = try HTTPConnection(host: address.host, port: address.port, silence: .seconds(60))
                .exchange("GET", "/invoke/\(name)")
            return answer.status == 404 ? nil : answer
        }
        #expect(answer.status == 200, "\(answer.text)")
        #expect(try f2s.api.find("/apis/apps/v1/namespaces/\(functions)/deployments/\(name)") != nil)
    }

    /// Runs `body` while a function is called, and expects that no request fails.
    func upgradeUnderLoad(_ function: String, _ what: String, _ body: () throws -> Void) async throws {
        let load = PacedLoad(on: try address, "/invoke/\(function)", perSecond: 50, atLeast: 500)
        async let running = load.run()
        let upgrade = Result {
            load.note(what)
            try body()
        }
        load.stop()
        let outcome = try await running
        try upgrade.get()
        report(1, "\(what) under \(outcome.sent) requests at 50/s; failed: \(outcome.summary)")
        #expect(outcome.failures.isEmpty)
    }

    /// Runs Helm without the definition of functions, which exists already and does not belong to Helm.
    @discardableResult
    func helm(_ verb: String, _ options: String..., image: String?) throws -> String {
        var command = [
            "env", "KUBECONFIG=\(f2s.kubectl.kubeconfig)", "\(ClusterEnvironment.repository)/scripts/helm", verb,
            "--namespace=\(namespace)",
        ]
        if verb != "template" { command.append("--wait=120") }
        command += options
        if let image, let colon = image.lastIndex(of: ":") {
            let tag = image[image.index(after: colon)...]
            command += ["--set=image.repository=\(image[..<colon])", "--set=image.tag=\"\(tag)\""]
            command += ["--set=functionsNamespace.name=\(functions)", "--set=crd.install=false"]
        }
        return try Kubectl.run(command, in: f2s.folder, within: .seconds(240))
    }

    func token() throws -> String? {
        try f2s.api.get("/api/v1/namespaces/\(namespace)/secrets/f2s-internal")["data"]?["token"]?.text
    }

    private var address: (host: String, port: Int) {
        get throws {
            let spec = try f2s.api.get("/api/v1/namespaces/\(namespace)/services/f2s")["spec"]
            return (try #require(spec?["clusterIP"]?.text), 8080)
        }
    }

    func cleanUp() throws {
        try f2s.kubectl("delete", "namespace", namespace, functions, "--ignore-not-found", "--wait=false")
    }
}
