import F2SModel
import Testing

@testable import F2SKubernetes

extension FunctionResourceIndex {
    /// Applies a collection of these resources.
    fileprivate mutating func take(_ resources: [FunctionResource]) {
        apply(MirroredCollection(Dictionary(resources.map { ($0.name, $0) }) { _, last in last }))
    }
}

@Suite struct FunctionResourceIndexTests {
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

    @Test func `a new status keeps the declaration in memory, and a new declaration replaces it`() throws {
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

    @Test func `older functions come first, and functions of the same second are ordered by name`() throws {
        var index = FunctionResourceIndex()
        index.take([
            try sampleResource("b", created: "2026-11-25T12:00:01Z"),
            try sampleResource("a", created: "2026-11-25T12:00:01Z"),
            try sampleResource("z", created: "2026-11-25T12:00:00Z"),
        ])
        #expect(index.snapshot.functions.map(\.name.text) == ["z", "a", "b"])
        #expect(Set(index.snapshot.functions.map(\.age)).count == 3)
    }

    @Test func `a resource that is being deleted is no longer declared`() throws {
        var index = FunctionResourceIndex()
        index.take([try sampleResource("a", deleted: true)])
        #expect(index.snapshot.functions.isEmpty)
    }

    @Test func `a rejected declaration is reported with its location, and its status must be corrected`() throws {
        var index = FunctionResourceIndex()
        index.take([try sampleResource("a", target: #"{"containerImage":"i","minReplicas":3,"maxReplicas":2}"#)])
        #expect(index.snapshot.functions.isEmpty)
        let rejection = try #require(index.snapshot.rejections.first)
        #expect(
            rejection.location == "f2s/a" && rejection.message.contains("target.minReplicas") && rejection.line == nil)
        let document = try #require(index.misjudged[Function.ID("uid-a")])
        #expect(document.rejection == rejection.message)
        #expect(document.status.conditions.map(\.kind) == [.ready] && !document.status.conditions[0].isTrue)
    }

    @Test func `the last good version keeps serving while a newer one is rejected`() throws {
        var index = FunctionResourceIndex()
        index.take([try sampleResource("a")])
        let good = index.snapshot.functions[0]
        let bad = #"{"containerImage":"i","minReplicas":3,"maxReplicas":2}"#
        index.take([try sampleResource("a", generation: 2, target: bad)])
        let kept = try #require(index.snapshot.functions.first)
        #expect(kept.id == good.id && kept.draft == good.draft && index.snapshot.rejections.count == 1)
        #expect(index.snapshot.rejections[0].message.contains("last good version"))

        let message = index.snapshot.rejections[0].message
        let status = FunctionStatusDocument(rejection: message).patch(uid: "")["status"] ?? [:]
        let text = String(decoding: status.encoded(), as: UTF8.self)
        index.take([try sampleResource("a", generation: 2, target: bad, status: text)])
        #expect(index.misjudged.isEmpty, "a status that contains the rejection is not written again")

        index.take([try sampleResource("a", generation: 3, status: text)])
        #expect(index.snapshot.rejections.isEmpty && index.snapshot.functions[0].generation == 3)
        #expect(index.misjudged[Function.ID("uid-a")]?.rejection == .some(nil), "the condition must be removed")
    }

    @Test func `a status is read back as it was written`() throws {
        let status = FunctionStatus(
            observedGeneration: 4, replicas: 3, updatedReplicas: 2, readyReplicas: 2, updatedReadyReplicas: 1,
            desiredReplicas: 5, url: "/invoke/a",
            conditions: [
                Condition(.ready, isTrue: false, reason: "StartFailed", message: "It \"broke\".", since: 1_700_000_000),
                Condition(.startFailed, isTrue: true, reason: "ImagePullBackOff", message: "No.", since: 1_700_000_001),
            ])
        let document = FunctionStatusDocument(status: status, rejection: "no", refusedSince: 1_700_000_002)
        let text = String(decoding: (document.patch(uid: "u")["status"] ?? [:]).encoded(), as: UTF8.self)
        #expect(try decode(text, as: FunctionStatusDocument.self) == document)
    }

    @Test func `conditions of other controllers are ignored, and an unreadable status counts as empty`() throws {
        let foreign = #"{"conditions":[{"type":"Synced","status":"True"}]}"#
        #expect(try sampleResource("a", status: foreign).status == FunctionStatusDocument())
        #expect(try sampleResource("a", status: #"{"replicas":"many"}"#).status == FunctionStatusDocument())
    }
}
