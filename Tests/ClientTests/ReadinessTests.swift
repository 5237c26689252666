import FoundationEssentials
import Testing

@testable import F2SClient

@Suite struct ReadinessTests {
    /// The state of a function, and the expected readiness.
    struct Look: Sendable, CustomTestStringConvertible {
        let minReplicas: Int
        /// The number of ready replicas of any revision.
        let ready: Int
        /// The number of ready replicas of the declared revision.
        let updated: Int
        let isReady: Bool
        let goal: WaitGoal
        /// The expected readiness; `nil`: pending.
        let readiness: Readiness?

        init(
            _ minReplicas: Int, ready: Int, updated: Int, isReady: Bool = true, goal: WaitGoal = .ready,
            _ readiness: Readiness?
        ) {
            self.minReplicas = minReplicas
            self.ready = ready
            self.updated = updated
            self.isReady = isReady
            self.goal = goal
            self.readiness = readiness
        }

        var testDescription: String { "\(updated) and \(ready - updated) older of \(minReplicas), \(goal)" }
    }

    private static let starting = Readiness.needsStart(
        reason: "0 of 1 replicas of the newest revision are ready. R: m")

    @Test(arguments: [
        Look(0, ready: 0, updated: 0, starting), Look(0, ready: 1, updated: 0, starting),
        Look(0, ready: 1, updated: 1, .ready), Look(0, ready: 0, updated: 0, goal: .declared, .ready),
        Look(1, ready: 0, updated: 0, nil), Look(1, ready: 1, updated: 0, nil), Look(1, ready: 1, updated: 1, .ready),
        Look(1, ready: 1, updated: 0, goal: .declared, nil), Look(2, ready: 3, updated: 1, nil),
        Look(2, ready: 3, updated: 2, .ready), Look(0, ready: 1, updated: 1, isReady: false, nil),
    ])
    func `a function is ready with its minimum of the declared revision, and at least one`(check: Look) throws {
        let function = try Self.function(
            condition: #"{"type":"Ready","status":"\#(check.isReady ? "True" : "False")","reason":"R","message":"m"}"#,
            minReplicas: check.minReplicas, ready: check.ready, updated: check.updated)
        let readiness = Readiness(of: function, generation: 1, goal: check.goal)
        if let expected = check.readiness {
            #expect(readiness == expected)
        } else if case .pending = readiness {
        } else {
            Issue.record("\(readiness)")
        }
    }

    @Test func `a failed rollout does not count as a rollout in progress`() throws {
        let failed = #"{"type":"RolloutFailed","status":"True","reason":"ExitedAtStart","message":"It ended."}"#
        let ready = #"{"type":"Ready","status":"True","reason":"ReplicasReady","message":"1"}"#
        let function = try Self.function(condition: "\(ready),\(failed)", minReplicas: 1, ready: 1, updated: 0)
        for goal in WaitGoal.allCases {
            #expect(
                Readiness(of: function, generation: 1, goal: goal) == .failed(reason: "ExitedAtStart: It ended."))
            guard case .pending = Readiness(of: function, generation: 2, goal: goal) else {
                Issue.record("the status of generation 1 must not count for generation 2")
                return
            }
        }
    }

    @Test func `if the server does not report updated replicas, ready replicas of any revision count`() throws {
        let condition = #"{"type":"Ready","status":"True","reason":"R","message":"m"}"#
        let function = try Self.function(condition: condition, minReplicas: 1, ready: 1, updated: nil)
        #expect(Readiness(of: function, generation: 1, goal: .ready) == .ready)
    }

    private static func function(
        condition: String, minReplicas: Int, ready: Int, updated: Int?
    ) throws -> FunctionRecord {
        let text = Sample.function(
            conditions: condition, minReplicas: minReplicas, readyReplicas: ready, updatedReadyReplicas: updated)
        return try JSONDecoder().decode(FunctionRecord.self, from: Data(text.utf8))
    }
}
