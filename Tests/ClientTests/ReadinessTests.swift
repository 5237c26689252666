import FoundationEssentials
import Testing

@testable import F2SClient

@Suite struct ReadinessTests {
    /// A look at a function, and what it says.
    struct Look: Sendable, CustomTestStringConvertible {
        let minReplicas: Int
        let readyReplicas: Int
        /// Reason of the condition Ready, which is true.
        let reason: String
        let readiness: Readiness

        init(_ minReplicas: Int, _ readyReplicas: Int, _ reason: String, _ readiness: Readiness) {
            self.minReplicas = minReplicas
            self.readyReplicas = readyReplicas
            self.reason = reason
            self.readiness = readiness
        }

        var testDescription: String { "\(readyReplicas) of \(minReplicas), \(reason)" }
    }

    @Test(arguments: [
        Look(0, 0, "ScaledToZero", .ready), Look(0, 0, "Starting", .ready), Look(0, 1, "ReplicasReady", .ready),
        Look(1, 0, "Starting", .pending(reason: "Starting: m")), Look(1, 1, "ReplicasReady", .ready),
        Look(2, 1, "ReplicasReady", .pending(reason: "ReplicasReady: m")), Look(2, 3, "ReplicasReady", .ready),
    ])
    func `ready is who has its minimum, whatever the condition promises`(look: Look) throws {
        let condition = #"{"type":"Ready","status":"True","reason":"\#(look.reason)","message":"m"}"#
        let text = Sample.function(
            conditions: condition, minReplicas: look.minReplicas, readyReplicas: look.readyReplicas)
        let function = try JSONDecoder().decode(FunctionRecord.self, from: Data(text.utf8))
        #expect(Readiness(of: function, generation: 1) == look.readiness)
    }
}
