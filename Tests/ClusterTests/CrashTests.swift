import ProcessSupport
import Testing

extension ClusterSerial {
    /// A crash of the serving process, whose pod stays.
    @Suite(.enabled(if: ClusterEnvironment.isOurs, "processes may be killed in the project's own cluster only"))
    struct Crash {
        @Test func `kill -9 of the leader's process under load fails at most 20 of 6,000 requests`() async throws {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove("steady") }
            try f2s.declare(
                ClusterFunction("steady") {
                    $0.minReplicas = 2
                    $0.maxReplicas = 2
                })
            try f2s.wait(for: "steady", ready: 2)
            try f2s.waitUntilComplete()
            let leader = try f2s.leader()

            let address = try f2s.address
            // A persistent connection fails one request of its client when the process dies. A new connection should
            // fail none.
            let kept = PacedLoad(on: address, "/invoke/steady", perSecond: 100, connections: 16, atLeast: 6000)
            let fresh = PacedLoad(
                on: address, "/invoke/steady", perSecond: 100, connections: 16, atLeast: 6000, keepsConnections: false)
            async let keeping = kept.run()
            async let renewing = fresh.run()
            defer {
                kept.stop()
                fresh.stop()
            }
            try eventually("both loads run") { kept.outcome.sent > 500 && fresh.outcome.sent > 500 }
            kept.note("the leader's process is dead")
            fresh.note("the leader's process is dead")
            try f2s.cluster("crash", "f2s", leader.name)
            kept.stop()
            fresh.stop()
            let (withKept, withFresh) = try await (keeping, renewing)
            for (name, outcome) in [("kept connections", withKept), ("a connection per request", withFresh)] {
                report(
                    4, "the process of the leader \(leader.name) killed at 100 requests a second, \(name):",
                    "\(outcome.sent) sent, \(outcome.failures.count) failed: \(outcome.summary); \(outcome.latencies)")
                #expect(outcome.sent >= 6000)
                #expect(outcome.failures.count <= 20)
            }
            try f2s.waitUntilComplete()
        }
    }
}
