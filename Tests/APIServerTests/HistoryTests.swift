import F2SModel
import TestSupport
import Testing

@testable import F2SAPIServer

/// The history of declarations.
@Suite(.timeLimit(.minutes(1))) struct HistoryTests {
    private static let hello = Function.ID("memory-hello")
    private static let ann = ["Authorization": "Bearer functions:list,functions:update,functions:create"]

    private func options() throws -> TestServer.Options {
        TestServer.Options(functions: [try .sample("hello")], authenticator: StubAuthenticator())
    }

    private func items(_ server: TestServer, _ name: String = "hello") async throws -> [JSON] {
        let answer = try await server.send("GET", "/functions/\(name)/history", headers: Self.ann)
        #expect(answer.status == 200, "\(answer.body)")
        return try answer.json["items"]?.items ?? []
    }

    /// Replaces the declaration, and waits until the change is recorded.
    private func change(_ server: TestServer, command: String, generation: Int) async throws {
        let text = manifest("hello").replacing("[\"true\"]", with: "[\"\(command)\"]")
        let answer = try await server.send("PUT", "/functions/hello", yaml: text, headers: Self.ann)
        #expect(answer.status == 200)
        try await eventually("the change is recorded") {
            server.archive.currentHistory(of: Self.hello).records.last?.generation == generation
        }
    }

    @Test func `a function that was never changed has one declaration`() async throws {
        try await TestServer.with(try options()) { server in
            let items = try await items(server)
            #expect(items.count == 1)
            #expect(items[0]["generation"] == 1 && items[0]["isCurrent"] == true && items[0]["hasServed"] == false)
            #expect(items[0]["changedAt"] == "null" && items[0]["changedBy"] == "null")
            #expect(server.archive.currentHistory(of: Self.hello).records.isEmpty)
        }
    }

    @Test func `each change is listed with its time and its caller, the newest first`() async throws {
        try await TestServer.with(try options()) { server in
            try await change(server, command: "second", generation: 2)
            try await change(server, command: "third", generation: 3)
            let items = try await items(server)
            #expect(items.map { $0["generation"] } == [3, 2, 1])
            #expect(items.map { $0["isCurrent"] } == [true, false, false])
            #expect(items.map { $0["changedBy"] } == ["ann", "ann", "null"])
            #expect(items[0]["changedAt"]?.text?.hasSuffix("Z") == true)
            #expect(Set(items.map { $0["revision"] }).count == 3)
        }
    }

    @Test func `an earlier declaration can be read and restored`() async throws {
        try await TestServer.with(try options()) { server in
            try await change(server, command: "second", generation: 2)
            for (generation, command) in [(1, "true"), (2, "second")] {
                let path = "/functions/hello/history/\(generation)"
                let json = try await server.send("GET", path, headers: Self.ann)
                #expect(json.status == 200 && json.headers["content-type"] == "application/json")
                #expect(try json.json["target"]?["command"] == [.string(command)])
                #expect(try json.json["status"] == nil)
                let yaml = try await server.send("GET", path + "?output=yaml", headers: Self.ann)
                #expect(yaml.headers["content-type"] == "application/yaml")
                #expect(yaml.body.contains("kind: Function\n"))
            }
            let first = try await server.send("GET", "/functions/hello/history/1?output=yaml", headers: Self.ann)
            let restored = try await server.send("PUT", "/functions/hello", yaml: first.body, headers: Self.ann)
            #expect(restored.status == 200)
            #expect(try restored.json["metadata"]?["generation"] == 3)
            #expect(try restored.json["target"]?["command"] == ["true"])
        }
    }

    @Test(arguments: ["0", "2", "-1", "x", "99999999999999999999", "%0A"])
    func `a declaration that is not remembered is not found`(number: String) async throws {
        try await TestServer.with(try options()) { server in
            let answer = try await server.send("GET", "/functions/hello/history/\(number)", headers: Self.ann)
            #expect(answer.status == 404)
        }
    }

    @Test func `the last good declaration is the newest whose replica became ready`() async throws {
        try await TestServer.with(try options()) { server in
            let replicas = server.memory.replicas
            func function() throws -> Function { try #require(server.memory.functions.current.functions.first) }
            try await replicas.apply(try function(), .fixed(1), retiring: [])
            try await eventually("the first declaration serves") {
                try await items(server)[0]["isServing"] == true
            }
            try await change(server, command: "second", generation: 2)
            try await eventually("only the first declaration has served") {
                try await items(server).map { $0["hasServed"] } == [false, true]
            }
            #expect(try await items(server).map { $0["isServing"] } == [false, true])
            #expect(server.archive.currentHistory(of: Self.hello).lastGood?.generation == 1)
            let old = replicas.current[Self.hello].replicas.map(\.id)
            try await replicas.apply(try function(), .fixed(1), retiring: old)
            try await eventually("the second one has served") {
                server.archive.currentHistory(of: Self.hello).lastGood?.generation == 2
            }
        }
    }

    @Test func `a function that a caller declares is recorded, and one that is deleted is forgotten`() async throws {
        try await TestServer.with(try options()) { server in
            let created = try await server.send("POST", "/functions", yaml: manifest("other"), headers: Self.ann)
            #expect(created.status == 201)
            let id = Function.ID("memory-other")
            try await eventually("it is recorded") {
                server.archive.currentHistory(of: id).records.first?.changedBy == "ann"
            }
            try await server.memory.functions.delete(try FunctionName("other"), ifRevision: nil)
            try await eventually("it is forgotten") { server.archive.currentHistory(of: id).records.isEmpty }
        }
    }

    @Test func `a restart is no change of the declaration`() async throws {
        try await TestServer.with(try options()) { server in
            _ = try await server.memory.functions.restart(try FunctionName("hello"))
            try await change(server, command: "second", generation: 2)
            #expect(server.archive.currentHistory(of: Self.hello).records.map(\.generation) == [1, 2])
        }
    }

    @Test func `a change by another client has the platform's time and name, or the time of its discovery`()
        async throws
    {
        try await TestServer.with(try options()) { server in
            server.archive.setEdit(Function.Edit(time: 86_400, user: "kubectl-edit"), of: Self.hello)
            let changed = try FunctionDraft.sample("hello").with { $0.target.command = ["second"] }
            _ = try await server.memory.functions.replace(changed, ifRevision: nil)
            try await eventually("the change is recorded") {
                server.archive.currentHistory(of: Self.hello).records.count == 2
            }
            let item = try await items(server)[0]
            #expect(item["changedAt"] == "1970-01-02T00:00:00.000Z" && item["changedBy"] == "kubectl-edit")
            server.archive.fail(with: .unavailable("no answer"))
            let third = changed.with { $0.target.command = ["third"] }
            _ = try await server.memory.functions.replace(third, ifRevision: nil)
            try await eventually("the change is recorded") {
                server.archive.currentHistory(of: Self.hello).records.count == 3
            }
            #expect(server.archive.currentHistory(of: Self.hello).records.last?.changedAt == 1_700_000_000)
            let answer = try await server.send("GET", "/functions/hello/history", headers: Self.ann)
            #expect(answer.status == 503)
        }
    }
}
