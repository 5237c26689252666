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
            let token = try #require(try release.internalToken(), "the first pod fills the Secret")
            let initial = try release.f2s.api.initialToken(in: release.namespace)
            try release.declare("helm")
            try await release.upgradeUnderLoad("helm", "helm upgrade") {
                try release.helm("upgrade", image: ClusterEnvironment.nextImage)
            }
            #expect(try release.internalToken() == token, "an upgrade keeps the token")
            #expect(try release.f2s.api.initialToken(in: release.namespace) == initial)

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
