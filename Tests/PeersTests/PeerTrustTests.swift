import F2SMetrics
import F2SModel
import Logging
import TestSupport
import Testing

@testable import F2SPeers

/// Other F2S processes that reject the token of this one.
@Suite struct PeerTrustTests {
    @Test func `a peer that rejects the token is listed until it accepts a report or is gone`() async throws {
        let memory = InMemoryPlatform()
        let peers = StubPeers([StubPeers.peer("a"), StubPeers.peer("b"), StubPeers.peer("c")])
        let clock = ManualClock()
        let platform = Platform(
            name: "memory", functions: memory.functions, replicas: memory.replicas, election: StubElection(true),
            peers: peers, events: memory.events)
        let link = PeerLink(
            platform: platform, dataPlane: StubDataPlane(), metrics: MetricRegistry(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: clock)
        let refusing = Latest<Set<String>>(["a", "b"])
        peers.answer { _, _, peer in
            if refusing.current.contains(peer.id) { throw PeerError.refused(peer.id, status: 403) }
            // A peer that cannot be reached has not rejected the token.
            if peer.id == "c" { throw PeerError.unreachable("c", reason: "no route") }
        }
        func wait(for names: [String]) async throws {
            try await eventually("the distrusting peers are \(names)") {
                clock.advance(by: .seconds(1))
                return link.distrustingPeers == names
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await link.run() }
            try await wait(for: ["a", "b"])
            refusing.publish(["b"])
            try await wait(for: ["b"])
            peers.set([StubPeers.peer("a")])
            try await wait(for: [])
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}
