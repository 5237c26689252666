import F2SMetrics
import F2SModel
import Testing

@testable import F2SOperator

/// Changes of declarations between the plan of a pass and its calls to the platform.
@Suite struct ChangeWithinPassTests {
    private let function: Function
    private var state = OperatorState(metrics: OperatorMetrics(MetricRegistry()), requestTimeout: .seconds(10))
    private var load = LoadReport()

    /// Creates a function with two replicas, each with one invocation, and no calls due.
    init() throws {
        function = Samples.function(try Samples.draft(min: 2, max: 3))
        state.apply(FunctionSnapshot(functions: [function]))
        let replicas = ["r1", "r2"].map {
            Replica(
                id: Replica.ID($0), function: function.id, revision: function.revision, state: .ready, since: 0)
        }
        state.apply(ReplicaSnapshot(replicas: replicas), at: .zero)
        load.functions[function.id] = .init(inFlight: 2, admitted: 2)
        for replica in replicas { load.replicas[replica.id] = .init(inFlight: 1, isAccepting: true) }
        for second in 0..<3 { carryOut(pass(at: second)) }
    }

    /// - Parameter between: Called after the plan and before the calls.
    private mutating func pass(at second: Int, between: (inout OperatorState) -> Void = { _ in }) -> [OperatorCall] {
        _ = state.plan(load, at: .seconds(second), wall: 0, isLeader: true)
        between(&state)
        return state.calls(load, at: .seconds(second))
    }

    private mutating func carryOut(_ calls: [OperatorCall]) {
        for call in calls { _ = state.end(call, isSuccess: true, at: .zero) }
    }

    private func isOfReplicas(_ call: OperatorCall) -> Bool {
        if case .setStatus = call { false } else { true }
    }

    @Test mutating func `a function that is deleted after a pass has planned finishes its work`() {
        let calls = pass(at: 3) { $0.apply(FunctionSnapshot()) }
        #expect(!calls.contains(where: isOfReplicas), "its replicas do not drain yet: \(calls)")
        #expect(!pass(at: 4).contains(where: isOfReplicas), "both have an invocation in flight")
        for id in load.replicas.keys { load.replicas[id]?.inFlight = 0 }
        #expect(pass(at: 5).contains(.remove(function.id)))
    }

    @Test mutating func `a plan for the previous declaration is not carried out for the next one`() throws {
        let edited = Samples.function(try Samples.draft(min: 2, max: 3, version: 2))
        let calls = pass(at: 3) { $0.apply(FunctionSnapshot(functions: [edited])) }
        #expect(!calls.contains(where: isOfReplicas), "two new ones beside two old ones would be too many: \(calls)")
        let next = pass(at: 4).filter(isOfReplicas)
        #expect(next == [.apply(edited, .fixed(1), retiring: [])])
    }

    @Test mutating func `an edit between plan and calls stops no idle replica of the previous plan`() throws {
        // One of the two replicas drains because of a lower number, and becomes idle.
        let fewer = Samples.function(try Samples.draft(min: 1, max: 1))
        state.apply(FunctionSnapshot(functions: [fewer]))
        carryOut(pass(at: 3))
        for id in load.replicas.keys { load.replicas[id]?.inFlight = 0 }
        load.functions[function.id]?.inFlight = 0
        let edited = Samples.function(try Samples.draft(min: 2, max: 3, version: 2))
        let calls = pass(at: 4) { $0.apply(FunctionSnapshot(functions: [edited])) }
        #expect(!calls.contains(where: isOfReplicas), "\(calls)")
    }
}
