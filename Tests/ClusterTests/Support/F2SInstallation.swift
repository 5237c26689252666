import ProcessSupport
import Testing

/// F2S as installed on the cluster from the plain manifests, with helpers for tests. All tests of a run share one
/// installation.
struct F2SInstallation: Sendable {
    let kubectl: Kubectl
    let api: ClusterAPI
    /// A temporary folder, which is removed when the tests end.
    let folder: String

    @TaskLocal private static var opened: F2SInstallation?

    /// The installation of the running suite.
    static var current: F2SInstallation {
        get throws { try #require(opened, "the suite needs the trait .f2sOnCluster") }
    }

    static func open(_ body: @Sendable () async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let kubeconfig = try #require(ClusterEnvironment.kubeconfig, "`make test-cluster` names a cluster")
        let kubectl = Kubectl(kubeconfig: kubeconfig, folder: folder.path)
        try await ClusterAPI.serve(kubeconfig: kubeconfig, in: folder.path) { api in
            let installation = F2SInstallation(kubectl: kubectl, api: api, folder: folder.path)
            try installation.install(ClusterEnvironment.image)
            try installation.waitUntilPodsAccept(try api.initialToken())
            try await $opened.withValue(installation) { try await body() }
        }
    }

    /// Applies the plain manifests with an image of the tests, and waits until the rollout is complete.
    func install(_ image: String) throws {
        // Kubernetes before 1.25 does not support the rules in the definition, and so needs another file.
        let minor = try api.get("/version")["minor"]?.text.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
        let file = minor >= 25 ? "f2s.yaml" : "f2s-1.20.yaml"
        try kubectl.apply(try Self.manifests(file, with: image))
        try kubectl(
            "rollout", "status", "--namespace=f2s", "deployment/f2s", "--timeout=120s", within: .seconds(130))
    }

    /// Returns a file of `deploy/manifests` with its image replaced by an image of the tests.
    static func manifests(_ file: String, with image: String) throws -> String {
        let text = try Files.read(ClusterEnvironment.repository + "/deploy/manifests/" + file)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            let indent = line.prefix { $0 == " " }
            return line.dropFirst(indent.count).hasPrefix("image: ") ? "\(indent)image: \(image)" : String(line)
        }
        return lines.joined(separator: "\n")
    }

    /// The address of F2S's Service. It is an IP address, which works on every node; names do not resolve everywhere.
    var address: (host: String, port: Int) {
        get throws {
            let spec = try api.get("/api/v1/namespaces/f2s/services/f2s")["spec"]
            let host = try #require(spec?["clusterIP"]?.text)
            return (host, spec?["ports"]?.list.first?["port"]?.number ?? 8080)
        }
    }

    /// The address of the Service of the management API.
    var managementAddress: (host: String, port: Int) {
        get throws {
            let spec = try api.get("/api/v1/namespaces/f2s/services/f2s-api")["spec"]
            return (try #require(spec?["clusterIP"]?.text), spec?["ports"]?.list.first?["port"]?.number ?? 8080)
        }
    }

    /// The address of a node. That of the project's own cluster is an address of this machine.
    var nodeAddress: String {
        get throws {
            let addresses = try api.list("/api/v1/nodes").first?["status"]?["addresses"]?.list ?? []
            return try #require(addresses.first { $0["type"]?.text == "InternalIP" }?["address"]?.text)
        }
    }

    /// The field with which a request to F2S has the rights of the administrator.
    var credentials: [(String, String)] {
        get throws { .bearer(try api.initialToken()) }
    }

    /// Returns the pod that holds the Lease.
    func leader(in namespace: String = "f2s") throws -> Pod {
        let lease = try api.get("/apis/coordination.k8s.io/v1/namespaces/\(namespace)/leases/f2s-leader")
        let holder = lease["spec"]?["holderIdentity"]?.text ?? ""
        let pods = try api.ownPods(in: namespace)
        return try #require(
            pods.first { !$0.name.isEmpty && (holder.contains($0.name) || holder == $0.uid) },
            "the Lease is held by '\(holder)', which is none of \(pods.map(\.name))")
    }

    /// Waits until two pods of F2S are ready, and none is being deleted.
    @discardableResult
    func waitUntilComplete(in namespace: String = "f2s", within limit: Duration = .seconds(120)) throws -> [Pod] {
        try eventually("two pods of F2S serve", within: limit) { () -> [Pod]? in
            pause(.milliseconds(200))
            let pods = try api.ownPods(in: namespace)
            return pods.count == 2 && pods.allSatisfy { $0.isReady && !$0.isEnding } ? pods : nil
        }
    }

    /// Waits until two pods of F2S are ready and accept an API token. Pods learn of new tokens by a watch.
    @discardableResult
    func waitUntilPodsAccept(_ token: String, in namespace: String = "f2s") throws -> [Pod] {
        let pods = try waitUntilComplete(in: namespace)
        for pod in pods {
            try eventually("\(pod.name) accepts the token") {
                pause(.milliseconds(100))
                return try pod.exchange("GET", "/users/me", port: 8083, .bearer(token)).status == 200
            }
        }
        return pods
    }

    /// Sends one request to the Service on a new connection.
    func invoke(_ target: String, _ fields: [(String, String)] = []) throws -> HTTPAnswer {
        let (host, port) = try address
        return try HTTPConnection(host: host, port: port, silence: .seconds(60))
            .exchange("GET", "/invoke" + target, fields)
    }

    /// Returns the sum of a pod's series with the name and labels.
    func metric(_ name: String, _ labels: [String] = [], of pod: Pod) throws -> Double {
        let host = try #require(pod.address)
        let text = try HTTPConnection(host: host, port: 8081).exchange("GET", "/metrics").text
        return MetricsText.sum(name, labels, in: text)
    }

    /// Declares functions and waits until each has its Deployment.
    func declare(_ functions: ClusterFunction...) throws { try declare(functions) }

    /// Declares functions and waits until each has its Deployment.
    func declare(_ functions: [ClusterFunction]) throws {
        try kubectl.apply(functions.map(\.yaml).joined(separator: "---\n"))
        for function in functions {
            try eventually("\(function.name) has its Deployment") {
                try api.find("\(ClusterAPI.deployments)/\(function.name)") != nil
            }
        }
    }

    /// Waits until a function has `count` ready pods, all with this image, and no other pod.
    func wait(for function: String, ready count: Int, image: String? = nil, within limit: Duration = .seconds(90))
        throws
    {
        try eventually("\(function) has \(count) ready pods and no other", within: limit) {
            pause(.milliseconds(100))
            let pods = try api.pods(of: function)
            return pods.count == count
                && pods.allSatisfy { $0.isReady && !$0.isEnding && (image == nil || $0.image == image) }
        }
    }

    /// Deletes functions and waits until their objects and pods are deleted.
    func remove(_ names: String...) throws {
        _ = try kubectl.run(["delete", "functions.f2s.opensight.ch", "--namespace=f2s", "--ignore-not-found"] + names)
        for name in names {
            try eventually("all objects of \(name) are deleted", within: .seconds(90)) {
                pause(.milliseconds(100))
                return try api.find("\(ClusterAPI.deployments)/\(name)") == nil
                    && (try api.find("\(ClusterAPI.services)/\(name)")) == nil && (try api.pods(of: name).isEmpty)
            }
        }
    }

    /// Runs a verb of `scripts/cluster`.
    func cluster(_ arguments: String..., within limit: Duration = .seconds(90)) throws {
        let script = try #require(ClusterEnvironment.script, "only on the project's own cluster")
        _ = try Kubectl.run([script] + arguments, in: folder, within: limit)
    }
}

/// Opens the installation once for a suite, and runs its tests on threads that may block.
struct F2SOnClusterTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(ThreadPerJob()) { try await F2SInstallation.open(function) }
    }
}

extension SuiteTrait where Self == F2SOnClusterTrait {
    static var f2sOnCluster: F2SOnClusterTrait { F2SOnClusterTrait() }
}
