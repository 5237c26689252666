import F2SModel
import Testing

@testable import F2SConfig

@Suite struct DeclarationLogTests {
    private let log = DeclarationLog(url: { "http://h:1/invoke\($0.route)" })

    private func function(
        _ name: String, route: String? = nil, location: String? = nil, method: Function.Method? = nil,
        restartedAt: String? = nil
    ) throws -> Function {
        Function(
            id: Function.ID(name),
            draft: FunctionDraft(
                name: try FunctionName(name), route: try Route(route ?? name), method: method,
                target: Target(command: ["x"])),
            generation: 1, storeRevision: StoreRevision("1"), age: 1,
            origin: Function.Origin(
                location: location ?? "\(name).yaml", line: 3, isWritable: true, restartedAt: restartedAt)
        )
    }

    @Test func `each declaration, change and removal is logged as one line with file and URL`() throws {
        let old = FunctionSnapshot(functions: [
            try function("gone"), try function("moved"), try function("same"), try function("edited"),
            try function("again"),
        ])
        var same = try function("same")
        same.status.readyReplicas = 5
        let new = FunctionSnapshot(functions: [
            same, try function("moved", location: "sub/moved.yaml"), try function("edited", route: "/other"),
            try function("new", method: .get), try function("again", restartedAt: "now"),
        ])
        #expect(
            Set(log.lines(from: old, to: new, isFirst: false)) == [
                "Function moved has changed (sub/moved.yaml:3): http://h:1/invoke/moved",
                "Function edited has changed (edited.yaml:3): http://h:1/invoke/other",
                "Function again is restarted (again.yaml:3).",
                "Function new is declared (new.yaml:3): GET http://h:1/invoke/new",
                "Function gone is not declared any more (gone.yaml:3).",
            ])
        #expect(log.lines(from: new, to: new, isFirst: false).isEmpty)
    }

    @Test func `the functions of a large first state are not listed`() throws {
        let few = FunctionSnapshot(functions: try (0..<DeclarationLog.listedMax).map { try function("f\($0)") })
        #expect(log.lines(from: FunctionSnapshot(), to: few, isFirst: true).count == DeclarationLog.listedMax)
        let many = FunctionSnapshot(functions: few.functions + [try function("one-more")])
        #expect(log.lines(from: FunctionSnapshot(), to: many, isFirst: true).isEmpty)
        #expect(log.lines(from: few, to: many, isFirst: false).count == 1)
    }
}
