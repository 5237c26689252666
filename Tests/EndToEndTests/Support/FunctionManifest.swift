import F2SModel

/// A manifest that a test writes.
struct FunctionManifest: Sendable {
    var name: String
    /// The public path; `nil`: a slash and the name.
    var endpoint: String?
    var method: String?
    /// `spec.access`.
    var access: String?
    var command: [String]
    var minReplicas = 0
    var maxReplicas = 5
    var concurrency: Int?
    var timeout: String?
    var idle = "1s"
    /// `target.watch`.
    var watch = false
    /// `target.endpoint`.
    var path: String?
    var environment: [String: String] = [:]
    var drainTimeout: String?
    /// `readinessProbe.path`.
    var probePath: String?
    /// `limits.inFlight`.
    var inFlight: Int?

    /// Creates a function that runs `command`.
    init(_ name: String, command: [String]) {
        self.name = name
        self.command = command
    }

    /// Creates a function that runs the compiled program in the given mode.
    init(_ name: String, mode: [String] = []) throws {
        self.init(name, command: [try Workshop.current.function] + mode)
    }

    /// Returns a copy with changes.
    func with(_ change: (inout FunctionManifest) -> Void) -> FunctionManifest {
        var copy = self
        change(&copy)
        return copy
    }

    var yaml: String {
        var lines = [
            "apiVersion: f2s.opensight.ch/v1alpha1", "kind: Function", "metadata: {name: \(name)}", "spec:",
            "  endpoint: \(endpoint ?? "/\(name)")",
        ]
        if let method { lines.append("  method: \(method)") }
        if let access { lines.append("  access: \(access)") }
        lines += ["target:", "  command: [\(command.map(\.jsonText).joined(separator: ", "))]"]
        lines += ["  minReplicas: \(minReplicas)", "  maxReplicas: \(maxReplicas)", "  scaling: {idle: \(idle)}"]
        if let concurrency { lines.append("  concurrency: \(concurrency)") }
        if let timeout { lines.append("  timeout: \(timeout)") }
        if watch { lines.append("  watch: true") }
        if let path { lines.append("  endpoint: \(path)") }
        if let drainTimeout { lines.append("  drainTimeout: \(drainTimeout)") }
        if let probePath { lines.append("  readinessProbe: {path: \(probePath)}") }
        if let inFlight { lines.append("  limits: {inFlight: \(inFlight)}") }
        if !environment.isEmpty {
            lines.append("  env:")
            for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
                lines.append("    \(name): \(value.jsonText)")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
