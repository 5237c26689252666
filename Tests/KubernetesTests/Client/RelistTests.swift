import FoundationEssentials
import Testing

@testable import F2SKubernetes

/// A list that is read again costs only as much as has changed.
@Suite struct RelistTests {
    private var reflection = MirroredCollection<ObservedObject>()

    /// Applies a list of objects in these versions.
    /// - Returns: the keys that the collection reports as changed.
    private mutating func take(_ versions: [String: Int], uids: [String: String] = [:]) throws -> Set<String>? {
        let objects = versions.sorted { $0.key < $1.key }.map { name, version in
            """
            {"metadata":{"name":"\(name)","uid":"\(uids[name] ?? "uid-\(name)")","resourceVersion":"\(version)",
            "managedFields":[{"fieldsV1":{"f:a":{}}}]},"spec":{"replicas":\(version)}}
            """
        }
        let text = #"{"metadata":{"resourceVersion":"9"},"items":[\#(objects.joined(separator: ","))]}"#
        let key = try #require(KnownItems<ObservedObject>.key)
        let page: ListPage<ObservedObject> = try ResponseDecoder.decoded(
            Data(text.utf8), userInfo: [key: KnownItems(reflection.items.values)])
        let mark = reflection.mark
        reflection.apply(
            ResourceList(items: page.items, resourceVersion: "9"), at: 0, key: { $0.name },
            sharing: { newer, _ in newer }
        )
        return reflection.changes(since: mark)
    }

    @Test func `an object that has not changed is neither decoded nor reported again`() throws {
        var test = self
        _ = try test.take(["a": 1, "b": 1, "c": 1])
        let known = try #require(test.reflection.items["a"])
        #expect(try test.take(["a": 1, "b": 1, "c": 1]) == [])
        #expect(try test.take(["a": 1, "b": 2, "d": 1]) == ["b", "c", "d"])
        #expect(test.reflection.items["a"] === known)
        #expect(test.reflection.items["b"]?.resourceVersion == "2")
        // An object that was deleted and created again meanwhile is another object.
        #expect(try test.take(["a": 1, "b": 2, "d": 1], uids: ["a": "other"]) == ["a"])
        #expect(test.reflection.items["a"]?.uid == "other")
    }

    @Test func `an item whose object state is unknown is decoded each time`() {
        #expect(KnownItems([1, 2]).item(of: ["metadata": ["uid": "u", "resourceVersion": "1"]]) == nil)
        #expect(KnownItems<ObservedObject>([]).item(of: ["metadata": ["uid": "u", "resourceVersion": "1"]]) == nil)
    }
}
