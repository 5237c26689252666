import ProcessSupport
import Testing

extension ClusterSerial {
    /// Must hold 5.
    @Suite(.enabled(if: ClusterEnvironment.isOurs, "only on a cluster of our own may the API server be stopped"))
    struct Outage {
        @Test func `a minute without an API server costs no request and no replica`() async throws {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove("lasting", "idle", "after") }
            try f2s.declare(
                ClusterFunction("lasting") {
                    $0.minReplicas = 2
                    $0.maxReplicas = 2
                },
                ClusterFunction("idle") {
                    $0.minReplicas = 1
                    $0.maxReplicas = 1
                })
            try f2s.wait(for: "lasting", ready: 2)
            try f2s.wait(for: "idle", ready: 1)
            try f2s.waitUntilComplete()
            let before = try Self.identities(f2s)

            let load = PacedLoad(on: try f2s.address, "/invoke/lasting", perSecond: 100)
            async let running = load.run()
            defer { load.stop() }
            try eventually("the load runs") { load.outcome.sent > 200 }
            load.note("there is no API server")
            try f2s.cluster("stop", "apiserver")
            let stopped = monotonicNanoseconds()
            pause(.seconds(60))
            let down = monotonicNanoseconds() - stopped
            load.note("the API server is back")
            try f2s.cluster("start", "apiserver")

            // Everything converges: what is declared now is served from zero, by a leader.
            let back = monotonicNanoseconds()
            let after = ClusterFunction("after").yaml
            try eventually("a function can be declared", within: .seconds(60)) {
                (try? f2s.kubectl.apply(after)) != nil
            }
            try eventually("a new function is served", within: .seconds(60)) {
                try f2s.invoke("/after").status == 200
            }
            let converged = monotonicNanoseconds() - back
            try f2s.waitUntilComplete()
            let now = try Self.identities(f2s)
            load.stop()
            let outcome = try await running
            report(
                5,
                "API server away for \(down.milliseconds): \(outcome.sent) requests, failed: \(outcome.summary);",
                "\(outcome.latencies); a new function is served \(converged.milliseconds) after it is back")
            #expect(outcome.failures.isEmpty)
            #expect(before == now, "the pods of functions are those of before")
        }

        /// Every pod of the functions that were there, by identity.
        private static func identities(_ f2s: F2SInstallation) throws -> Set<String> {
            Set(try (f2s.api.pods(of: "lasting") + f2s.api.pods(of: "idle")).map(\.uid))
        }
    }
}
