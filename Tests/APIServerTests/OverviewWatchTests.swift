import F2SMetrics
import F2SModel
import Testing

@testable import F2SAPIServer

@Suite struct OverviewWatchTests {
    private var functions = FunctionSnapshot()
    private var replicas = ReplicaSnapshot()
    private var index = OverviewIndex()
    private var series = TimeSeriesStore(after: 0)

    private mutating func declare(_ names: String..., removing removed: String...) throws {
        let changed = try names.map { name in
            Function(
                id: Function.ID(name), draft: try .sample(name), generation: 1, storeRevision: StoreRevision("1"),
                age: 1, origin: Function.Origin(location: "test", isWritable: true))
        }
        functions.update(changed, removing: Set(removed.map { Function.ID($0) }), rejections: [])
        index.update(to: functions, replicas)
    }

    private mutating func run(_ name: String) {
        let replica = Replica(
            id: Replica.ID("r"), function: Function.ID(name), revision: Revision(text: "r"), state: .ready, since: 0)
        replicas[Function.ID(name)] = ReplicaSnapshot.Entry(replicas: [replica])
        index.update(to: functions, replicas)
    }

    private func watch(_ names: String..., for principal: Principal = .anonymous) throws -> OverviewWatch {
        OverviewWatch(try names.map { try FunctionName($0) }, for: principal)
    }

    @Test mutating func `the first event contains every named function and the numbers`() throws {
        try declare("a", "b", "c")
        var watch = try watch("b", "a", "missing")
        let event1 = watch.changes(in: index, series)
        let first = try #require(event1)
        #expect(first.items.map(\.name) == ["b", "a"])
        #expect(first.removed == ["missing"])
        #expect(first.total == 3 && first.counts.idle == 3)
        let event2 = watch.changes(in: index, series)
        #expect(event2 == nil)
        var nameless = try self.watch()
        let event3 = nameless.changes(in: index, series)
        #expect(try #require(event3).total == 3)
        let event4 = nameless.changes(in: index, series)
        #expect(event4 == nil)
    }

    @Test mutating func `a later event contains only what differs`() throws {
        try declare("a", "b")
        var watch = try watch("a", "b")
        _ = watch.changes(in: index, series)
        run("b")
        let event5 = watch.changes(in: index, series)
        let started = try #require(event5)
        #expect(started.items.map(\.name) == ["b"])
        #expect(started.items.first?.health.state == .ready)
        #expect(started.removed.isEmpty && started.counts.ready == 1 && started.counts.idle == 1)
        try declare(removing: "a")
        let event6 = watch.changes(in: index, series)
        let removed = try #require(event6)
        #expect(removed.items.isEmpty && removed.removed == ["a"] && removed.total == 1)
        let event7 = watch.changes(in: index, series)
        #expect(event7 == nil)
        try declare("a")
        let event8 = watch.changes(in: index, series)
        #expect(try #require(event8).items.map(\.name) == ["a"])
    }

    @Test mutating func `a function that is not named changes the numbers only`() throws {
        try declare("a", "b")
        var watch = try watch("a")
        _ = watch.changes(in: index, series)
        run("b")
        let event9 = watch.changes(in: index, series)
        let changes = try #require(event9)
        #expect(changes.items.isEmpty && changes.counts.ready == 1)
    }

    @Test mutating func `traffic is a change of the function's row`() throws {
        try declare("a", "b")
        var watch = try watch("a", "b")
        _ = watch.changes(in: index, series)
        var activity = FunctionActivity(function: Function.ID("b"))
        activity.counts.responses[.successful] = 5
        series.record([FunctionSample(activity, slots: nil, desired: 0, ready: 0)], at: 1)
        let event10 = watch.changes(in: index, series)
        let changes = try #require(event10)
        #expect(changes.items.map(\.traffic.rate) == [0.5])
        // A step without traffic moves the rates on, until none is left.
        series.record([], at: 2)
        let event11 = watch.changes(in: index, series)
        #expect(event11?.items.map(\.name) == ["b"])
        series.record([], at: 100)
        let event12 = watch.changes(in: index, series)
        #expect(event12?.items.map(\.traffic.rate) == [0])
        series.record([], at: 101)
        let event13 = watch.changes(in: index, series)
        #expect(event13 == nil)
    }

    @Test mutating func `a function that the caller may not read is like one that does not exist`() throws {
        try declare("team-a-x", "team-b-x")
        let ann = Principal(name: "ann", grants: [try Grant("functions:list@team-a-*", field: "test")])
        var watch = try watch("team-a-x", "team-b-x", "team-b-y", for: ann)
        let event14 = watch.changes(in: index, series)
        let first = try #require(event14)
        #expect(first.items.map(\.name) == ["team-a-x"])
        #expect(first.removed == ["team-b-x", "team-b-y"])
        #expect(first.total == 1)
        run("team-b-x")
        let event15 = watch.changes(in: index, series)
        #expect(event15 == nil)
    }
}
