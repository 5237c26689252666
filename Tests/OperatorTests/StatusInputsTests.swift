import F2SModel
import Testing

@testable import F2SOperator

@Suite struct StatusInputsTests {
    private func inputs(
        ready: Int = 0, desired: Int = 0, isStuck: Bool = false, startFailure: String? = nil, holder: String? = nil,
        updatedReady: Int? = nil, older: Int = 0, minimum: Int = 0, generation: Int = 3, rejection: String? = nil,
        keepsFailures: Bool = false
    ) throws -> StatusInputs {
        let function = Samples.function(try Samples.draft())
        return StatusInputs(
            generation: generation, route: function.route, replicas: ready, ready: ready, updated: ready,
            updatedReady: updatedReady ?? (isStuck ? 0 : ready), older: older, desired: desired, minimum: minimum,
            isRolloutStuck: isStuck,
            startFailure: startFailure.map {
                StatusInputs.Failure(Samples.startFailure(of: function.revision, reason: $0))
            },
            routeHolder: try holder.map { try FunctionName($0) },
            rejection: rejection.map {
                Condition(.refused, isTrue: true, reason: "InvalidDeclaration", message: $0, since: 7)
            },
            keepsFailures: keepsFailures)
    }

    @Test func `a replica that is restarted is not Ready, and the reason is why it ended`() throws {
        var inputs = try inputs(ready: 0, desired: 1)
        let function = Samples.function(try Samples.draft())
        var restart = Samples.startFailure(of: function.revision, reason: "OOMKilled")
        restart.message = "It used more memory than it may."
        inputs.restart = StatusInputs.Failure(restart)
        let conditions = inputs.status(after: FunctionStatus(), at: 1000).conditions
        #expect(conditions.map(\.kind) == [.ready, .progressing])
        #expect(conditions.first?.isTrue == false && conditions.map(\.reason) == ["OOMKilled", "Restarting"])
        #expect(conditions.allSatisfy { $0.message == restart.message })
        // A replica that serves beside it takes precedence.
        inputs.ready = 1
        inputs.updatedReady = 1
        #expect(inputs.status(after: FunctionStatus(), at: 1000).conditions.map(\.reason) == ["ReplicasReady"])
    }

    @Test func `a status contains the numbers and the URL`() throws {
        let status = try inputs(ready: 2, desired: 3).status(after: FunctionStatus(), at: 1000)
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
    func `Ready is always present and states the result of an invocation`(
        ready: Int, desired: Int, isStuck: Bool, startFailure: String?, holder: String?, isReady: Bool, reason: String,
        others: [Condition.Kind]
    ) throws {
        let status = try inputs(
            ready: ready, desired: desired, isStuck: isStuck, startFailure: startFailure, holder: holder
        )
        .status(after: FunctionStatus(), at: 1000)
        #expect(status.conditions.map(\.kind) == [.ready] + others)
        #expect(status.conditions.first?.isTrue == isReady)
        #expect(status.conditions.first?.reason == reason)
        #expect(status.conditions.allSatisfy { $0.since == 1000 && !$0.message.isEmpty })
        #expect(status.conditions.dropFirst().allSatisfy { $0.isTrue })
    }

    private func ready(_ inputs: StatusInputs, after before: FunctionStatus = FunctionStatus()) -> (Bool, String) {
        let condition = inputs.status(after: before, at: 1000).conditions[0]
        return (condition.isTrue, condition.reason)
    }

    @Test func `Ready is not True before the declared revision has answered`() throws {
        // The first replica of a function that must run.
        #expect(ready(try inputs(desired: 1, minimum: 1)) == (false, "Starting"))
        #expect(ready(try inputs(desired: 0, minimum: 1)) == (false, "Starting"))
        // An older replica still serves.
        let rolling = try inputs(ready: 2, desired: 2, updatedReady: 0, older: 2)
        #expect(ready(rolling) == (false, "RollingOut"))
        #expect(rolling.status(after: FunctionStatus(), at: 1).conditions.map(\.kind) == [.ready, .progressing])
        // One of the new replicas answers, and the others follow.
        let nearly = try inputs(ready: 2, desired: 2, updatedReady: 1, older: 1)
        #expect(ready(nearly) == (true, "ReplicasReady"))
        let progress = nearly.status(after: FunctionStatus(), at: 1).conditions[1]
        #expect(progress.kind == .progressing && progress.reason == "RollingOut")
        #expect(progress.message.contains("1 of 2"))
        let done = try inputs(ready: 2, desired: 2, minimum: 2)
        #expect(done.status(after: FunctionStatus(), at: 1).conditions.map(\.kind) == [.ready])
    }

    @Test func `an impossible function stays StartFailed until it is edited or answers`() throws {
        let failed = try inputs(desired: 1, startFailure: "ImagePullBackOff", keepsFailures: true)
            .status(after: FunctionStatus(), at: 1000)
        // No replica exists any more, and the platform reports no failure.
        let idle = try inputs(keepsFailures: true)
        let later = idle.status(after: failed, at: 2000)
        #expect(later.conditions.map(\.kind) == [.ready, .startFailed])
        #expect(later.conditions[0].reason == "StartFailed" && !later.conditions[0].isTrue)
        #expect(later.conditions[1].reason == "ImagePullBackOff" && later.conditions[1].since == 1000)
        #expect(later.events(since: failed, of: try FunctionName("hello"), at: 2000).isEmpty)
        // The next attempt is in progress and has not disproved the failure.
        #expect(ready(try inputs(desired: 1, keepsFailures: true), after: later) == (false, "StartFailed"))
        #expect(ready(try inputs(ready: 1, desired: 1, keepsFailures: true), after: later) == (true, "ReplicasReady"))
        #expect(ready(try inputs(generation: 4, keepsFailures: true), after: later) == (true, "ScaledToZero"))
        // A platform that remembers failures itself also ends them.
        #expect(ready(try inputs(), after: failed) == (true, "ScaledToZero"))
    }

    @Test func `a rollout that failed stays failed when the older replicas are gone`() throws {
        let failed = try inputs(ready: 1, desired: 1, isStuck: true, startFailure: "NeverListened", keepsFailures: true)
            .status(after: FunctionStatus(), at: 1000)
        #expect(failed.conditions.map(\.kind) == [.ready, .rolloutFailed])
        let later = try inputs(keepsFailures: true).status(after: failed, at: 2000)
        #expect(later.conditions.map(\.kind) == [.ready, .startFailed])
    }

    @Test func `a rejected declaration is not Ready, whatever the last good one does`() throws {
        let status = try inputs(ready: 1, desired: 1, rejection: "target.port must be a number.")
            .status(after: FunctionStatus(), at: 1000)
        #expect(status.conditions.map(\.kind) == [.ready, .refused])
        #expect(!status.conditions[0].isTrue && status.conditions[0].reason == "Refused")
        #expect(status.conditions[0].message.contains("target.port"))
    }

    @Test func `a condition keeps its time until its value changes`() throws {
        let first = try inputs().status(after: FunctionStatus(), at: 1000)
        let second = try inputs(ready: 1, desired: 1).status(after: first, at: 2000)
        #expect(second.conditions.first?.since == 1000)
        let third = try inputs(desired: 1, startFailure: "ExitedAtStart").status(after: second, at: 3000)
        #expect(third.conditions.map(\.since) == [3000, 3000])
        let fourth = try inputs(desired: 0, startFailure: "ExitedAtStart").status(after: third, at: 4000)
        #expect(fourth.conditions.map(\.since) == [3000, 3000])
        #expect(try inputs().status(after: fourth, at: 5000).conditions.map(\.since) == [5000])
    }

    @Test func `a failure emits one event when it begins and one when it ends`() throws {
        let name = try FunctionName("hello")
        let calm = try inputs().status(after: FunctionStatus(), at: 1)
        let bad = try inputs(desired: 1, startFailure: "ExitedAtStart").status(after: calm, at: 2)
        let came = bad.events(since: calm, of: name, at: 2)
        #expect(came.map(\.reason) == ["StartFailed"])
        #expect(came.allSatisfy { $0.isWarning && $0.function == "hello" && $0.time == 2 })
        #expect(bad.events(since: bad, of: name, at: 3).isEmpty)
        let went = calm.events(since: bad, of: name, at: 4)
        #expect(went.map(\.reason) == ["StartFailedResolved"])
        #expect(went.allSatisfy { !$0.isWarning })
    }
}
