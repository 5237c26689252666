import F2SModel
import Testing

@Suite struct FunctionHistoryTests {
    private func record(
        _ generation: Int, served: Bool = false, user: String? = nil, time: Double? = nil, bytes: Int = 10,
        version: String? = nil
    ) throws -> DeclarationRecord {
        let function = Function(
            id: Function.ID("f"),
            draft: FunctionDraft(name: try FunctionName("f"), route: try Route("/f"), target: Target(command: ["x"])),
            generation: generation, storeRevision: StoreRevision(version ?? "v\(generation)"), age: 1,
            origin: Function.Origin(location: "f", isWritable: true))
        return DeclarationRecord(
            function, edit: time.map { Function.Edit(time: $0, user: user) }, hasServed: served,
            manifest: String(repeating: "m", count: bytes))
    }

    @Test func `the last twenty declarations are kept`() throws {
        let history = FunctionHistory(try (1...25).map { try record($0) })
        #expect(history.records.map(\.generation) == Array(6...25))
        #expect(history.record(of: 6) != nil && history.record(of: 5) == nil)
    }

    @Test func `the last good declaration is kept beyond the bounds`() throws {
        var history = FunctionHistory([try record(1, served: true), try record(2, served: true)])
        for generation in 3...30 { history.add(try record(generation)) }
        #expect(history.records.map(\.generation) == [2] + Array(12...30))
        #expect(history.lastGood?.generation == 2)
        let served1 = history.markServed(30)
        #expect(served1)
        history.add(try record(31))
        #expect(history.lastGood?.generation == 30 && history.record(of: 2) == nil)
    }

    @Test func `large declarations displace older ones, but not the newest`() throws {
        let half = FunctionHistory.bytesMax / 2
        var history = FunctionHistory([try record(1), try record(2, bytes: half), try record(3, bytes: half)])
        #expect(history.records.map(\.generation) == [2, 3])
        history.add(try record(4, bytes: 3 * half))
        #expect(history.records.map(\.generation) == [4] && history.bytes == 3 * half)
    }

    @Test func `the same declaration is joined, and what is known of it stays`() throws {
        var history = FunctionHistory([try record(1, served: true, user: "ann", time: 5)])
        history.add(try record(1))
        history.add(try record(1, user: nil, time: 9))
        let only = try #require(history.records.first)
        #expect(history.records.count == 1 && only.hasServed && only.changedBy == "ann" && only.changedAt == 5)
        var other = FunctionHistory([try record(1)])
        other.add(try record(1, user: "bob", time: 7))
        #expect(other.records.first?.changedBy == "bob" && other.records.first?.changedAt == 7)
    }

    @Test func `a count that begins again forgets the numbers that it uses again`() throws {
        var history = FunctionHistory(try (1...5).map { try record($0) })
        history.add(try record(3, version: "other"))
        #expect(history.records.map(\.generation) == [1, 2, 3])
        #expect(history.records.last?.storeRevision == "other")
    }

    @Test func `serving is noted once, and only of a known declaration`() throws {
        var history = FunctionHistory([try record(1)])
        #expect(history.lastGood == nil)
        let served2 = history.markServed(2)
        #expect(!served2)
        let served3 = history.markServed(1)
        #expect(served3 && history.lastGood?.generation == 1)
        let served4 = history.markServed(1)
        #expect(!served4)
    }

    @Test func `a collection forgets the histories that were changed least recently`() throws {
        var all = HistoryCollection(bytesMax: 100)
        for name in ["a", "b", "c"] { all[Function.ID(name)] = FunctionHistory([try record(1, bytes: 30)]) }
        all[Function.ID("a")] = FunctionHistory([try record(1, bytes: 40)])
        #expect(all.functions == [Function.ID("a"), Function.ID("b"), Function.ID("c")])
        all[Function.ID("d")] = FunctionHistory([try record(1, bytes: 30)])
        #expect(all.functions == [Function.ID("a"), Function.ID("c"), Function.ID("d")])
        all[Function.ID("large")] = FunctionHistory([try record(1, bytes: 500)])
        #expect(all.functions == [Function.ID("large")])
        all[Function.ID("large")] = FunctionHistory()
        #expect(all.functions.isEmpty && all[Function.ID("large")].records.isEmpty)
    }
}
