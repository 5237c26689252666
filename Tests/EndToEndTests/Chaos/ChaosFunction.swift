/// A function of the chaos run.
struct ChaosFunction: Sendable {
    let manifest: FunctionManifest
    /// True if its replicas do not end by themselves, and are killed so rarely that each is replaced at once.
    var isCalm = true
    /// True if its requests may take longer than its timeout.
    var mayHang = false

    var name: String { manifest.name }

    /// Returns the manifest of the edit with this number.
    func edited(_ revision: Int) -> FunctionManifest {
        manifest.with { $0.environment["REVISION"] = "\(revision)" }
    }

    /// Returns all functions of the run. They log exceeded limits in the file `violations`.
    static func all(program: String, violations: String) -> [ChaosFunction] {
        func make(
            _ name: String, isCalm: Bool = true, mayHang: Bool = false, _ change: (inout FunctionManifest) -> Void
        ) -> ChaosFunction {
            let manifest = FunctionManifest(name, command: [program]).with {
                ($0.maxReplicas, $0.drainTimeout) = (3, "2s")
                change(&$0)
                $0.environment["VIOLATIONS"] = violations
                if let concurrency = $0.concurrency { $0.environment["CONCURRENCY"] = "\(concurrency)" }
            }
            return ChaosFunction(manifest: manifest, isCalm: isCalm, mayHang: mayHang)
        }
        return [
            make("open") { _ in }, make("wide") { $0.maxReplicas = 5 },
            make("single") { ($0.concurrency, $0.maxReplicas) = (1, 3) },
            make("alone") { ($0.concurrency, $0.maxReplicas) = (1, 1) },
            make("pair") { ($0.concurrency, $0.maxReplicas) = (2, 2) },
            make("bounded") {
                ($0.inFlight, $0.maxReplicas) = (3, 1)
                $0.environment["CONCURRENCY"] = "3"
            },
            make("probed") { ($0.probePath, $0.concurrency) = ("/ready", 4) },
            make("steady") { ($0.minReplicas, $0.concurrency) = (1, 4) },
            make("sluggish") { $0.environment["STARTS_AFTER"] = "300" },
            make("stubborn") { $0.environment["STUBBORN"] = "1" },
            make("mortal", isCalm: false) { $0.concurrency = 2 },
            make("frail", isCalm: false) { _ in },
            make("hanging", isCalm: false, mayHang: true) {
                ($0.concurrency, $0.timeout, $0.maxReplicas) = (1, "1s", 4)
            },
        ]
    }
}
