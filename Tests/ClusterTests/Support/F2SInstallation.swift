import ProcessSupport
import Testing

/// F2S as it is installed on the cluster from the plain manifests, and what tests ask of it. All tests of a run share
/// one.
struct F2SInstallation: Sendable {
    let kubectl: Kubectl
    let api: ClusterAPI
    /// Where files may be made; it goes when the tests are done.
    let folder: String

    @TaskLocal private static var opened: F2SInstallation?

    /// The installation of the suite that runs.
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
            try await $opened.withValue(installation) { try await body() }
        }
    }

    /// Applies the plain manifests with an image of the tests, and waits until as many pods as they want serve.
    func install(_ image: String) throws {
        // Before Kubernetes 1.25 definitions have no rules, and so there is a file of its own.
        let minor = try api.get("/version")["minor"]?.text.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
        let file = minor >= 25 ? "f2s.yaml" : "f2s-1.20.yaml"
        try kubectl.apply(try Self.manifests(file, with: image))
        try kubectl(
            "rollout", "status", "--namespace=f2s", "deployment/f2s", "--timeout=120s", within: .seconds(130))
    }

    /// A file of `deploy/manifests` with an image of the tests in the place of its own.
    static func manifests(_ file: String, with image: String) throws -> String {
        let text = try Files.read(ClusterEnvironment.repository + "/deploy/manifests/" + file)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            let indent = line.prefix { $0 == " " }
            return line.dropFirst(indent.count).hasPrefix("image: ") ? "\(indent)image: \(image)" : String(line)
        }
        return lines.joined(separator: "\n")
    }

    /// Where the Service of F2S is: names do not resolve everywhere, addresses of Services work on every node.
    var address: (host: String, port: Int) {
        get throws {
            let spec = try api.get("/api/v1/namespaces/f2s/services/f2s")["spec"]
            let host = try #require(spec?["clusterIP"]?.text)
            return (host, spec?["ports"]?.list.first?["port"]?.number ?? 8080)
        }
    }

    /// Where the Service is at which functions are managed.
    var managementAddress: (host: String, port: Int) {
        get throws {
            let spec = try api.get("/api/v1/namespaces/f2s/services/f2s-api")["spec"]
            return (try #require(spec?["clusterIP"]?.text), spec?["ports"]?.list.first?["port"]?.number ?? 8080)
        }
    }

    /// The pod that leads, by the Lease.
    func leader() throws -> Pod {
        let holder = try api.get(ClusterAPI.lease)["spec"]?["holderIdentity"]?.text ?? ""
        let pods = try api.ownPods()
        return try #require(
            pods.first { !$0.name.isEmpty && (holder.contains($0.name) || holder == $0.uid) },
            "the Lease is held by '\(holder)', which is none of \(pods.map(\.name))")
    }

    /// Waits until as many pods of F2S serve as there should be, and none is ending.
    @discardableResult
    func waitUntilComplete(within limit: Duration = .seconds(120)) throws -> [Pod] {
        try eventually("two pods of F2S serve", within: limit) { () -> [Pod]? in
            pause(.milliseconds(200))
            let pods = try api.ownPods()
            return pods.count == 2 && pods.allSatisfy { $0.isReady && !$0.isEnding } ? pods : nil
        }
    }

    /// One request by the Service, on a connection of its own.
    func invoke(_ target: String, _ method: String = "GET") throws -> HTTPAnswer {
        let (host, port) = try address
        return try HTTPConnection(host: host, port: port, silence: .seconds(60)).exchange(method, "/invoke" + target)
    }

    /// The sum of the series of this name whose labels include these, over one pod.
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

    /// Waits until so many pods of a function are ready, all of this image, and no other is left.
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

    /// Deletes functions and waits until nothing of them is left.
    func remove(_ names: String...) throws {
        _ = try kubectl.run(["delete", "functions.f2s.opensight.ch", "--namespace=f2s", "--ignore-not-found"] + names)
        for name in names {
            try eventually("nothing of \(name) is left", within: .seconds(90)) {
                pause(.milliseconds(100))
                return try api.find("\(ClusterAPI.deployments)/\(name)") == nil
                    && (try api.find("\(ClusterAPI.services)/\(name)")) == nil && (try api.pods(of: name).isEmpty)
            }
        }
    }

    /// Runs a verb of `scripts/cluster`.
    func cluster(_ arguments: String..., within limit: Duration = .seconds(90)) throws {
        let script = try #require(ClusterEnvironment.script, "only on a cluster of our own")
        _ = try Kubectl.run([script] + arguments, in: folder, within: limit)
    }
}

/// Opens the installation once for a suite, and runs what is in the suite on threads that may block.
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
