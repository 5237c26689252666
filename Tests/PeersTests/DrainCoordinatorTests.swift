import F2SMetrics
import F2SModel
import Logging
import TestSupport
import Testing

@testable import F2SPeers

@Suite struct DrainCoordinatorTests {
    /// A coordinator, and an operator with one function.
    private struct Bench: Sendable {
        let runtime: LeavingReplicas
        let peers: StubPeers
        let dataPlane = StubDataPlane()
        let clock = ManualClock()
        let metrics = MetricRegistry()
        let controller: StubController
        let coordinator: DrainCoordinator
        let id = Function.ID("hello")

        init(others: [Peer] = []) {
            let memory = InMemoryPlatform()
            controller = StubController(running: [id])
            runtime = LeavingReplicas(memory.replicas)
            peers = StubPeers(others)
            let platform = Platform(
                name: "memory", functions: memory.functions, replicas: runtime, election: AlwaysLeader(), peers: peers,
                events: memory.events)
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let link = PeerLink(
                platform: platform, dataPlane: dataPlane, metrics: metrics, logger: logger, clock: clock)
            coordinator = DrainCoordinator(
                platform: platform, dataPlane: dataPlane, controller: controller, link: link, metrics: metrics,
                logger: logger, clock: clock)
        }

        /// Runs the coordinator while `body` runs with a replica of the function.
        func run(_ body: @Sendable @escaping (Bench, Replica.ID) async throws -> Void) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await coordinator.run() }
                try await body(self, Replica.ID("replica"))
                group.cancelAll()
                try await group.waitForAll()
            }
        }

        func work(_ count: Int, on replica: Replica.ID) {
            dataPlane.change { $0.replicas[replica] = .init(inFlight: count) }
        }

        /// Advances the clock until the condition holds.
        func wait(until what: String, _ condition: () -> Bool) async throws {
            try await eventually(what) {
                clock.advance(by: .milliseconds(100))
                return condition()
            }
        }
    }

    /// Starts a call and passes its result to `attempt` while the call is in progress.
    private func outcome(
        of body: @Sendable @escaping () async throws -> Void,
        during attempt: @Sendable @escaping (Latest<String?>) async throws -> Void
    ) async throws {
        let result = Latest<String?>(nil)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await body()
                    result.publish("done")
                } catch {
                    result.publish("\(error)")
                }
            }
            try await attempt(result)
            try await group.waitForAll()
        }
    }

    @Test func `a hook of an unknown function is answered without a call to the platform`() async throws {
        try await Bench().run { bench, _ in
            try await bench.coordinator.drain(Function.ID("made-up"), within: .seconds(10))
            #expect(bench.runtime.lists == 0)
        }
    }

    @Test func `a hook without a stopping replica is answered without a request to the peers`() async throws {
        try await Bench(others: [StubPeers.peer("b")]).run { bench, replica in
            try await bench.coordinator.drain(bench.id, within: .seconds(10))
            #expect(bench.runtime.lists == 1)
            #expect(bench.peers.asked.isEmpty)
            #expect(bench.controller.cordoned.isEmpty)
        }
    }

    @Test func `a replica receives nothing new at once, and the hook waits for its invocations`() async throws {
        try await Bench().run { bench, replica in
            bench.work(2, on: replica)
            bench.runtime.answer { _ in [replica] }
            try await outcome(of: { try await bench.coordinator.drain(bench.id, within: .seconds(60)) }) { result in
                try await eventually("it is cordoned") { bench.controller.cordoned == [replica] }
                bench.work(1, on: replica)
                for _ in 0..<10 { bench.clock.advance(by: .milliseconds(300)) }
                #expect(result.current == nil)
                bench.work(0, on: replica)
                try await eventually("it is answered") { result.current == "done" }
            }
            #expect(bench.metrics.exposition().contains("f2s_drains_total{outcome=\"done\"} 1\n"))
        }
    }

    @Test func `hooks that arrive while a list is fetched share the next one`() async throws {
        try await Bench().run { bench, replica in
            let isOpen = Latest(false)
            bench.runtime.answer { _ in
                for await open in isOpen.values() where open { return [replica] }
                return []
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await bench.coordinator.drain(bench.id, within: .seconds(60)) }
                try await eventually("the first list is taken") { bench.runtime.lists == 1 }
                for _ in 0..<5 { group.addTask { try await bench.coordinator.drain(bench.id, within: .seconds(60)) } }
                // The arrival of the hooks cannot be observed from outside. More lists would be counted below in any
                // case.
                for _ in 0..<50 { await Task.yield() }
                isOpen.publish(true)
                try await group.waitForAll()
            }
            #expect((1...6).contains(bench.runtime.lists))
        }
    }

    @Test func `a failed request to the platform is repeated`() async throws {
        try await Bench().run { bench, replica in
            bench.runtime.answer { [runtime = bench.runtime] _ in
                guard runtime.lists > 3 else { throw StoreError.unavailable("closed") }
                return [replica]
            }
            try await outcome(of: { try await bench.coordinator.drain(bench.id, within: .seconds(60)) }) { result in
                try await bench.wait(until: "it is answered") { result.current != nil }
                #expect(result.current == "done")
            }
            #expect(bench.runtime.lists == 4)
        }
    }

    @Test func `every other running process must confirm, however often it must be asked`() async throws {
        let others = [StubPeers.peer("b"), StubPeers.peer("c", isReady: false), StubPeers.peer("d", isAlive: false)]
        try await Bench(others: others).run { bench, replica in
            bench.runtime.answer { _ in [replica] }
            bench.peers.answer { [peers = bench.peers] path, _, peer in
                guard peer.id == "c", peers.asked.count(where: { $0 == "c /cordon" }) < 3 else { return }
                throw PeerError.refused("c", status: 503)
            }
            try await outcome(of: { try await bench.coordinator.drain(bench.id, within: .seconds(60)) }) { result in
                try await bench.wait(until: "it is answered") { result.current != nil }
                #expect(result.current == "done")
            }
            #expect(bench.peers.asked.sorted() == ["b /cordon", "c /cordon", "c /cordon", "c /cordon"])
        }
    }

    @Test func `the coordinator stops waiting for a process that has ended`() async throws {
        try await Bench(others: [StubPeers.peer("b")]).run { bench, replica in
            bench.runtime.answer { _ in [replica] }
            bench.peers.answer { _, _, _ in throw PeerError.unreachable("b", reason: "refused") }
            try await outcome(of: { try await bench.coordinator.drain(bench.id, within: .seconds(60)) }) { result in
                try await bench.wait(until: "it is asked") { bench.peers.asked.count > 2 }
                #expect(result.current == nil)
                bench.peers.set([])
                try await bench.wait(until: "it is answered") { result.current != nil }
                #expect(result.current == "done")
            }
        }
    }

    @Test func `a process that starts in the meantime is asked too`() async throws {
        try await Bench(others: [StubPeers.peer("b")]).run { bench, replica in
            bench.runtime.answer { _ in [replica] }
            bench.peers.answer { [peers = bench.peers] _, _, peer in
                if peer.id == "b" { peers.set([StubPeers.peer("b"), StubPeers.peer("e")]) }
            }
            try await bench.coordinator.drain(bench.id, within: .seconds(60))
            #expect(bench.peers.asked == ["b /cordon", "e /cordon"])
        }
    }

    @Test func `a hook that waits too long receives the number of invocations in flight`() async throws {
        try await Bench().run { bench, replica in
            bench.work(3, on: replica)
            bench.runtime.answer { _ in [replica] }
            try await outcome(of: { try await bench.coordinator.drain(bench.id, within: .seconds(5)) }) { result in
                try await bench.wait(until: "it is answered") { result.current != nil }
                #expect(result.current?.contains("3 invocations are still in flight") == true)
            }
        }
    }

    @Test func `a hook that a peer does not confirm receives the name of that peer`() async throws {
        try await Bench(others: [StubPeers.peer("b")]).run { bench, replica in
            bench.runtime.answer { _ in [replica] }
            bench.peers.answer { _, _, _ in throw PeerError.refused("b", status: 403) }
            try await outcome(of: { try await bench.coordinator.drain(bench.id, within: .seconds(5)) }) { result in
                try await bench.wait(until: "it is answered") { result.current != nil }
                #expect(result.current?.contains("b answered with status 403") == true, "\(result.current ?? "")")
            }
            #expect(bench.metrics.exposition().contains("f2s_drains_total{outcome=\"unconfirmed\"} 1\n"))
        }
    }

    @Test func `a peer's request is answered when nothing is in flight, or with the number in flight`() async throws {
        try await Bench().run { bench, replica in
            let unseen = Replica.ID("never seen")
            try await bench.coordinator.cordon([replica, unseen], within: .seconds(1))
            #expect(bench.controller.cordoned == [replica, unseen])
            bench.work(1, on: replica)
            try await outcome(of: { try await bench.coordinator.cordon([replica], within: .milliseconds(500)) }) {
                result in
                try await bench.wait(until: "it is answered") { result.current != nil }
                #expect(result.current?.contains("1 invocation is still in flight") == true)
            }
        }
    }
}
