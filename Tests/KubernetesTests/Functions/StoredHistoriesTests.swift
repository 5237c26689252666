import F2SModel
import NIOHTTP1
import Synchronization
import Testing

@testable import F2SKubernetes

/// The histories on Kubernetes, and the last change of a resource.
@Suite struct StoredHistoriesTests {
    private static let uid = "11111111-2222-3333-4444-555555555555"

    private func record(_ generation: Int, served: Bool, bytes: Int = 20) throws -> DeclarationRecord {
        let function = try sampleFunction()
        let newer = Function(
            id: function.id, draft: function.draft, generation: generation,
            storeRevision: StoreRevision("\(generation)-11111111"), age: 1, origin: function.origin)
        return DeclarationRecord(
            newer, edit: Function.Edit(time: 5, user: "ann"), hasServed: served,
            manifest: String(repeating: "m", count: bytes))
    }

    private func function(_ generation: Int) throws -> Function {
        let function = try sampleFunction()
        return Function(
            id: function.id, draft: function.draft, generation: generation, storeRevision: function.storeRevision,
            age: 1, origin: function.origin)
    }

    /// Runs `body` with histories of an API server that stores one resource.
    private func with(
        isLeader: Bool = true, annotations: JSONValue = [:], managedFields: JSONValue = [], conflicts: Int = 0,
        _ body: (StoredHistories, _ stored: @Sendable () -> JSONValue) async throws -> Void
    ) async throws {
        let object: JSONValue = [
            "metadata": [
                "name": "hello", "namespace": "f2s", "uid": .string(Self.uid), "generation": 2, "resourceVersion": "7",
                "annotations": annotations, "managedFields": managedFields,
            ]
        ]
        let state = Mutex((object: object, conflicts: conflicts))
        try await ScriptedAPIServer.run { question in
            state.withLock { state in
                guard question.method == .PUT else {
                    return .answer(200, String(decoding: state.object.encoded(), as: UTF8.self))
                }
                guard state.conflicts == 0 else {
                    state.conflicts -= 1
                    return .error(409, "Conflict")
                }
                state.object = (try? JSONValue(decoding: question.body)) ?? .null
                return .answer(200, String(decoding: question.body, as: UTF8.self))
            }
        } _: { client, _ in
            let histories = StoredHistories(
                client: client, namespace: "f2s", isLeader: { isLeader }, logger: .silent)
            try await body(histories) { state.withLock { $0.object } }
        }
    }

    private func annotation(_ object: JSONValue) -> String? {
        object["metadata"]?["annotations"]?[StoredHistories.annotation]?.text
    }

    @Test(arguments: [0, 2])
    func `the last good declaration is stored in the resource, and read after a restart`(conflicts: Int) async throws {
        let texts = Mutex("")
        try await with(annotations: ["example.org/a": "b"], conflicts: conflicts) { histories, stored in
            let history = FunctionHistory([try record(1, served: true), try record(2, served: false)])
            await histories.keep(history, of: try function(2))
            #expect(histories.currentHistory(of: Function.ID(Self.uid)) == history)
            let text = try #require(annotation(stored()))
            #expect(stored()["metadata"]?["annotations"]?["example.org/a"] == "b")
            texts.withLock { $0 = text }
        }
        let text = texts.withLock { $0 }
        try await with(annotations: [StoredHistories.annotation: .string(text)]) { histories, _ in
            #expect(histories.currentHistory(of: Function.ID(Self.uid)).records.isEmpty)
            let fetched = try await histories.fetchHistory(of: try function(2))
            #expect(fetched.history.records == [try record(1, served: true)])
        }
    }

    @Test func `nothing is stored by another process than the leader, or while the current declaration is good`()
        async throws
    {
        for (isLeader, served) in [(false, false), (true, true)] {
            try await with(isLeader: isLeader) { histories, stored in
                let history = FunctionHistory([try record(1, served: true), try record(2, served: served)])
                await histories.keep(history, of: try function(2))
                #expect(annotation(stored()) == nil)
                #expect(histories.currentHistory(of: Function.ID(Self.uid)) == history)
                histories.forget(try function(2))
                #expect(histories.currentHistory(of: Function.ID(Self.uid)).records.isEmpty)
            }
        }
    }

    @Test func `a declaration that is too large removes the one before it`() async throws {
        try await with(annotations: [StoredHistories.annotation: "older"]) { histories, stored in
            let large = try record(1, served: true, bytes: StoredHistories.declarationBytesMax + 1)
            await histories.keep(FunctionHistory([large, try record(2, served: false)]), of: try function(2))
            #expect(annotation(stored()) == nil)
        }
    }

    @Test func `the API server knows the client that has changed the declaration last`() async throws {
        let fields: JSONValue = [
            ["manager": "f2s", "time": "2026-01-01T00:00:00Z", "fieldsV1": ["f:spec": [:]]],
            ["manager": "kubectl-edit", "time": "2026-01-02T00:00:00Z", "fieldsV1": ["f:target": ["f:port": [:]]]],
            ["manager": "labels", "time": "2026-01-03T00:00:00Z", "fieldsV1": ["f:metadata": [:]]],
            [
                "manager": "f2s", "time": "2026-01-04T00:00:00Z", "subresource": "status",
                "fieldsV1": ["f:status": [:], "f:spec": [:]],
            ],
        ]
        try await with(managedFields: fields) { histories, _ in
            let current = try await histories.fetchHistory(of: try function(2))
            #expect(current.edit == Function.Edit(time: 1_767_312_000, user: "kubectl-edit"))
            let older = try await histories.fetchHistory(of: try function(1))
            #expect(older.edit == nil, "the resource has changed since")
        }
        let own: JSONValue = [["manager": "f2s", "time": "2026-01-01T00:00:00Z", "fieldsV1": ["f:spec": [:]]]]
        let caller: JSONValue = [FunctionResource.changedByAnnotation: "ann"]
        try await with(annotations: caller, managedFields: own) { histories, _ in
            let history = try await histories.fetchHistory(of: try function(2))
            #expect(history.edit?.user == "ann")
        }
    }

    @Test func `an API server that does not answer is an error`() async throws {
        try await ScriptedAPIServer.run { _ in
            .error(404, "NotFound")
        } _: { client, _ in
            let histories = StoredHistories(client: client, namespace: "f2s", isLeader: { true }, logger: .silent)
            await #expect(throws: StoreError.self) { try await histories.fetchHistory(of: try function(2)) }
            await histories.keep(
                FunctionHistory([try record(1, served: true), try record(2, served: false)]), of: try function(2))
        }
    }

    @Test func `a resource has the last change of F2S, unless another client has changed it since`() throws {
        let edit = Function.Edit(time: 1_767_312_000.5, user: "ann \"x\"")
        let text = ResourceEdit.text(generation: 3, edit)
        #expect(ResourceEdit.edit(in: text, of: 3) == edit)
        #expect(ResourceEdit.edit(in: text, of: 4) == nil)
        for broken in [nil, "", "{}", "[3]", #"{"generation":3}"#, #"{"generation":3,"time":"x"}"#] {
            #expect(ResourceEdit.edit(in: broken, of: 3) == nil)
        }
        let unknown = ResourceEdit.text(generation: 1, Function.Edit(time: 0, user: nil))
        #expect(ResourceEdit.edit(in: unknown, of: 1) == Function.Edit(time: 0, user: nil))
        let metadata = #","annotations":{"\#(ResourceEdit.annotation)":\#(text.jsonText)}"#
        let resource = try sampleResource("hello", generation: 3, metadata: metadata)
        #expect(resource.lastEdit == edit && resource.origin.lastEdit == edit)
        #expect(try sampleResource("hello", generation: 4, metadata: metadata).lastEdit == nil)
    }
}
