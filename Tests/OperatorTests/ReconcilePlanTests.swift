import F2SModel
import Testing

@testable import F2SOperator

@Suite struct ReconcilePlanTests {
    private let new: Revision
    private let old: Revision

    init() throws {
        new = Samples.function(try Samples.draft(version: 2)).revision
        old = Samples.function(try Samples.draft(version: 1)).revision
    }

    /// `a+3` is replica a of the current revision, accepting, with three invocations in flight. `b?` has not accepted
    /// yet. `o:c+0` is of the old revision. The platform reports `d!` as draining.
    private func plan(
        _ texts: [String], desired: Int, max: Int = 5, hasStartFailure: Bool = false,
        drainState: DrainState = DrainState(),
        isDeleted: Bool = false
    ) -> ReconcilePlan {
        var replicas: [Replica] = []
        var load: [Replica.ID: LoadReport.ReplicaLoad] = [:]
        for (order, text) in texts.enumerated() {
            let isOld = text.hasPrefix("o:")
            let rest = isOld ? text.dropFirst(2) : text[...]
            let id = Replica.ID(String(rest.prefix(1)))
            let mark = rest.dropFirst().first
            replicas.append(
                Replica(
                    id: id, function: Function.ID("hello"), revision: isOld ? old : new,
                    state: mark == "!" ? .draining : mark == "x" ? .gone : .starting, since: Double(order)))
            if mark == "+" { load[id] = .init(inFlight: Int(rest.dropFirst(2)) ?? 0, isAccepting: true) }
        }
        return ReconcilePlan(
            DesiredReplicas(
                revision: isDeleted ? nil : new, count: desired, maxReplicas: max, hasStartFailure: hasStartFailure),
            replicas: replicas, load: load, drainState: drainState)
    }

    @Test(
        arguments: [
            ([], 0, 0, 0),
            (["o:a+1"], 0, 0, 1),
            (["o:a+1", "b?"], 1, 0, 1),
            (["o:a+1", "o:b+0", "c+0"], 1, 1, 2),
            (["a+1", "b?"], 2, 1, 1),
            (["a+1", "b!"], 1, 1, 1),
            (["a+1", "b+0", "c+0"], 2, 2, 2),
        ] as [([String], Int, Int, Int)])
    func `replicas of the declared revision are counted apart from older ones`(
        replicas: [String], current: Int, currentReady: Int, ready: Int
    ) {
        let plan = plan(replicas, desired: 2)
        #expect(plan.current == current)
        #expect(plan.currentReady == currentReady)
        #expect(plan.ready == ready)
    }

    private func drains(_ plan: ReconcilePlan) -> [String] { plan.draining.map(\.text).sorted() }

    @Test(
        arguments: [
            ([], 0, 0, []),
            ([], 3, 3, []),
            (["a+0"], 3, 3, []),
            (["a+0", "b+0"], 2, 2, []),
            (["a+2", "b+0", "c+1"], 2, 2, ["b"]),
            (["a+1", "b+1", "c+1"], 1, 1, ["b", "c"]),
            (["a?", "b+0"], 1, 1, ["a"]),
            (["a?", "b?"], 1, 1, ["b"]),
            (["a+4"], 0, 0, ["a"]),
            (["a!", "b+0"], 1, 1, []),
            (["ax", "b+0"], 1, 1, []),
        ] as [([String], Int, Int, [String])])
    func `the least useful replica is stopped first`(replicas: [String], desired: Int, count: Int, draining: [String]) {
        let plan = plan(replicas, desired: desired)
        #expect(plan.count == count)
        #expect(drains(plan) == draining)
    }

    @Test(
        arguments: [
            // The first new one is started beside the old ones, which continue.
            (["o:a+1"], 1, 1, []),
            (["o:a+1", "b?"], 1, 1, []),
            // It accepts, so the old one drains.
            (["o:a+1", "b+0"], 1, 1, ["a"]),
            (["o:a+1", "o:b+0", "o:c+0"], 3, 1, []),
            (["o:a+1", "o:b+0", "o:c+0", "d?"], 3, 1, []),
            // One for one: the capacity never falls.
            (["o:a+1", "o:b+0", "o:c+0", "d+0"], 3, 1, ["c"]),
            (["o:a+1", "o:c+0", "d+0"], 3, 2, []),
            (["o:a+1", "d+0", "e+0"], 3, 3, []),
            (["o:a+1", "d+0", "e+0", "f+0"], 3, 3, ["a"]),
            // No replica is desired, so all drain at once.
            (["o:a+1", "b?"], 0, 0, ["a", "b"]),
            // An old one that never served is of no use.
            (["o:a?", "o:b+0"], 1, 1, ["a"]),
            // Fewer replicas are desired than old ones run.
            (["o:a+1", "o:b+0", "o:c+0"], 1, 1, ["b", "c"]),
            // The maximum is reached, so surplus old ones leave first.
            (["o:a+0", "o:b+0", "o:c+0", "o:d+0", "o:e+0", "o:f+0"], 5, 0, ["f"]),
        ] as [([String], Int, Int, [String])])
    func `a rollout has one replica more at most, and old ones serve until new ones do`(
        replicas: [String], desired: Int, count: Int, draining: [String]
    ) {
        let plan = plan(replicas, desired: desired)
        #expect(plan.count == count)
        #expect(drains(plan) == draining)
    }

    @Test(
        arguments: [
            ([], 3, 1, []),
            (["a?", "b?"], 3, 2, []),
            (["a+0", "b+0"], 5, 3, []),
            (["o:a+1", "o:b+1"], 2, 1, []),
            (["o:a+1"], 3, 1, []),
        ] as [([String], Int, Int, [String])])
    func `after a failed start one is tried at a time, and working replicas are left alone`(
        replicas: [String], desired: Int, count: Int, draining: [String]
    ) {
        let plan = plan(replicas, desired: desired, hasStartFailure: true)
        #expect(plan.count == count)
        #expect(drains(plan) == draining)
    }

    @Test func `ending replicas count, so that there is never more than one too many`() {
        #expect(plan(["a!", "b!", "c!"], desired: 3, max: 3).count == 1)
        #expect(plan(["a!"], desired: 1, max: 1).count == 1)
        #expect(plan(["a!", "b!"], desired: 1, max: 1).count == 0)
        // But a replica that serves never ends because of that.
        #expect(drains(plan(["a!", "b!", "c!", "d+0", "e+0"], desired: 2, max: 2)).isEmpty)
    }

    @Test func `a mark stays with its replica, and is revoked when the replica is needed again`() {
        var drainState = DrainState()
        drainState.drain([Replica.ID("a")], at: .zero)
        #expect(drains(plan(["a+9", "b+0"], desired: 1, drainState: drainState)) == ["a"])
        #expect(drains(plan(["a+9", "b+0"], desired: 2, drainState: drainState)).isEmpty)
        #expect(drains(plan(["a+0"], desired: 1, drainState: drainState)).isEmpty)
        #expect(plan(["a+0"], desired: 1, drainState: drainState).count == 1)
    }

    @Test func `a stop cannot be revoked`() {
        var drainState = DrainState()
        drainState.retire([Replica.ID("a")])
        let plan = plan(["a+0"], desired: 1, drainState: drainState)
        #expect(plan.count == 1)
        #expect(plan.current == 0)
        #expect(plan.ready == 0)
    }

    @Test func `every replica of a deleted function drains`() {
        #expect(drains(plan(["a+1", "b?", "o:c+0"], desired: 0, isDeleted: true)) == ["a", "b", "c"])
    }

    @Test func `a marked replica is stopped when it is idle or its time is over`() {
        let plan = plan(["a+1", "b+0"], desired: 0)
        let a = Replica.ID("a")
        let b = Replica.ID("b")
        let busy = [a: LoadReport.ReplicaLoad(inFlight: 1), b: .init()]
        var drainState = DrainState()
        func retirable(_ load: [Replica.ID: LoadReport.ReplicaLoad], _ seconds: Int) -> [Replica.ID] {
            plan.retirable(load: load, drainState: drainState, limit: .seconds(40), at: .seconds(seconds))
        }
        #expect(retirable([:], 100).isEmpty)
        drainState.drain([a, b], at: .seconds(100))
        #expect(retirable(busy, 100) == [b])
        #expect(retirable(busy, 139) == [b])
        #expect(retirable(busy, 140) == [a, b])
        #expect(retirable([:], 101) == [a, b])
    }
}

@Suite struct DrainStateTests {
    private let a = Replica.ID("a")
    private let b = Replica.ID("b")

    @Test func `a drain keeps its time while it lasts and loses it when it is revoked`() {
        var drainState = DrainState()
        drainState.drain([a], at: .seconds(1))
        drainState.drain([a, b], at: .seconds(2))
        #expect(drainState.draining == [a: .seconds(1), b: .seconds(2)])
        drainState.drain([b], at: .seconds(3))
        drainState.drain([a, b], at: .seconds(4))
        #expect(drainState.draining == [a: .seconds(4), b: .seconds(2)])
    }

    @Test func `a retired replica never drains again and is forgotten when it ends`() {
        var drainState = DrainState()
        drainState.drain([a, b], at: .zero)
        drainState.retire([a])
        drainState.drain([a, b], at: .zero)
        #expect(drainState.draining.keys.sorted() == [b])
        #expect(drainState.isLeaving(a))
        drainState.forget([a, b])
        #expect(drainState.leaving.isEmpty)
    }
}
