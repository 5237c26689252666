import Glibc
import ProcessSupport
import Testing

extension ClusterSerial {
    /// The failover to another leader (must hold 4).
    @Suite(.enabled(if: ClusterEnvironment.isOurs, "processes may be killed in the project's own cluster only"))
    struct Failover {
        @Test func `after the leader is killed, the other pod continues to serve and scales within 5 s`() async throws {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove("warm", "frozen") }
            try f2s.declare(
                ClusterFunction("warm") {
                    $0.minReplicas = 2
                    $0.maxReplicas = 2
                }, ClusterFunction("frozen") { $0.maxReplicas = 1 })
            try f2s.wait(for: "warm", ready: 2)
            let pods = try f2s.waitUntilComplete()
            let leader = try f2s.leader()
            let other = try #require(pods.first { $0.uid != leader.uid })
            let host = try #require(other.address)

            let service = PacedLoad(on: try f2s.address, "/invoke/warm", perSecond: 100, connections: 16)
            let direct = PacedLoad(on: (host, 8080), "/invoke/warm", perSecond: 50, connections: 8)
            async let byService = service.run()
            async let byOther = direct.run()
            defer {
                service.stop()
                direct.stop()
            }
            try eventually("both loads run") { direct.outcome.sent > 100 && service.outcome.sent > 200 }

            let timeline = PodTimeline(f2s.api)
            async let watching: Void = timeline.run()
            defer { timeline.stop() }
            service.note("the leader is dead")
            direct.note("the leader is dead")
            let killed = monotonicNanoseconds()
            try f2s.cluster("kill", "f2s", leader.name)
            // The container would restart at once, and lead again under the name that is still in the lease.
            try f2s.api.send("DELETE", "\(ClusterAPI.ownPods)/\(leader.name)?gracePeriodSeconds=0")
            let answer = try HTTPConnection(host: host, port: 8080, silence: .seconds(60))
                .exchange("GET", "/invoke/frozen")
            let answered = monotonicNanoseconds() - killed
            #expect(answer.status == 200, "\(answer.text)")
            let pod = try #require(answer["x-pod"])
            let scaled = try #require(timeline[pod]).seen - killed
            let taken = try f2s.leader()
            #expect(taken.uid != leader.uid)
            try f2s.waitUntilComplete()
            timeline.stop()
            try await watching
            service.stop()
            direct.stop()
            let (throughService, throughOther) = try await (byService, byOther)
            report(
                4,
                "leader \(leader.name) killed, \(taken.name) leads; a cold function was scaled \(scaled.milliseconds)",
                "after that (at most 5 s), and answered after \(answered.milliseconds);",
                "by the other pod: \(throughOther.sent) requests, failed: \(throughOther.summary);",
                "by the Service, 16 connections: \(throughService.sent) requests, failed: \(throughService.summary)")
            #expect(throughOther.failures.isEmpty)
            // Each connection to the dead pod fails one request. So does a new connection that the Service still sends
            // there.
            #expect(throughService.failures.count <= 16 * 2)
            #expect(scaled <= 5_000_000_000 * Int64(timeout))
        }
    }
}
