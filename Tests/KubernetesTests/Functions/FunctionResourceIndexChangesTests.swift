import F2SManifest
import F2SModel
import Testing

@testable import F2SKubernetes

/// Random changes that are applied by key give the same index as applying the whole collection.
@Suite struct FunctionResourceIndexChangesTests {
    private static let statuses = [
        "{}", #"{"replicas":2}"#,
        #"{"conditions":[{"type":"StartFailed","status":"True","reason":"X","message":"y"}]}"#,
        #"{"conditions":[{"type":"Refused","status":"True","reason":"X","message":"old"}]}"#,
    ]

    private static func resource(_ random: inout SplitMix64, _ step: Int) throws -> FunctionResource {
        let number = Int.random(in: 0..<30, using: &random)
        let isBroken = Int.random(in: 0..<6, using: &random) == 0
        return try sampleResource(
            "f\(number)", uid: Int.random(in: 0..<9, using: &random) == 0 ? "again-\(step)-\(number)" : nil,
            generation: step, created: "2026-11-25T12:00:0\(number % 3)Z",
            deleted: Int.random(in: 0..<12, using: &random) == 0,
            target: isBroken ? #"{"containerImage":"i","minReplicas":9}"# : #"{"containerImage":"i:\#(step % 5)"}"#,
            status: statuses.randomElement(using: &random) ?? "{}")
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `changes applied by key give the same index as the whole collection`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var reflection = MirroredCollection<FunctionResource>()
        var index = FunctionResourceIndex()
        for step in 1...120 {
            var events: [WatchEvent<FunctionResource>] = []
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let resource = try Self.resource(&random, step)
                events.append(
                    Int.random(in: 0..<5, using: &random) == 0
                        ? .deleted(resource, at: "\(step)") : .modified(resource, at: "\(step)"))
            }
            reflection.take(events, at: 0, key: { $0.name }, sharing: { FunctionResource($0, sharing: $1) })
            // Some states are never applied.
            guard Int.random(in: 0..<3, using: &random) > 0 else { continue }
            let known = index
            index.apply(reflection)
            // The result for a rejected resource depends on its last good version, so `whole` begins with the same
            // index.
            var whole = known
            whole.apply(MirroredCollection(reflection.items))
            #expect(index.snapshot == whole.snapshot, "seed \(seed), step \(step)")
            #expect(index.misjudged == whole.misjudged, "seed \(seed), step \(step)")
            #expect(index.declared == whole.declared, "seed \(seed), step \(step)")
            #expect(index.failing == whole.failing, "seed \(seed), step \(step)")
            let existing = reflection.items.values.filter { !$0.isDeleting }
            #expect(index.declared == Set(existing.map(\.id)), "seed \(seed), step \(step)")
            // Rejected resources keep the last good version, with the age that it had.
            let declared = existing.filter { if case .declared = $0.reading { true } else { false } }
            let oldestFirst = declared.sorted { ($0.created.seconds, $0.name) < ($1.created.seconds, $1.name) }
                .map(\.id)
            let shown = index.snapshot.functions.map(\.id).filter(Set(oldestFirst).contains)
            #expect(shown == oldestFirst, "seed \(seed), step \(step)")
            #expect(index.misjudged.keys.allSatisfy { index.declared.contains($0) }, "seed \(seed), step \(step)")
        }
    }

    @Test func `a resource that has ceased to exist is reported once`() throws {
        var index = FunctionResourceIndex()
        let (a, b) = (try sampleResource("a"), try sampleResource("b"))
        index.apply(MirroredCollection(["a": a, "b": b]))
        #expect(index.popDeparted() == [])
        index.apply(MirroredCollection(["b": b]))
        #expect(index.popDeparted() == [a.id] && index.popDeparted() == [])
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `objects are found by their function after any changes`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var reflection = MirroredCollection<ObservedObject>()
        var index = ObjectIndex()
        for step in 1...150 {
            let name = "d\(Int.random(in: 0..<12, using: &random))"
            let function = Int.random(in: 0..<4, using: &random)
            let object = try ObservedObject([
                "metadata": [
                    "name": .string(name), "uid": .string("\(step)"),
                    "labels": function == 0 ? [:] : [ObjectLabel.function: .string("f\(function)")],
                ]
            ])
            reflection.take(
                [Bool.random(using: &random) ? .modified(object, at: "1") : .deleted(object, at: "1")], at: 0,
                key: { $0.name }, sharing: { newer, _ in newer })
            index.apply(reflection)
            for id in ["f1", "f2", "f3"].map({ Function.ID($0) }) {
                let expected = reflection.items.values.filter { $0.function == id }.map(\.uid)
                #expect(Set(index.objects(of: id).map(\.uid)) == Set(expected), "seed \(seed), step \(step)")
            }
            #expect(index.count == reflection.items.count)
        }
    }

    @Test(arguments: [
        #"{"endpoint":"/a","method":"get","description":"ü\n\"quoted\" # no comment"}"#, #"{"endpoint":7}"#,
        #"{"endpoint":"/a","method":["GET"]}"#, #"{"endpoint":null}"#, "{}", #"{"endpoint":"/a","nosuch":true}"#,
        #"{"endpoint":"*&!|>%@`"}"#,
    ])
    func `a declaration that is read as a tree equals one that is read as text`(spec: String) throws {
        let target: JSONValue = [
            "containerImage": "i", "minReplicas": 1, "maxReplicas": 2.0, "env": ["A": "true", "B": "~", "C": "a: b"],
            "scaling": ["targetConcurrency": 1.5], "command": ["- x", "#", "\u{85}"],
        ]
        let read = FunctionResource.read(
            name: "a", namespace: "f2s", spec: try JSONValue(decoding: Array(spec.utf8)), target: target)
        let text = """
            {"apiVersion":"f2s.opensight.ch/v1alpha1","kind":"Function","metadata":{"name":"a","namespace":"f2s"},
            "spec":\(spec),"target":\(String(decoding: target.encoded(), as: UTF8.self))}
            """
        let contents = ManifestReader().read(Array(text.utf8), location: "a")
        let expected =
            contents.documents.first.map { FunctionResource.Reading.declared($0.draft) }
            ?? .refused(contents.rejections.map(\.message))
        #expect(read == expected)
    }
}
