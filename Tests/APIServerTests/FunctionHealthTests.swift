import F2SModel
import Testing

@testable import F2SAPIServer

@Suite struct FunctionHealthTests {
    private func health(
        _ conditions: [Condition] = [], replicas states: [Replica.State] = [], readyInStatus: Int = 0,
        routeHolder: String? = nil
    ) throws -> FunctionHealth {
        let function = Function(
            id: Function.ID("hello"), draft: try .sample("hello"), generation: 1, storeRevision: StoreRevision("1"),
            age: 1, origin: Function.Origin(location: "test", isWritable: true),
            status: FunctionStatus(readyReplicas: readyInStatus, conditions: conditions))
        let replicas = states.enumerated().map { number, state in
            Replica(
                id: Replica.ID("r\(number)"), function: function.id, revision: function.revision, state: state,
                since: 0)
        }
        return FunctionHealth(
            of: function, ReplicaSnapshot.Entry(replicas: replicas), routeHolder: try routeHolder.map { try .init($0) })
    }

    private func condition(_ kind: Condition.Kind, _ isTrue: Bool = true, reason: String = "R") -> Condition {
        Condition(kind, isTrue: isTrue, reason: reason, message: "\(kind.rawValue) message", since: 0)
    }

    @Test(arguments: [
        Condition.Kind.routeConflict, .refused, .rolloutFailed, .startFailed, .noCommand,
    ])
    func `a failure condition needs attention even if a replica is ready`(kind: Condition.Kind) throws {
        let ready = condition(.ready, false, reason: kind.rawValue)
        let health = try health([ready, condition(kind)], replicas: [.ready])
        #expect(health.state == .attention)
        #expect(health.reason == kind.rawValue)
        #expect(health.message == "\(kind.rawValue) message")
        #expect(health.ready == 1)
        #expect(try self.health([condition(.ready), condition(kind, false)], replicas: [.ready]).state == .ready)
    }

    @Test func `a route conflict is shown before the operator has written it`() throws {
        let health = try health(routeHolder: "older")
        #expect(health.state == .attention)
        #expect(health.reason == "RouteConflict")
        #expect(health.message.hasPrefix("older is older"))
    }

    @Test func `a function that is not ready needs attention unless it starts or rolls out`() throws {
        let failed = try health([condition(.ready, false, reason: "Exited"), condition(.progressing)])
        #expect(failed.state == .attention && failed.reason == "Exited" && failed.message == "Ready message")
        let starting = try health([condition(.ready, false, reason: "Starting"), condition(.progressing)])
        #expect(starting.state == .starting && starting.message == "Progressing message")
        let rolling = try health(
            [condition(.ready, false, reason: "RollingOut"), condition(.progressing)], replicas: [.ready, .starting])
        #expect(rolling.state == .ready && rolling.reason == "RollingOut")
        #expect(rolling.ready == 1 && rolling.starting == 1)
    }

    @Test func `zero replicas are healthy`() throws {
        let idle = try health([condition(.ready, reason: "ScaledToZero")])
        #expect(idle.state == .idle && idle.reason == "ScaledToZero" && idle.message == "")
        #expect(try health().state == .idle)
        #expect(try health(replicas: [.draining, .gone]).state == .idle)
    }

    @Test func `a replica that the dispatcher uses already is ready, and one that is gone is not`() throws {
        #expect(try health(replicas: [.starting]).state == .starting)
        let used = try health(replicas: [.starting, .starting], readyInStatus: 1)
        #expect(used.state == .ready && used.ready == 1 && used.starting == 1)
        // The status is older than the replicas.
        #expect(try health(replicas: [], readyInStatus: 1).state == .idle)
        #expect(try health(replicas: [.ready], readyInStatus: 0).ready == 1)
    }
}
