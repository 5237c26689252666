import F2SMetrics
import F2SModel
import Logging
import Synchronization
import TestSupport
import Testing

@testable import F2SOperator

/// The operator beside other F2S processes: their load, and the replicas that they drain.
@Suite struct OperatorPeersTests {
    /// Other processes whose load a test sets.
    private final class StubPeerLoads: PeerLoadSource {
        let changes = Signal()
        private let others = Mutex(LoadReport())

        /// Sets the load of a function and raises the signal.
        func set(_ load: LoadReport.FunctionLoad, of id: Function.ID) {
            others.withLock { $0.functions[id] = load }
            changes.raise()
        }

        func sum(with own: LoadReport) -> TotalLoad {
            TotalLoad(
                load: LoadReport(
                    functions: own.functions.merging(others.withLock { $0.functions }) { $1 }, replicas: own.replicas),
                isComplete: true)
        }
    }

    private struct Bench: Sendable {
        let memory: InMemoryPlatform
        let peers = StubPeerLoads()
        let dataPlane = StubDataPlane()
        let service: Operator
        let id = Function.ID("memory-hello")

        init(min: Int) throws {
            memory = InMemoryPlatform(functions: [try Samples.draft(min: min)])
            service = Operator(
                platform: memory.platform, dataPlane: dataPlane, peers: peers, metrics: MetricRegistry(),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: ManualClock())
        }

        /// Runs the operator while `body` runs. The clock stands still, so nothing is due to a tick.
        func run(_ body: @Sendable @escaping (Bench) async throws -> Void) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await service.run() }
                try await body(self)
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }

    @Test func `an invocation that waits in another process starts a replica at once`() async throws {
        try await Bench(min: 0).run { bench in
            try await eventually("everything is known") { !bench.service.mayRun(Function.ID("made-up")) }
            #expect(bench.memory.replicas.started == 0)
            bench.peers.set(.init(queued: 1, wantsActivation: true, admitted: 1), of: bench.id)
            try await eventually("a replica was started") { bench.memory.replicas.started == 1 }
        }
    }

    @Test func `a cordoned replica receives nothing new before the platform reports it as draining`() async throws {
        try await Bench(min: 1).run { bench in
            let ready = { @Sendable in bench.dataPlane.published.last?.replicas.first { $0.state == .ready } }
            try await eventually("a replica runs") { ready() != nil }
            let id = try #require(ready()?.id)
            bench.service.cordon([id, Replica.ID("never seen")])
            let states = bench.dataPlane.published.flatMap(\.replicas).filter { $0.id == id }.map(\.state)
            #expect(states.last == .draining)
        }
    }

    @Test func `a declared function may run, and an unknown one may not once everything is known`() async throws {
        let bench = try Bench(min: 0)
        #expect(bench.service.mayRun(Function.ID("made-up")))
        try await bench.run { bench in
            try await eventually("everything is known") { !bench.service.mayRun(Function.ID("made-up")) }
            #expect(bench.service.mayRun(bench.id))
        }
    }
}
