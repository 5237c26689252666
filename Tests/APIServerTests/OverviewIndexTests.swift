import F2SMetrics
import F2SModel
import Testing

@testable import F2SAPIServer

@Suite struct OverviewIndexTests {
    private let everybody = Principal.anonymous

    private func function(
        _ name: String, route: String? = nil, age: UInt64 = 1, summary: String = "", _ status: FunctionStatus = .init()
    ) throws -> Function {
        Function(
            id: Function.ID(name), draft: try FunctionDraft.sample(name, route: route).with { $0.summary = summary },
            generation: 1, storeRevision: StoreRevision("\(age)"), age: age,
            origin: Function.Origin(location: "test", isWritable: true), status: status)
    }

    private func replica(_ function: String, _ state: Replica.State = .ready, number: Int = 1) -> Replica {
        Replica(
            id: Replica.ID("\(function)-\(number)"), function: Function.ID(function), revision: Revision(text: "r"),
            state: state, since: 0)
    }

    private func index(_ functions: [Function], _ replicas: [Replica] = []) -> OverviewIndex {
        var index = OverviewIndex()
        index.update(to: FunctionSnapshot(functions: functions), ReplicaSnapshot(replicas: replicas))
        return index
    }

    private func names(
        _ index: OverviewIndex, _ series: TimeSeriesStore = TimeSeriesStore(after: 0), for principal: Principal? = nil,
        _ change: (inout OverviewQuery) -> Void = { _ in }
    ) -> [String] {
        var query = OverviewQuery()
        change(&query)
        return index.page(query, for: principal ?? everybody, series).items.map(\.name)
    }

    private static let failed = FunctionStatus(conditions: [
        Condition(.startFailed, isTrue: true, reason: "Exited", message: "No.", since: 0)
    ])

    @Test func `functions are sorted by each member, and a tie by name`() throws {
        let functions = [
            try function("delta", route: "/a", age: 1), try function("alpha", route: "/d", age: 2, Self.failed),
            try function("charlie", route: "/b", age: 3), try function("bravo", route: "/c", age: 4),
        ]
        let index = index(
            functions,
            [replica("bravo"), replica("charlie"), replica("charlie", number: 2), replica("delta", .starting)])
        var series = TimeSeriesStore(after: 0)
        let histogram = Histogram(bounds: Histogram.Bounds([1]))
        histogram.observe(nanoseconds: 1)
        series.record(
            [("bravo", UInt32(5)), ("delta", 9)].map { name, count in
                var activity = FunctionActivity(
                    function: Function.ID(name), counts: RequestCounts(duration: histogram.reading))
                activity.counts.responses[.successful] = count
                activity.lastColdStart = .seconds(Int(count))
                return FunctionSample(activity, slots: nil, desired: 0, ready: 0)
            }, at: 1)
        let expected: [(OverviewQuery.Sort, ascending: [String], descending: [String])] = [
            (.name, ["alpha", "bravo", "charlie", "delta"], ["delta", "charlie", "bravo", "alpha"]),
            (.endpoint, ["delta", "charlie", "bravo", "alpha"], ["alpha", "bravo", "charlie", "delta"]),
            (.state, ["alpha", "delta", "bravo", "charlie"], ["bravo", "charlie", "delta", "alpha"]),
            (.replicas, ["alpha", "delta", "bravo", "charlie"], ["charlie", "bravo", "alpha", "delta"]),
            (.rate, ["alpha", "charlie", "bravo", "delta"], ["delta", "bravo", "alpha", "charlie"]),
            // Functions without a value come last in both directions.
            (.p95, ["bravo", "delta", "alpha", "charlie"], ["bravo", "delta", "alpha", "charlie"]),
            (.coldStart, ["bravo", "delta", "alpha", "charlie"], ["delta", "bravo", "alpha", "charlie"]),
        ]
        for (sort, ascending, descending) in expected {
            #expect(names(index, series) { $0.sort = sort } == ascending, "\(sort)")
            #expect(
                names(index, series) {
                    $0.sort = sort
                    $0.order = .descending
                } == descending, "\(sort)")
        }
    }

    @Test func `a page contains the functions after the offset, and counts of all of them`() throws {
        let index = index(
            try (0..<100).map { number in
                try function("f\(100 + number)", age: UInt64(number), number < 3 ? Self.failed : FunctionStatus())
            }, [replica("f199"), replica("f198", .starting)])
        for sort in OverviewQuery.Sort.allCases {
            var query = OverviewQuery()
            (query.sort, query.offset, query.limit) = (sort, 2, 4)
            var all = query
            (all.offset, all.limit) = (0, 500)
            let series = TimeSeriesStore(after: 0)
            let page = index.page(query, for: everybody, series)
            #expect(page.items == Array(index.page(all, for: everybody, series).items[2..<6]), "\(sort)")
            #expect((page.total, page.matching, page.offset) == (100, 100, 2))
            #expect(FunctionHealth.State.allCases.map { page.counts[$0] } == [3, 1, 1, 95])
        }
        #expect(names(index) { $0.offset = 98 } == ["f198", "f199"])
        #expect(names(index) { $0.offset = 1000 } == [])
    }

    @Test func `the filter finds names, endpoints and descriptions in any letter case`() throws {
        let index = index([
            try function("shop-cart", route: "/Shop/cart", age: 1),
            try function("mailer", route: "/mail", age: 2, summary: "Sends letters of the SHOP, größer als Ä"),
            try function("other", route: "/other", age: 3, Self.failed),
        ])
        for (text, expected) in [
            ("", ["mailer", "other", "shop-cart"]), ("ShOp", ["mailer", "shop-cart"]), ("/sHop/C", ["shop-cart"]),
            ("letters of", ["mailer"]), ("GRÖSSER", []), ("GRÖßER ALS ä", ["mailer"]), ("shop-cart-of", []),
            ("er", ["mailer", "other"]),
        ] {
            var query = OverviewQuery()
            query.filter = TextFilter(text)
            let page = index.page(query, for: everybody, TimeSeriesStore(after: 0))
            #expect(page.items.map(\.name) == expected, "\(text)")
            #expect((page.total, page.matching) == (3, expected.count))
            #expect(page.counts.total == expected.count)
            #expect(page.counts.attention == (expected.contains("other") ? 1 : 0))
            query.state = .attention
            let failed = index.page(query, for: everybody, TimeSeriesStore(after: 0))
            #expect(failed.counts == page.counts)
            #expect(failed.matching == page.counts.attention)
        }
    }

    @Test func `a caller sees the functions that it may read, and rejections only if it may read all`() throws {
        var index = OverviewIndex()
        let rejections = (0..<30).map { Rejection(location: "bad\($0).yaml", line: 3, message: "no") }
        index.update(
            to: FunctionSnapshot(
                functions: [try function("team-a-x", age: 1), try function("team-b-x", age: 2)],
                rejections: rejections), ReplicaSnapshot())
        let some = Principal(name: "ann", grants: [try Grant("functions:list@team-a-*", field: "test")])
        let page = index.page(OverviewQuery(), for: some, TimeSeriesStore(after: 0))
        #expect(page.items.map(\.name) == ["team-a-x"])
        #expect(page.total == 1 && page.counts.idle == 1 && page.rejections.isEmpty)
        #expect(index.counts(for: some).total == 1)
        let all = index.page(OverviewQuery(), for: everybody, TimeSeriesStore(after: 0))
        #expect(all.total == 2)
        #expect(all.rejections.map(\.location) == (0..<20).map { "bad\($0).yaml" })
        let hidden = try FunctionName("team-b-x")
        #expect(index.row(of: hidden, for: some, TimeSeriesStore(after: 0)) == nil)
        #expect(index.row(of: hidden, for: everybody, TimeSeriesStore(after: 0))?.name == "team-b-x")
    }

    @Test func `an index that follows the changes equals a new one`() throws {
        var random = SplitMix64(seed: 7)
        var (functions, replicas) = (FunctionSnapshot(), ReplicaSnapshot())
        var index = OverviewIndex()
        for pass in 0..<300 {
            let names = (0..<Int(random.next() % 5)).map { _ in "f\(random.next() % 40)" }
            // Some functions claim one route, so that the state of one depends on another.
            let changed = try Set(names).map { name in
                let route = random.next() % 4 == 0 ? "/shared" : "/\(name)"
                let status = random.next() % 3 == 0 ? Self.failed : FunctionStatus()
                return try function(name, route: route, age: UInt64(name.dropFirst()) ?? 0, status)
            }
            let removed = Set((0..<Int(random.next() % 4)).map { _ in Function.ID("f\(random.next() % 40)") })
                .subtracting(changed.map(\.id))
            functions.update(changed, removing: removed, rejections: [])
            let moved = "f\(random.next() % 40)"
            replicas[Function.ID(moved)] = ReplicaSnapshot.Entry(
                replicas: random.next() % 2 == 0 ? [] : [replica(moved, random.next() % 2 == 0 ? .ready : .starting)])
            index.update(to: functions, replicas)
            let fresh = self.index(Array(functions.functions), replicas.replicas)
            var query = OverviewQuery()
            query.limit = 500
            let series = TimeSeriesStore(after: 0)
            let followed = index.page(query, for: everybody, series)
            let expected = fresh.page(query, for: everybody, series)
            #expect(followed.items == expected.items, "pass \(pass) of seed 7")
            #expect(followed.counts == expected.counts, "pass \(pass) of seed 7")
        }
    }

    @Test func `an update without changes keeps the revision`() throws {
        let functions = FunctionSnapshot(functions: [try function("a")])
        var index = OverviewIndex()
        index.update(to: functions, ReplicaSnapshot())
        let revision = index.revision
        index.update(to: functions, ReplicaSnapshot())
        // Another store's snapshot of the same functions is no change either.
        index.update(to: FunctionSnapshot(functions: [try function("a")]), ReplicaSnapshot())
        #expect(index.revision == revision)
        index.update(to: functions, ReplicaSnapshot(replicas: [replica("a")]))
        #expect(index.revision == revision + 1)
    }

    @Test func `a row names the source of the function's program`() throws {
        let draft = try FunctionDraft.sample("f")
        for (change, kind): ((inout Target) -> Void, OverviewRow.Kind) in [
            ({ _ in }, .command), ({ $0.image = "registry/f:1" }, .image),
            ({ $0.source = SourceCode(runtime: .python, files: ["handler.py": ""]) }, .source),
        ] {
            let function = Function(
                id: Function.ID("f"), draft: draft.with { change(&$0.target) }, generation: 1,
                storeRevision: StoreRevision("1"), age: 1, origin: Function.Origin(location: "test", isWritable: true))
            let index = index([function])
            let page = index.page(OverviewQuery(), for: everybody, TimeSeriesStore(after: 0))
            #expect(page.items.map(\.kind) == [kind])
        }
    }

    @Test(arguments: [0, 1, 5, 24, 25, 99, 100, 200])
    func `the smallest elements are those of the sorted array`(count: Int) {
        var random = SplitMix64(seed: 3)
        let numbers = (0..<100).map { _ in Int(random.next() % 50) }
        for sample in [numbers, numbers.sorted(), numbers.sorted(by: >)] {
            #expect(sample.min(count: count, sortedBy: <) == Array(sample.sorted().prefix(count)))
        }
    }
}
