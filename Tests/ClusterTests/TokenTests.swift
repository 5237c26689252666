import ProcessSupport
import Testing

extension ClusterSerial {
    /// Changes of the token with which the pods of F2S authenticate to each other, while functions are called.
    @Suite struct Token {
        private static let path = "/api/v1/namespaces/f2s/secrets/f2s-internal"

        @Test func `the token can be replaced, emptied and deleted without a failed request`() async throws {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove("owned") }
            let pods = try f2s.waitUntilComplete()
            let refused = try pods.map { try Self.refused(by: $0, f2s) }
            try f2s.declare(
                ClusterFunction("owned") {
                    $0.minReplicas = 1
                    $0.concurrency = 4
                })
            try f2s.wait(for: "owned", ready: 1)
            // The connections go to both pods, and one of the pods forwards requests to the other.
            let load = PacedLoad(on: try f2s.address, "/invoke/owned", perSecond: 50, atLeast: 500)
            async let running = load.run()
            let steps = Result { try Self.change(f2s, load) }
            load.stop()
            let outcome = try await running
            try steps.get()
            report(
                5, "\(outcome.sent) requests while the token changes; failed: \(outcome.summary); \(outcome.latencies)")
            #expect(outcome.failures.isEmpty)
            // No request waited, because both pods apply a changed token within moments.
            #expect(outcome.times.max() ?? 0 < 10_000_000_000)
            // Other tests send requests without credentials, which count too.
            let refusedNow = try pods.map { try Self.refused(by: $0, f2s) }
            #expect(refusedNow == refused)
        }

        /// Returns the number of requests that a pod has refused because of their callers.
        private static func refused(by pod: Pod, _ f2s: F2SInstallation) throws -> Double {
            try f2s.metric("f2s_requests_refused_total", ["stage=\"auth\""], of: pod)
        }

        private static func change(_ f2s: F2SInstallation, _ load: PacedLoad) throws {
            pause(.seconds(2))
            load.note("replacing the token")
            try f2s.api.send(
                "PATCH", path, #"{"stringData": {"token": "0123456789abcdef0123456789abcdef"}}"#,
                type: "application/merge-patch+json")
            pause(.seconds(3))
            load.note("emptying the Secret")
            try f2s.api.send(
                "PATCH", path, #"[{"op": "remove", "path": "/data"}]"#, type: "application/json-patch+json")
            let made = try token(f2s, isNot: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
            pause(.seconds(3))
            load.note("deleting the Secret")
            try f2s.kubectl("delete", "secret", "f2s-internal", "--namespace=f2s")
            #expect(try token(f2s, isNot: "") == made)
            pause(.seconds(3))
        }

        /// Waits until the Secret contains another token, and returns it.
        private static func token(_ f2s: F2SInstallation, isNot old: String) throws -> String {
            try eventually("the Secret contains a token again", within: .seconds(60)) { () -> String? in
                pause(.milliseconds(100))
                let token = try f2s.api.find(path)?["data"]?["token"]?.text
                return token == old || token?.isEmpty != false ? nil : token
            }
        }
    }
}
