import F2SMetrics
import F2SModel
import Testing

@testable import F2SOperator

/// The replacement of replicas that did not finish an abandoned invocation in time.
@Suite struct UnresponsiveReplicaTests {
    private struct World {
        var state: OperatorState
        let function: Function
        var replicas: [Replica] = []
        var load = LoadReport()
        var now = Duration.zero
        var events: [Event] = []

        init(_ retirement: Retirement, replicas count: Int) throws {
            state = OperatorState(
                metrics: OperatorMetrics(MetricRegistry()), requestTimeout: .seconds(10), retirement: retirement)
            function = Samples.function(try Samples.draft())
            for number in 0..<count { add("r\(number)") }
            load.functions[function.id] = .init(inFlight: count, admitted: 1)
            state.apply(FunctionSnapshot(functions: [function]))
        }

        mutating func add(_ id: String) {
            replicas.append(
                Replica(
                    id: Replica.ID(id), function: function.id, revision: function.revision, state: .ready, since: 0))
            load.replicas[Replica.ID(id)] = .init(inFlight: 1, isAccepting: true)
        }

        mutating func hang(_ id: String, inFlight: Int = 0) {
            load.replicas[Replica.ID(id)] = .init(inFlight: inFlight, isUnresponsive: true)
        }

        mutating func pass(isSuccess: Bool = true) -> [OperatorCall] {
            now += .seconds(1)
            state.apply(ReplicaSnapshot(replicas: replicas), at: now)
            events += state.plan(load, at: now, wall: 0, isLeader: true).events
            let calls = state.calls(load, at: now)
            for call in calls { _ = state.end(call, isSuccess: isSuccess, at: now) }
            return calls.filter { if case .setStatus = $0 { false } else { true } }
        }
    }

    @Test func `where F2S chooses, the replica drains and is stopped, and another one starts at once`() throws {
        var world = try World(.named, replicas: 1)
        _ = world.pass()
        world.hang("r0", inFlight: 1)
        let calls = world.pass()
        // Another replica is requested at once, beside the one that still has an invocation to finish.
        guard case .apply(_, .fixed(2), [])? = calls.first else {
            Issue.record("\(calls)")
            return
        }
        world.add("r1")
        world.hang("r0")
        let last = world.pass() + world.pass()
        #expect(
            last.contains {
                if case .apply(_, .fixed(1), let retiring) = $0 { retiring == [Replica.ID("r0")] } else { false }
            }, "\(last)")
        #expect(world.events.count { $0.reason == "ReplicaUnresponsive" } == 1)
        let event = try #require(world.events.first { $0.reason == "ReplicaUnresponsive" })
        #expect(event.message.contains("r0") && event.message.contains("abandoned_timeout"))
    }

    @Test func `where the platform chooses, a replacement is requested once, and again only while it is due`() throws {
        var world = try World(.byPlatform, replicas: 2)
        _ = world.pass()
        world.hang("r1")
        let expected = OperatorCall.replace([Replica.ID("r1")], world.function.id)
        let calls = (0..<5).flatMap { _ in world.pass() }
        #expect(calls.filter { $0 == expected }.count == 1, "\(calls)")
        #expect((0..<10).flatMap { _ in world.pass() }.filter { $0 == expected }.count == 1)
        world.replicas[1].state = .draining
        #expect(!(0..<30).flatMap { _ in world.pass() }.contains(expected))
        #expect(world.events.count { $0.reason == "ReplicaUnresponsive" } == 1)
    }

    @Test func `a replacement that failed is requested again`() throws {
        var world = try World(.byPlatform, replicas: 1)
        _ = world.pass()
        world.hang("r0")
        let expected = OperatorCall.replace([Replica.ID("r0")], world.function.id)
        #expect(world.pass(isSuccess: false).contains(expected))
        #expect((0..<4).flatMap { _ in world.pass() }.contains(expected))
    }

    @Test func `a replica is unresponsive in a sum if one process reports it`() throws {
        #expect(LoadReport.ReplicaLoad(inFlight: 2) != LoadReport.ReplicaLoad(inFlight: 2, isUnresponsive: true))
        var sum = LoadReport.ReplicaLoad(inFlight: 1, isUnresponsive: true)
        sum.add(.init(inFlight: 2, isAccepting: true))
        #expect(sum == .init(inFlight: 3, isAccepting: true, isUnresponsive: true))
    }
}
