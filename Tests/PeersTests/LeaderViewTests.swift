import F2SMetrics
import F2SModel
import FoundationEssentials
import Logging
import TestSupport
import Testing

@testable import F2SPeers

/// The answers of a process that does not lead: the same as those of the leader.
@Suite struct LeaderViewTests {
    private struct Bench: Sendable {
        let memory = InMemoryPlatform()
        let peers = StubPeers([StubPeers.peer("a"), StubPeers.peer("b")])
        let clock = ManualClock()
        let controller = StubController()
        let link: PeerLink
        let coordinator: DrainCoordinator
        let inspector: LeaderInspector
        let id = Function.ID("hello")

        init(isLeader: Bool = false) {
            let platform = Platform(
                name: "memory", functions: memory.functions, replicas: memory.replicas,
                election: StubElection(isLeader), peers: peers, events: memory.events)
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let metrics = MetricRegistry()
            let dataPlane = StubDataPlane()
            link = PeerLink(
                platform: platform, dataPlane: dataPlane, metrics: metrics, logger: logger, clock: clock)
            coordinator = DrainCoordinator(
                platform: platform, dataPlane: dataPlane, controller: controller, link: link, metrics: metrics,
                logger: logger, clock: clock)
            inspector = LeaderInspector(own: controller, election: platform.election, link: link)
        }

        func run(_ body: @Sendable @escaping (Bench) async throws -> Void) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await link.run() }
                try await body(self)
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }

    private let explanation = ScaleExplanation(
        function: "hello", desired: 2, replicas: 2, ready: 1, reason: "Load", message: "Two are wanted.",
        stableConcurrency: 1.5, panicConcurrency: 2, isPanicking: false, time: 7,
        changes: [ScaleChange(time: 6, from: 1, to: 2, reason: "Load", message: "Two are wanted.")])

    private func report(from peer: String, isLeader: Bool? = nil, newestEvent: UInt64? = nil) -> PeerReport {
        var report = PeerReport(peer: peer, sequence: 1, load: LoadReport(), holds: [])
        report.isLeader = isLeader
        report.newestEvent = newestEvent
        return report
    }

    @Test func `the leader's decisions are returned, whichever process is asked`() async throws {
        let bench = Bench()
        let view = LeaderView(isLeader: true, explanations: [bench.id: explanation])
        bench.peers.answer(.leader, with: Array(try JSONEncoder().encode(view)))
        bench.link.receive(report(from: "b", isLeader: true))
        #expect(await bench.inspector.fetchExplanations(of: bench.id) == [bench.id: explanation])
        #expect(bench.peers.asked == ["b /leader"], "the one that leads is asked first")
    }

    @Test func `a leader asks no other process, and sends its decisions to those that ask`() async {
        let bench = Bench(isLeader: true)
        bench.controller.set([bench.id: explanation])
        #expect(await bench.inspector.fetchExplanations(of: bench.id) == [bench.id: explanation])
        #expect(bench.peers.asked.isEmpty)
        let view = await bench.coordinator.leaderView(of: bench.id)
        #expect(view == LeaderView(isLeader: true, explanations: [bench.id: explanation]))
        #expect(await bench.coordinator.leaderView(of: Function.ID("other")).explanations.isEmpty)
    }

    @Test func `without a leader a process returns its own decisions, and sends none to others`() async throws {
        let bench = Bench()
        bench.controller.set([bench.id: explanation])
        bench.peers.answer(
            .leader, with: Array(try JSONEncoder().encode(LeaderView(isLeader: false, explanations: [:]))))
        #expect(await bench.inspector.fetchExplanations(of: nil) == [bench.id: explanation])
        #expect(bench.peers.asked == ["a /leader", "b /leader"])
        #expect(await bench.coordinator.leaderView(of: nil) == LeaderView(isLeader: false, explanations: [:]))
    }

    @Test func `an event of another process is fetched and keeps its number`() async throws {
        try await Bench().run { bench in
            let event = Event(sequence: 42, time: 1, function: "hello", reason: "Scaled", message: "From 0 to 1.")
            bench.peers.answer(.events, with: Array(try JSONEncoder().encode([event])))
            try await eventually("the peers are known") { bench.peers.asked.contains("a /load") }
            bench.link.receive(report(from: "a", newestEvent: 42))
            try await eventually("it is known here") { bench.memory.events.all == [event] }
            // A known event is not fetched again.
            let asked = bench.peers.asked.count { $0.hasSuffix("/events") }
            bench.link.receive(report(from: "b", newestEvent: 42))
            for _ in 0..<50 { await Task.yield() }
            #expect(bench.peers.asked.count { $0.hasSuffix("/events") } == asked)
        }
    }
}
