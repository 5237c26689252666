import F2SMetrics
import F2SModel
import FoundationEssentials
import Logging
import TestSupport
import Testing

@testable import F2SOperator

/// The answers of a process that does not lead: the same as those of the leader.
@Suite struct LeaderViewTests {
    private struct Bench: Sendable {
        let memory: InMemoryPlatform
        let peers = StubPeers([StubPeers.peer("a"), StubPeers.peer("b")])
        let election: StubElection
        let clock = ManualClock()
        let link: PeerLink
        let controller: Operator
        let id = Function.ID("memory-hello")

        init(isLeader: Bool = false) throws {
            memory = InMemoryPlatform(functions: [try Samples.draft(min: 1)])
            election = StubElection(isLeader)
            let platform = Platform(
                name: "memory", functions: memory.functions, replicas: memory.replicas, election: election,
                peers: peers, events: memory.events)
            let logger = Logger(label: "test") { _ in CountingLog(lines: .init()) }
            let metrics = MetricRegistry()
            let dataPlane = StubDataPlane()
            link = PeerLink(
                platform: platform, dataPlane: dataPlane, metrics: metrics, logger: logger, clock: clock)
            controller = Operator(
                platform: platform, dataPlane: dataPlane, link: link, metrics: metrics, logger: logger, clock: clock)
        }

        func run(_ body: @Sendable @escaping (Bench) async throws -> Void) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await controller.run() }
                group.addTask { try await link.run() }
                try await body(self)
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }

    private let explanation = ScaleExplanation(
        function: "hello", desired: 2, replicas: 2, ready: 1, reason: "Load", message: "Two are wanted.",
        stableConcurrency: 1.5, panicConcurrency: 2, isPanicking: false, time: 7)

    private func report(from peer: String, isLeader: Bool? = nil, newestEvent: UInt64? = nil) -> PeerReport {
        var report = PeerReport(peer: peer, sequence: 1, load: LoadReport(), holds: [])
        report.isLeader = isLeader
        report.newestEvent = newestEvent
        return report
    }

    @Test func `the leader's decisions are returned, whichever process is asked`() async throws {
        let bench = try Bench()
        let view = LeaderView(isLeader: true, explanations: [bench.id: explanation])
        bench.peers.answer(.leader, with: Array(try JSONEncoder().encode(view)))
        bench.link.receive(report(from: "b", isLeader: true))
        #expect(await bench.controller.fetchExplanations(of: bench.id) == [bench.id: explanation])
        #expect(bench.peers.asked == ["b /leader"], "the one that leads is asked first")
    }

    @Test func `a leader asks no other process`() async throws {
        try await Bench(isLeader: true).run { bench in
            try await eventually("it has decided") { await !bench.controller.fetchExplanations(of: bench.id).isEmpty }
            #expect(!bench.peers.asked.contains { $0.hasSuffix("/leader") })
            let view = bench.controller.leaderView(of: bench.id)
            #expect(view.isLeader && view.explanations[bench.id]?.desired == 1)
            #expect(bench.controller.leaderView(of: Function.ID("other")).explanations.isEmpty)
        }
    }

    @Test func `without a leader there are no decisions`() async throws {
        let bench = try Bench()
        bench.peers.answer(
            .leader, with: Array(try JSONEncoder().encode(LeaderView(isLeader: false, explanations: [:]))))
        #expect(await bench.controller.fetchExplanations(of: nil).isEmpty)
        #expect(bench.peers.asked == ["a /leader", "b /leader"])
        #expect(bench.controller.leaderView(of: nil) == LeaderView(isLeader: false, explanations: [:]))
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
