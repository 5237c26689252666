import ProcessSupport
import Testing

/// The Helm release `f2s` in its own namespace.
struct Release: Sendable {
    let f2s: F2SInstallation
    let namespace: String

    /// The namespace of the functions.
    var functions: String { namespace + "-containers" }

    /// Returns the IP address of a Service.
    func address(of service: String) throws -> String {
        let spec = try f2s.api.get("/api/v1/namespaces/\(namespace)/services/\(service)")["spec"]
        return try #require(spec?["clusterIP"]?.text)
    }

    /// Declares a function.
    func apply(_ function: ClusterFunction) throws {
        try f2s.kubectl.apply(function.yaml.replacing("namespace: f2s}", with: "namespace: \(namespace)}"))
    }

    /// Declares a function that every caller may invoke, and waits for its first answer.
    func declare(_ name: String) throws {
        try apply(ClusterFunction(name))
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

    /// Returns the token with which the pods of F2S authenticate to each other, as the Secret contains it.
    func internalToken() throws -> String? {
        try f2s.api.get("/api/v1/namespaces/\(namespace)/secrets/f2s-internal")["data"]?["token"]?.text
    }

    /// Deletes the release and its functions, and does not wait for the end.
    func cleanUp() throws {
        try f2s.kubectl("delete", "namespace", namespace, functions, "--ignore-not-found", "--wait=false")
    }

    private var address: (host: String, port: Int) {
        get throws { (try address(of: "f2s"), 8080) }
    }
}
