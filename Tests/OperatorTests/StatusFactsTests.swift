import F2SModel
import Testing

@testable import F2SOperator

@Suite struct StatusFactsTests {
    private func facts(
        ready: Int = 0, desired: Int = 0, isStuck: Bool = false, trouble: String? = nil, holder: String? = nil
    ) throws -> StatusFacts {
        let function = Samples.function(try Samples.draft())
        return StatusFacts(
            generation: 3, route: function.route, replicas: ready, ready: ready, updated: ready, updatedReady: ready,
            desired: desired, isRolloutStuck: isStuck,
            trouble: trouble.map { StatusFacts.Trouble(Samples.trouble(of: function.revision, reason: $0)) },
            routeHolder: try holder.map { try FunctionName($0) })
    }

    @Test func `a status tells the figures and where to call`() throws {
        let status = try facts(ready: 2, desired: 3).status(after: FunctionStatus(), at: 1000)
        #expect(status.observedGeneration == 3)
        #expect(status.replicas == 2)
        #expect(status.readyReplicas == 2)
        #expect(status.updatedReplicas == 2)
        #expect(status.updatedReadyReplicas == 2)
        #expect(status.desiredReplicas == 3)
        #expect(status.url == "/invoke/hello")
    }

    @Test(
        arguments: [
            (0, 0, false, nil, nil, true, "ScaledToZero", []),
            (0, 1, false, nil, nil, true, "Starting", []),
            (2, 2, false, nil, nil, true, "ReplicasReady", []),
            (0, 1, false, "ExitedAtStart", nil, false, "StartFailed", [.startFailed]),
            (1, 1, true, "ExitedAtStart", nil, true, "ReplicasReady", [.rolloutFailed]),
            (1, 2, false, "ExitedAtStart", nil, true, "ReplicasReady", []),
            (0, 0, false, "NoCommand", nil, false, "NoCommand", [.noCommand]),
            (0, 0, false, nil, "other", false, "RouteConflict", [.routeConflict]),
            (1, 0, false, nil, "other", false, "RouteConflict", [.routeConflict]),
        ] as [(Int, Int, Bool, String?, String?, Bool, String, [Condition.Kind])])
    func `Ready is always there, and says what a caller would get`(
        ready: Int, desired: Int, isStuck: Bool, trouble: String?, holder: String?, isReady: Bool, reason: String,
        others: [Condition.Kind]
    ) throws {
        let status = try facts(ready: ready, desired: desired, isStuck: isStuck, trouble: trouble, holder: holder)
            .status(after: FunctionStatus(), at: 1000)
        #expect(status.conditions.map(\.kind) == [.ready] + others)
        #expect(status.conditions.first?.isTrue == isReady)
        #expect(status.conditions.first?.reason == reason)
        #expect(status.conditions.allSatisfy { $0.since == 1000 && !$0.message.isEmpty })
        #expect(status.conditions.dropFirst().allSatisfy { $0.isTrue })
    }

    @Test func `a condition keeps its time until it changes sides`() throws {
        let first = try facts().status(after: FunctionStatus(), at: 1000)
        let second = try facts(ready: 1, desired: 1).status(after: first, at: 2000)
        #expect(second.conditions.first?.since == 1000)
        let third = try facts(desired: 1, trouble: "ExitedAtStart").status(after: second, at: 3000)
        #expect(third.conditions.map(\.since) == [3000, 3000])
        let fourth = try facts(desired: 0, trouble: "ExitedAtStart").status(after: third, at: 4000)
        #expect(fourth.conditions.map(\.since) == [3000, 3000])
        #expect(try facts().status(after: fourth, at: 5000).conditions.map(\.since) == [5000])
    }

    @Test func `news are told once, when they come and when they go`() throws {
        let name = try FunctionName("hello")
        let calm = try facts().status(after: FunctionStatus(), at: 1)
        let bad = try facts(desired: 1, trouble: "ExitedAtStart").status(after: calm, at: 2)
        let came = bad.news(since: calm, of: name, at: 2)
        #expect(came.map(\.reason) == ["StartFailed"])
        #expect(came.allSatisfy { $0.isWarning && $0.function == "hello" && $0.time == 2 })
        #expect(bad.news(since: bad, of: name, at: 3).isEmpty)
        let went = calm.news(since: bad, of: name, at: 4)
        #expect(went.map(\.reason) == ["StartFailedResolved"])
        #expect(went.allSatisfy { !$0.isWarning })
    }
}
