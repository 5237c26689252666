import ProcessSupport
import Testing

extension ClusterSerial {
    /// A restart of the node's kubelet, as during an update of the node. The pods continue to run.
    @Suite(
        .enabled(
            if: ClusterEnvironment.isOurs && ClusterEnvironment.isSoak,
            "needs F2S_SOAK, and the project's own cluster, because it stops the kubelet"))
    struct KubeletRestart {
        private static let leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"

        @Test func `a restart of the kubelet under load fails at most 20 of 6,000 requests`() async throws {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove("steady") }
            try f2s.declare(ClusterFunction("steady") { ($0.minReplicas, $0.maxReplicas) = (2, 2) })
            try f2s.wait(for: "steady", ready: 2)
            let before = Set(try f2s.waitUntilComplete().map(\.uid))

            let load = PacedLoad(
                on: try f2s.address, "/invoke/steady", perSecond: 100, connections: 16, atLeast: 6000)
            async let running = load.run()
            defer { load.stop() }
            try eventually("the load runs") { load.outcome.sent > 500 }
            load.note("the kubelet is restarted")
            let stopped = monotonicNanoseconds()
            // No error may be thrown in between, because all other tests need the kubelet.
            try f2s.cluster("stop", "kubelet")
            try f2s.cluster("start", "kubelet")
            // The old kubelet is dead, so the new one makes each renewal after this.
            let last = try Self.renewal(f2s)
            try eventually("the new kubelet renews its lease", within: .seconds(60)) {
                pause(.milliseconds(200))
                return try Self.renewal(f2s) != last
            }
            let took = monotonicNanoseconds() - stopped
            load.note("the new kubelet works")
            try f2s.wait(for: "steady", ready: 2)
            let pods = try f2s.waitUntilComplete()
            // The minimum number of requests is sent, which takes a minute.
            load.stop()
            let outcome = try await running
            report(
                7, "the kubelet restarted at 100 requests a second (working after \(took.milliseconds)):",
                "\(outcome.sent) sent, \(outcome.failures.count) failed: \(outcome.summary); \(outcome.latencies);",
                "restarts of F2S's containers: \(pods.map(\.restarts))")
            #expect(outcome.sent >= 6000)
            #expect(outcome.failures.count <= 20)
            #expect(Set(pods.map(\.uid)) == before, "the pods of F2S are the same as before")
        }

        /// Returns the time at which the kubelet renewed its lease last.
        private static func renewal(_ f2s: F2SInstallation) throws -> String {
            let lease = try #require(try f2s.api.list(leases).first)
            return try #require(lease["spec"]?["renewTime"]?.text)
        }
    }
}
