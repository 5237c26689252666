/// A function of the tests, which can be written as a manifest.
struct ClusterFunction: Sendable {
    var name: String
    var image = ClusterEnvironment.functionImage
    var minReplicas = 0
    var maxReplicas = 5
    var concurrency: Int?
    var idle = "60s"
    /// Memory limit, a quantity of bytes; `nil` for no limit.
    var memory: String?
    /// Path of the readiness probe; `nil` for no probe.
    var probe: String?
    var environment: [String: String] = [:]
    /// The ConfigMap whose keys become environment variables; `nil` for none.
    var configMap: String?
    /// The callers that may invoke the function (`spec.access`). By default every caller may, because the loads and
    /// most tests send no credentials, and F2S authenticates the callers of other functions.
    var access = "public"
    /// True if the function has a service account of its own (`target.identity`).
    var hasIdentity = false

    init(_ name: String, _ change: (inout ClusterFunction) -> Void = { _ in }) {
        self.name = name
        change(&self)
    }

    var yaml: String {
        var lines = [
            "apiVersion: f2s.opensight.ch/v1alpha1", "kind: Function",
            "metadata: {name: \(name), namespace: f2s}", "spec: {endpoint: /\(name), access: \(access)}",
            "target:", "  containerImage: \(image)", "  endpoint: /", "  port: 8080",
            "  minReplicas: \(minReplicas)", "  maxReplicas: \(maxReplicas)", "  scaling: {idle: \(idle)}",
        ]
        if let concurrency { lines.append("  concurrency: \(concurrency)") }
        if let probe { lines.append("  readinessProbe: {path: \(probe)}") }
        if hasIdentity { lines.append("  identity: true") }
        if let memory { lines.append("  resources: {memory: \(memory)}") }
        if let configMap { lines.append("  envFrom: [{configMap: \(configMap)}]") }
        if !environment.isEmpty {
            lines.append("  env:")
            for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
                lines.append("    \(name): \"\(value)\"")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
