import F2SModel
import Testing

@testable import F2SKubernetes

extension FunctionBook {
    /// Takes all resources that exist.
    fileprivate mutating func take(_ resources: [FunctionResource]) {
        take(Reflection(Dictionary(resources.map { ($0.name, $0) }) { _, last in last }))
    }
}

@Suite struct FunctionBookTests {
    @Test func `a manifest of the published model is read with its defaults and normalised`() throws {
        let resource = try sampleResource(
            "hello", spec: #"{"endpoint":"hello","method":"get"}"#,
            target: #"{"containerImage":"i:1","endpoint":"x","port":80}"#)
        guard case .declared(let draft) = resource.reading else {
            Issue.record("refused: \(resource.reading)")
            return
        }
        #expect(draft.route.path == "/hello" && draft.method == .get && draft.target.path == "/x")
        #expect(draft.target.port == 80 && draft.target.maxReplicas == Target.maxReplicasDefault)
        #expect(draft.namespace == "f2s")
    }

    @Test func `the stored version changes with the declaration and not with the status`() throws {
        let before = try sampleResource("hello", uid: "abcdefgh-1", generation: 3)
        let after = try sampleResource("hello", uid: "abcdefgh-1", generation: 3, status: #"{"replicas":2}"#)
        let changed = try sampleResource("hello", uid: "abcdefgh-1", generation: 4)
        let another = try sampleResource("hello", uid: "zbcdefgh-1", generation: 3)
        #expect(before.storeRevision == after.storeRevision && before.storeRevision.text == "3-abcdefgh")
        #expect(before.storeRevision != changed.storeRevision && before.storeRevision != another.storeRevision)
    }

    @Test func `a new status keeps the declaration that is in memory, and a new declaration does not`() throws {
        let known = try sampleResource("a", generation: 3)
        let written = FunctionResource(
            try sampleResource("a", generation: 3, status: #"{"replicas":2}"#), sharing: known)
        #expect(written.reading == known.reading && written.status.status.replicas == 2)
        let edited = try sampleResource("a", generation: 4, target: #"{"containerImage":"i:2"}"#)
        #expect(edited.reading != known.reading)
        let shown = FunctionResource(edited, sharing: written)
        #expect(shown.reading == edited.reading && shown.generation == 4 && shown.status == edited.status)
        let another = try sampleResource("a", uid: "another", generation: 1)
        #expect(FunctionResource(another, sharing: known).uid == "another")
    }

    @Test func `older ones come first, and those of one second by name`() throws {
        var book = FunctionBook()
        book.take([
            try sampleResource("b", created: "2026-11-25T12:00:01Z"),
            try sampleResource("a", created: "2026-11-25T12:00:01Z"),
            try sampleResource("z", created: "2026-11-25T12:00:00Z"),
        ])
        #expect(book.snapshot.functions.map(\.name.text) == ["z", "a", "b"])
        #expect(Set(book.snapshot.functions.map(\.age)).count == 3)
    }

    @Test func `one that is being deleted is declared no more`() throws {
        var book = FunctionBook()
        book.take([try sampleResource("a", deleted: true)])
        #expect(book.snapshot.functions.isEmpty)
    }

    @Test func `a refused declaration is told with its place, and its status must say so`() throws {
        var book = FunctionBook()
        book.take([try sampleResource("a", target: #"{"containerImage":"i","minReplicas":3,"maxReplicas":2}"#)])
        #expect(book.snapshot.functions.isEmpty)
        let refusal = try #require(book.snapshot.refusals.first)
        #expect(refusal.place == "f2s/a" && refusal.message.contains("target.minReplicas") && refusal.line == nil)
        let document = try #require(book.misjudged[Function.ID("uid-a")])
        #expect(document.refusal == refusal.message)
        #expect(document.status.conditions.map(\.kind) == [.ready] && !document.status.conditions[0].isTrue)
    }

    @Test func `what was good until now goes on serving while its successor is refused`() throws {
        var book = FunctionBook()
        book.take([try sampleResource("a")])
        let good = book.snapshot.functions[0]
        let bad = #"{"containerImage":"i","minReplicas":3,"maxReplicas":2}"#
        book.take([try sampleResource("a", generation: 2, target: bad)])
        let kept = try #require(book.snapshot.functions.first)
        #expect(kept.id == good.id && kept.draft == good.draft && book.snapshot.refusals.count == 1)
        #expect(book.snapshot.refusals[0].message.contains("last good version"))

        let message = book.snapshot.refusals[0].message
        let status = FunctionStatusDocument(refusal: message).patch(uid: "")["status"] ?? [:]
        let text = String(decoding: status.encoded(), as: UTF8.self)
        book.take([try sampleResource("a", generation: 2, target: bad, status: text)])
        #expect(book.misjudged.isEmpty, "what the status says already is not written again")

        book.take([try sampleResource("a", generation: 3, status: text)])
        #expect(book.snapshot.refusals.isEmpty && book.snapshot.functions[0].generation == 3)
        #expect(book.misjudged[Function.ID("uid-a")]?.refusal == .some(nil), "the condition must go")
    }

    @Test func `a status is read back as it was written`() throws {
        let status = FunctionStatus(
            observedGeneration: 4, replicas: 3, updatedReplicas: 2, readyReplicas: 2, updatedReadyReplicas: 1,
            desiredReplicas: 5, url: "/invoke/a",
            conditions: [
                Condition(.ready, isTrue: false, reason: "StartFailed", message: "It \"broke\".", since: 1_700_000_000),
                Condition(.startFailed, isTrue: true, reason: "ImagePullBackOff", message: "No.", since: 1_700_000_001),
            ])
        let document = FunctionStatusDocument(status: status, refusal: "no", refusedSince: 1_700_000_002)
        let text = String(decoding: (document.patch(uid: "u")["status"] ?? [:]).encoded(), as: UTF8.self)
        #expect(try decode(text, as: FunctionStatusDocument.self) == document)
    }

    @Test func `conditions of others are left out, and a status that cannot be read is an empty one`() throws {
        let foreign = #"{"conditions":[{"type":"Synced","status":"True"}]}"#
        #expect(try sampleResource("a", status: foreign).status == FunctionStatusDocument())
        #expect(try sampleResource("a", status: #"{"replicas":"many"}"#).status == FunctionStatusDocument())
    }
}
