import F2SModel
import Testing

@Suite struct RouteConflictTests {
    private func function(_ name: String, age: UInt64, _ route: String, _ method: Function.Method?) throws -> Function {
        Function(
            id: Function.ID(name),
            draft: FunctionDraft(
                name: try FunctionName(name), route: try Route(route), method: method, target: Target(image: "x")),
            generation: 1, storeRevision: StoreRevision("1"), age: age,
            origin: Function.Origin(location: name, isWritable: true))
    }

    /// Returns the functions that lost their route, with the holder of it.
    private func losers(_ snapshot: FunctionSnapshot) -> [Function.ID: Function.ID] {
        Dictionary(
            uniqueKeysWithValues: snapshot.functions.compactMap { function in
                snapshot.routeHolder(of: function).map { (function.id, $0.id) }
            })
    }

    @Test func `the oldest function keeps a route, and all newer ones lose it`() throws {
        let snapshot = FunctionSnapshot(functions: [
            try function("newest", age: 9, "/a", .get), try function("newer", age: 5, "/a", .get),
            try function("older", age: 1, "/a/", .get),
        ])
        let older = Function.ID("older")
        #expect(losers(snapshot) == [Function.ID("newer"): older, Function.ID("newest"): older])
        #expect(snapshot.functions.map(\.name.text) == ["older", "newer", "newest"])
    }

    @Test func `functions with different methods or paths are not in conflict`() throws {
        let snapshot = FunctionSnapshot(functions: [
            try function("a", age: 1, "/a", .get), try function("b", age: 2, "/a", .post),
            try function("c", age: 3, "/a", nil),
            try function("d", age: 4, "/a/b", .get), try function("e", age: 5, "/A", .get),
        ])
        #expect(losers(snapshot).isEmpty)
    }

    @Test func `two functions that answer any method are in conflict`() throws {
        let snapshot = FunctionSnapshot(functions: [
            try function("a", age: 1, "/a", nil), try function("b", age: 2, "/a", nil),
        ])
        #expect(losers(snapshot) == [Function.ID("b"): Function.ID("a")])
    }

    @Test func `the holder of a route is found also for a function that is not in the snapshot`() throws {
        let older = try function("older", age: 3, "/a", .get)
        let snapshot = FunctionSnapshot(functions: [older, try function("other", age: 1, "/a", .post)])
        #expect(snapshot.routeHolder(of: older) == nil)
        #expect(snapshot.routeHolder(of: try function("new", age: 9, "/a/", .get))?.id == older.id)
        #expect(snapshot.routeHolder(of: try function("new", age: 9, "/a", nil)) == nil)
        #expect(snapshot.routeHolder(of: try function("moved", age: 2, "/a", .get)) == nil)
    }

    @Test func `a rejection is written in the form of compiler errors`() {
        #expect(Rejection(location: "f", line: 1, column: 2, message: "m").description == "f:1:2: m")
        #expect(Rejection(location: "f", message: "m").description == "f: m")
    }
}
