import F2SMetrics
import F2SModel
import Testing

@testable import F2SOperator

/// A platform that chooses which replicas end: the operator sends a number and nothing else.
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
            state.apply(FunctionSnapshot(functions: [function]))
        }

        mutating func add(_ count: Int, revision: Revision? = nil, _ replicaState: Replica.State = .ready) {
            for _ in 0..<count {
                replicas.append(
                    Replica(
                        id: Replica.ID("r\(replicas.count)"), function: function.id,
                        revision: revision ?? function.revision, state: replicaState, since: 0))
            }
        }

        /// Makes one pass, a second later, in which every call succeeds.
        mutating func pass(inFlight: Int = 0) -> [OperatorCall] {
            now += .seconds(1)
            area += Double(inFlight)
            load.functions[function.id] = .init(
                inFlight: inFlight, admitted: UInt64(area), concurrencySeconds: area)
            state.apply(ReplicaSnapshot(replicas: replicas), at: now)
            _ = state.plan(load, isComplete: isComplete, at: now, wall: now.inSeconds, isLeader: true)
            #expect(state.published?.replicas.map(\.state) == replicas.map(\.state))
            let calls = state.calls(load, at: now)
            for call in calls { _ = state.end(call, isSuccess: true, at: now) }
            return calls.filter { if case .setStatus = $0 { false } else { true } }
        }

        /// Returns the numbers that the platform receives in so many passes.
        mutating func counts(_ passes: Int, inFlight: Int = 0) -> [Int] {
            (0..<passes).flatMap { _ in pass(inFlight: inFlight) }.compactMap { call in
                guard case .apply(_, .fixed(let count), let retiring) = call else { return nil }
                #expect(retiring.isEmpty)
                return count
            }
        }
    }

    @Test func `a changed revision keeps the number of replicas and marks none`() throws {
        var bench = Bench(try Samples.draft(min: 3), replicas: 3)
        #expect(bench.counts(2) == [3])
        let old = bench.replicas
        bench.function = Samples.function(try Samples.draft(min: 3, version: 2), generation: 2)
        bench.state.apply(FunctionSnapshot(functions: [bench.function]))
        #expect(bench.counts(1) == [3])
        // The platform starts one more, and then ends the old ones one after the other.
        bench.add(1, .starting)
        #expect(bench.counts(1).isEmpty)
        bench.replicas[3].state = .ready
        bench.replicas[0].state = .draining
        bench.replicas[1].state = .draining
        #expect(bench.counts(1).isEmpty)
        #expect(bench.replicas.prefix(3).map(\.id) == old.map(\.id))
        #expect(bench.state.drainState.leaving.isEmpty)
    }

    @Test func `a replica that the platform ends does not lower the number`() throws {
        var bench = Bench(try Samples.draft(min: 2), replicas: 2)
        #expect(bench.counts(1) == [2])
        bench.replicas[0].state = .draining
        #expect(bench.counts(2).isEmpty)
        bench.replicas.remove(at: 0)
        // A number that is not reached is sent again and never lowered.
        #expect(bench.counts(20).allSatisfy { $0 == 2 })
    }

    @Test func `a lower number drains no replica`() throws {
        var bench = Bench(try Samples.draft(scaling: Scaling(idle: .seconds(5), window: .seconds(5))), replicas: 2)
        let counts = bench.counts(10)
        #expect(counts == [2, 0])
        #expect(bench.state.drainState.leaving.isEmpty)
    }

    @Test func `a new leader stops nothing before its history covers a window`() throws {
        let draft = try Samples.draft(max: 10, scaling: Scaling(idle: .seconds(600), window: .seconds(60)))
        var bench = Bench(draft, replicas: 8)
        #expect(bench.counts(60, inFlight: 1) == [8])
        let later = bench.counts(20, inFlight: 1)
        #expect(later.first == 4, "then by halves: \(later)")
    }

    @Test func `a process that has not reported may have load`() throws {
        var bench = Bench(try Samples.draft(scaling: Scaling(idle: .seconds(5), window: .seconds(5))), replicas: 4)
        bench.isComplete = false
        #expect(bench.counts(60) == [4])
        bench.isComplete = true
        #expect(bench.counts(1) == [0])
    }

    @Test func `a new leader in the middle of a rollout does not count the surge replica`() throws {
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
        bench.state.apply(FunctionSnapshot())
        #expect(bench.pass(inFlight: 1) == [.remove(bench.function.id)])
        // The replica ends, and the removal is not requested twice.
        bench.replicas[0].state = .draining
        #expect(bench.pass(inFlight: 1).isEmpty)
        bench.replicas = []
        #expect(bench.pass().isEmpty)
        #expect(bench.state.departures.isEmpty)
    }

    @Test func `a replica of an unknown function is left alone for a while`() throws {
        var bench = Bench(try Samples.draft(min: 1), replicas: 1)
        bench.state.apply(FunctionSnapshot())
        var calls: [OperatorCall] = []
        var deleted = Bench(try Samples.draft("other"), replicas: 1)
        deleted.state = OperatorState(
            metrics: OperatorMetrics(MetricRegistry()), requestTimeout: .seconds(10), retirement: .byPlatform)
        deleted.state.apply(FunctionSnapshot())
        for _ in 0..<30 { calls += deleted.pass() }
        #expect(calls.isEmpty)
        for _ in 0..<3 { calls += deleted.pass() }
        #expect(calls == [.remove(deleted.function.id)])
    }

    @Test func `no call is made before the store has sent its functions`() throws {
        var bench = Bench(try Samples.draft(min: 1), replicas: 3)
        bench.state = OperatorState(
            metrics: OperatorMetrics(MetricRegistry()), requestTimeout: .seconds(10), retirement: .byPlatform)
        for _ in 0..<60 { #expect(bench.pass().isEmpty) }
    }

    @Test func `a start that fails is tried one at a time beside working replicas`() throws {
        var bench = Bench(try Samples.draft(min: 4), replicas: 1)
        bench.state.apply(
            ReplicaSnapshot(
                replicas: bench.replicas,
                startFailures: [bench.function.id: Samples.startFailure(of: bench.function.revision)]), at: .zero)
        _ = bench.state.plan(LoadReport(), at: .zero, wall: 0, isLeader: true)
        let calls = bench.state.calls(LoadReport(), at: .zero)
        #expect(calls.contains(.apply(bench.function, .fixed(2), retiring: [])))
    }
}
