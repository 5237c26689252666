import F2SModel
import Testing

@testable import F2SOperator

@Suite struct StatusFactsTests {
    private func facts(
        ready: Int = 0, desired: Int = 0, isStuck: Bool = false, trouble: String? = nil, holder: String? = nil,
        updatedReady: Int? = nil, older: Int = 0, minimum: Int = 0, generation: Int = 3, refusal: String? = nil,
        keepsFailures: Bool = false
    ) throws -> StatusFacts {
        let function = Samples.function(try Samples.draft())
        return StatusFacts(
            generation: generation, route: function.route, replicas: ready, ready: ready, updated: ready,
            updatedReady: updatedReady ?? (isStuck ? 0 : ready), older: older, desired: desired, minimum: minimum,
            isRolloutStuck: isStuck,
            trouble: trouble.map { StatusFacts.Trouble(Samples.trouble(of: function.revision, reason: $0)) },
            routeHolder: try holder.map { try FunctionName($0) },
            refusal: refusal.map {
                Condition(.refused, isTrue: true, reason: "InvalidDeclaration", message: $0, since: 7)
            },
            keepsFailures: keepsFailures)
    }

    @Test func `a replica that is started again is not Ready, and its end is the reason`() throws {
        var facts = try facts(ready: 0, desired: 1)
        let function = Samples.function(try Samples.draft())
        var restart = Samples.trouble(of: function.revision, reason: "OOMKilled")
        restart.message = "It used more memory than it may."
        facts.restart = StatusFacts.Trouble(restart)
        let conditions = facts.status(after: FunctionStatus(), at: 1000).conditions
        #expect(conditions.map(\.kind) == [.ready, .progressing])
        #expect(conditions.first?.isTrue == false && conditions.map(\.reason) == ["OOMKilled", "Restarting"])
        #expect(conditions.allSatisfy { $0.message == restart.message })
        // One that serves beside it, or a failed start, counts more.
        facts.ready = 1
        facts.updatedReady = 1
        #expect(facts.status(after: FunctionStatus(), at: 1000).conditions.map(\.reason) == ["ReplicasReady"])
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
            (0, 1, false, nil, nil, true, "Starting", [.progressing]),
            (2, 2, false, nil, nil, true, "ReplicasReady", []),
            (0, 1, false, "ExitedAtStart", nil, false, "StartFailed", [.startFailed]),
            (1, 1, true, "ExitedAtStart", nil, false, "RolloutFailed", [.rolloutFailed]),
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

    private func ready(_ facts: StatusFacts, after before: FunctionStatus = FunctionStatus()) -> (Bool, String) {
        let condition = facts.status(after: before, at: 1000).conditions[0]
        return (condition.isTrue, condition.reason)
    }

    @Test func `Ready is not True before the declared revision has answered`() throws {
        // The first replica of a function that must run.
        #expect(ready(try facts(desired: 1, minimum: 1)) == (false, "Starting"))
        #expect(ready(try facts(desired: 0, minimum: 1)) == (false, "Starting"))
        // An older one still serves.
        let rolling = try facts(ready: 2, desired: 2, updatedReady: 0, older: 2)
        #expect(ready(rolling) == (false, "RollingOut"))
        #expect(rolling.status(after: FunctionStatus(), at: 1).conditions.map(\.kind) == [.ready, .progressing])
        // One of the new ones answers, the others follow.
        let nearly = try facts(ready: 2, desired: 2, updatedReady: 1, older: 1)
        #expect(ready(nearly) == (true, "ReplicasReady"))
        let progress = nearly.status(after: FunctionStatus(), at: 1).conditions[1]
        #expect(progress.kind == .progressing && progress.reason == "RollingOut")
        #expect(progress.message.contains("1 of 2"))
        let done = try facts(ready: 2, desired: 2, minimum: 2)
        #expect(done.status(after: FunctionStatus(), at: 1).conditions.map(\.kind) == [.ready])
    }

    @Test func `an impossible function stays StartFailed when nobody calls it, until it is edited or answers`() throws {
        let failed = try facts(desired: 1, trouble: "ImagePullBackOff", keepsFailures: true)
            .status(after: FunctionStatus(), at: 1000)
        // Nothing runs any more, and the platform knows of no trouble.
        let idle = try facts(keepsFailures: true)
        let later = idle.status(after: failed, at: 2000)
        #expect(later.conditions.map(\.kind) == [.ready, .startFailed])
        #expect(later.conditions[0].reason == "StartFailed" && !later.conditions[0].isTrue)
        #expect(later.conditions[1].reason == "ImagePullBackOff" && later.conditions[1].since == 1000)
        #expect(later.news(since: failed, of: try FunctionName("hello"), at: 2000).isEmpty)
        // The next attempt is under way, and has not disproved it.
        #expect(ready(try facts(desired: 1, keepsFailures: true), after: later) == (false, "StartFailed"))
        #expect(ready(try facts(ready: 1, desired: 1, keepsFailures: true), after: later) == (true, "ReplicasReady"))
        #expect(ready(try facts(generation: 4, keepsFailures: true), after: later) == (true, "ScaledToZero"))
        // A platform that remembers for itself says when it is over.
        #expect(ready(try facts(), after: failed) == (true, "ScaledToZero"))
    }

    @Test func `a rollout that failed stays failed when the older replicas are gone`() throws {
        let failed = try facts(ready: 1, desired: 1, isStuck: true, trouble: "NeverListened", keepsFailures: true)
            .status(after: FunctionStatus(), at: 1000)
        #expect(failed.conditions.map(\.kind) == [.ready, .rolloutFailed])
        let later = try facts(keepsFailures: true).status(after: failed, at: 2000)
        #expect(later.conditions.map(\.kind) == [.ready, .startFailed])
    }

    @Test func `a refused declaration is not Ready, whatever the last good one does`() throws {
        let status = try facts(ready: 1, desired: 1, refusal: "target.port must be a number.")
            .status(after: FunctionStatus(), at: 1000)
        #expect(status.conditions.map(\.kind) == [.ready, .refused])
        #expect(!status.conditions[0].isTrue && status.conditions[0].reason == "Refused")
        #expect(status.conditions[0].message.contains("target.port"))
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
