import F2SManifest
import F2SModel
import TestSupport
import Testing

@testable import F2SAPIServer

/// `POST /manifests`.
@Suite struct ManifestRoutesTests {
    private func check(
        _ server: TestServer, _ text: String, grants: String? = nil, type: String = "application/yaml"
    ) async throws -> JSON {
        var headers = ["Content-Type": type]
        headers["Authorization"] = grants.map { "Bearer \($0)" }
        let answer = try await server.send("POST", "/manifests", headers: headers, body: text)
        #expect(answer.status == 200 && answer.headers["content-type"] == "application/json", "\(answer.body)")
        return try answer.json
    }

    @Test func `a declaration is normalized, compared, and not stored`() async throws {
        try await TestServer.with(.init(functions: [.sample("hello")])) { server in
            let json = try await check(server, manifest("hello", endpoint: "hello/", maxReplicas: 7))
            #expect(json["errors"] == [] && json["name"] == "hello" && json["exists"] == true)
            #expect(json["yaml"]?.text?.contains("endpoint: /hello\n") == true)
            #expect(json["json"]?["target"]?["maxReplicas"] == 7)
            #expect(json["changes"] == [["field": "target.maxReplicas", "before": "5", "after": "7"]])
            #expect(json["rollsOut"] == false)
            #expect(server.memory.functions.current.functions.map(\.generation) == [1])
            let same = try await check(server, manifest("hello"))
            #expect(same["changes"] == [])
            let other = try await check(server, manifest("hello").replacing("[\"true\"]", with: "[\"false\"]"))
            #expect(other["changes"]?.items.map { $0["field"] } == ["target.command"])
            #expect(other["rollsOut"] == true)
        }
    }

    @Test func `a new function does not exist and rolls nothing out`() async throws {
        try await TestServer.with { server in
            let json = try await check(server, manifest("new"))
            #expect(json["errors"] == [] && json["exists"] == false && json["changes"] == [])
            #expect(json["rollsOut"] == false)
        }
    }

    @Test(
        arguments: [
            ("target: {", nil), ("\u{1}", nil), ("", nil), ("- 1", nil), ("kind: Pod", "apiVersion"),
            (manifest("hello") + "\n---\n" + manifest("other"), nil),
            (manifest("hello").replacing("maxReplicas: 5", with: "maxReplicas: 0"), "target.maxReplicas"),
            (manifest("hello").replacing("maxReplicas: 5", with: "maxReplica: 5"), "target.maxReplica"),
            (manifest("hello").replacing("endpoint: /hello, ", with: ""), "spec.endpoint"),
            (manifest("hello").replacing("method: GET", with: "method: [GET]"), "spec.method"),
        ] as [(String, String?)])
    func `every text gets its errors with status 200`(text: String, field: String?) async throws {
        try await TestServer.with(.init(functions: [.sample("hello")])) { server in
            let json = try await check(server, text)
            let error = try #require(json["errors"]?.items.first, "\(text)")
            #expect(error["message"]?.text?.isEmpty == false)
            if let field {
                #expect(error["field"]?.text == field)
                #expect(error["line"] != "null" && error["column"] != "null")
            }
            for member in ["name", "yaml", "json"] { #expect(json[member] == "null") }
            #expect(json["exists"] == false && json["changes"] == [] && json["rollsOut"] == false)
        }
    }

    @Test func `the line and column are those of the value`() async throws {
        try await TestServer.with { server in
            let text = manifest("hello").replacing("maxReplicas: 5", with: "maxReplicas: many")
            let error = try #require(try await check(server, text)["errors"]?.items.first)
            #expect(error["line"] == 5 && error["column"] == 42)
        }
    }

    @Test func `JSON is accepted, and other types are not`() async throws {
        try await TestServer.with { server in
            let json = try await check(server, manifest("hello"))
            let again = try await check(server, #"{"kind":"Function"}"#, type: "application/json")
            #expect(json["errors"] == [] && again["errors"]?.items.isEmpty == false)
            let refused = try await server.send(
                "POST", "/manifests", headers: ["Content-Type": "text/plain"], body: manifest("hello"))
            #expect(refused.status == 403)
        }
    }

    @Test func `a caller that may not read a function does not learn if it exists`() async throws {
        let options = TestServer.Options(functions: [try .sample("hello")], authenticator: StubAuthenticator())
        try await TestServer.with(options) { server in
            for grants in ["functions:create", "functions:update@hello", "functions:list@other"] {
                let json = try await check(server, manifest("hello", maxReplicas: 7), grants: grants)
                #expect(json["exists"] == false && json["changes"] == [] && json["rollsOut"] == false, "\(grants)")
            }
            let json = try await check(server, manifest("hello", maxReplicas: 7), grants: "functions:list@hel*")
            #expect(json["exists"] == true && json["changes"]?.items.count == 1)
        }
    }

    @Test func `a long value is shortened between characters`() throws {
        var check = ManifestCheck(
            Array(manifest("hello").replacing("method: GET", with: "method: GET, description: hi").utf8))
        var draft = try FunctionDraft.sample("hello")
        draft.target.environment = ["LONG": String(repeating: "é", count: ManifestCheck.valueBytesMax)]
        check.stored = function(draft)
        let changes = check.changes
        #expect(changes.map(\.field) == ["spec.description", "target.env.LONG"])
        let before = try #require(changes[1].before)
        #expect(before.hasSuffix("é…") && before.utf8.count <= ManifestCheck.valueBytesMax)
        #expect(before.utf8.count > ManifestCheck.valueBytesMax - 4)
    }

    @Test func `Kubernetes keeps labels and the namespace that a declaration does not name`() throws {
        var check = ManifestCheck(Array(manifest("hello").utf8))
        var draft = try FunctionDraft.sample("hello")
        draft.namespace = "functions"
        draft.metadata = FunctionMetadata(labels: ["team": "shop"])
        check.stored = function(draft, carriesMetadata: true)
        #expect(check.changes.isEmpty && !check.rollsOut)
        check.stored = function(draft, carriesMetadata: false)
        #expect(check.changes.map(\.field) == ["metadata.labels.team"] && !check.rollsOut)
    }

    private func function(_ draft: FunctionDraft, carriesMetadata: Bool = false) -> Function {
        Function(
            id: Function.ID("hello"), draft: draft, generation: 1, storeRevision: StoreRevision("1"), age: 1,
            origin: Function.Origin(location: "test", carriesMetadata: carriesMetadata, isWritable: true))
    }
}
