import F2SMetrics
import F2SModel
import Testing

@testable import F2SOperator

/// Where the platform chooses which replicas end: the operator says a number, and nothing else.
@Suite struct PlatformRolloutTests {
    private struct Bench {
        var state: OperatorState
        var function: Function
        var replicas: [Replica] = []
        var load = LoadReport()
        var isComplete = true
        var now = Duration.zero
        private var area = 0.0

        init(_ draft: FunctionDraft, replicas: Int = 0, status: FunctionStatus = FunctionStatus()) {
            state = OperatorState(
                metrics: OperatorMetrics(MetricRegistry()), requestTimeout: .seconds(10), retirement: .byPlatform)
            function = Samples.function(draft)
            function.status = status
            add(replicas)
            state.take(FunctionSnapshot(functions: [function]))
        }

        mutating func add(_ count: Int, revision: Revision? = nil, _ replicaState: Replica.State = .ready) {
            for _ in 0..<count {
                replicas.append(
                    Replica(
                        id: Replica.ID("r\(replicas.count)"), function: function.id,
                        revision: revision ?? function.revision, state: replicaState, since: 0))
            }
        }

        /// One pass, a second later; every call succeeds.
        mutating func pass(inFlight: Int = 0) -> [OperatorCall] {
            now += .seconds(1)
            area += Double(inFlight)
            load.functions[function.id] = .init(
                inFlight: inFlight, admitted: UInt64(area), concurrencySeconds: area)
            state.take(ReplicaSnapshot(replicas: replicas), at: now)
            _ = state.plan(load, isComplete: isComplete, at: now, wall: now.inSeconds, isLeader: true)
            #expect(state.published?.replicas.map(\.state) == replicas.map(\.state))
            let calls = state.calls(load, at: now)
            for call in calls { _ = state.end(call, isSuccess: true, at: now) }
            return calls.filter { if case .setStatus = $0 { false } else { true } }
        }

        /// The numbers that the platform is told in so many passes.
        mutating func counts(_ passes: Int, inFlight: Int = 0) -> [Int] {
            (0..<passes).flatMap { _ in pass(inFlight: inFlight) }.compactMap { call in
                guard case .apply(_, let count, let retiring) = call else { return nil }
                #expect(retiring.isEmpty)
                return count
            }
        }
    }

    @Test func `a changed revision asks for the same number of replicas, and marks none`() throws {
        var bench = Bench(try Samples.draft(min: 3), replicas: 3)
        #expect(bench.counts(2) == [3])
        let old = bench.replicas
        bench.function = Samples.function(try Samples.draft(min: 3, version: 2), generation: 2)
        bench.state.take(FunctionSnapshot(functions: [bench.function]))
        #expect(bench.counts(1) == [3])
        // The platform starts one more, and then ends one after the other.
        bench.add(1, .starting)
        #expect(bench.counts(1).isEmpty)
        bench.replicas[3].state = .ready
        bench.replicas[0].state = .draining
        bench.replicas[1].state = .draining
        #expect(bench.counts(1).isEmpty)
        #expect(bench.replicas.prefix(3).map(\.id) == old.map(\.id))
        #expect(bench.state.ledger.leaving.isEmpty)
    }

    @Test func `a replica that the platform ends is no reason to ask for fewer`() throws {
        var bench = Bench(try Samples.draft(min: 2), replicas: 2)
        #expect(bench.counts(1) == [2])
        bench.replicas[0].state = .draining
        #expect(bench.counts(2).isEmpty)
        bench.replicas.remove(at: 0)
        // A wish that is not fulfilled is repeated, never lowered.
        #expect(bench.counts(20).allSatisfy { $0 == 2 })
    }

    @Test func `fewer are asked for without draining any`() throws {
        var bench = Bench(try Samples.draft(scaling: Scaling(idle: .seconds(5), window: .seconds(5))), replicas: 2)
        let counts = bench.counts(10)
        #expect(counts == [2, 0])
        #expect(bench.state.ledger.leaving.isEmpty)
    }

    @Test func `who begins to lead stops nothing before it has watched for a window`() throws {
        let draft = try Samples.draft(max: 10, scaling: Scaling(idle: .seconds(600), window: .seconds(60)))
        var bench = Bench(draft, replicas: 8)
        #expect(bench.counts(60, inFlight: 1) == [8])
        let later = bench.counts(20, inFlight: 1)
        #expect(later.first == 4, "then by halves: \(later)")
    }

    @Test func `what another process has not told may be load`() throws {
        var bench = Bench(try Samples.draft(scaling: Scaling(idle: .seconds(5), window: .seconds(5))), replicas: 4)
        bench.isComplete = false
        #expect(bench.counts(60) == [4])
        bench.isComplete = true
        #expect(bench.counts(1) == [0])
    }

    @Test func `who begins to lead in the middle of a rollout does not count the one more`() throws {
        var status = FunctionStatus()
        status.desiredReplicas = 2
        let draft = try Samples.draft(version: 2, scaling: Scaling(idle: .seconds(600)))
        var bench = Bench(draft, status: status)
        bench.add(2, revision: Samples.function(try Samples.draft()).revision)
        bench.add(1, .starting)
        #expect(bench.counts(2) == [2])
    }

    @Test func `a deleted function is removed at once, whatever is in flight`() throws {
        var bench = Bench(try Samples.draft(min: 1), replicas: 1)
        _ = bench.pass(inFlight: 1)
        bench.load.replicas[bench.replicas[0].id] = .init(inFlight: 1, isAccepting: true)
        bench.state.take(FunctionSnapshot())
        #expect(bench.pass(inFlight: 1) == [.remove(bench.function.id)])
        // It ends, and nothing is asked twice.
        bench.replicas[0].state = .draining
        #expect(bench.pass(inFlight: 1).isEmpty)
        bench.replicas = []
        #expect(bench.pass().isEmpty)
        #expect(bench.state.departures.isEmpty)
    }

    @Test func `a replica whose function is not known yet is left alone for a while`() throws {
        var bench = Bench(try Samples.draft(min: 1), replicas: 1)
        bench.state.take(FunctionSnapshot())
        var calls: [OperatorCall] = []
        var stranger = Bench(try Samples.draft("other"), replicas: 1)
        stranger.state = OperatorState(
            metrics: OperatorMetrics(MetricRegistry()), requestTimeout: .seconds(10), retirement: .byPlatform)
        stranger.state.take(FunctionSnapshot())
        for _ in 0..<30 { calls += stranger.pass() }
        #expect(calls.isEmpty)
        for _ in 0..<3 { calls += stranger.pass() }
        #expect(calls == [.remove(stranger.function.id)])
    }

    @Test func `before the store has spoken nothing is asked for`() throws {
        var bench = Bench(try Samples.draft(min: 1), replicas: 3)
        bench.state = OperatorState(
            metrics: OperatorMetrics(MetricRegistry()), requestTimeout: .seconds(10), retirement: .byPlatform)
        for _ in 0..<60 { #expect(bench.pass().isEmpty) }
    }

    @Test func `a start that fails is tried one at a time beside what works`() throws {
        var bench = Bench(try Samples.draft(min: 4), replicas: 1)
        bench.state.take(
            ReplicaSnapshot(
                replicas: bench.replicas,
                troubles: [bench.function.id: Samples.trouble(of: bench.function.revision)]), at: .zero)
        _ = bench.state.plan(LoadReport(), at: .zero, wall: 0, isLeader: true)
        let calls = bench.state.calls(LoadReport(), at: .zero)
        #expect(calls.contains(.apply(bench.function, count: 2, retiring: [])))
    }
}
