public import F2SModel

/// A field by which two declarations differ.
public struct FieldChange: Sendable, Hashable {
    /// The path of the field, for example `target.env.GREETING` or `target.source.files.handler.py`.
    public let field: String
    /// The earlier value; `nil` if the field is new. A text is as it is, and a list is JSON.
    public let before: String?
    /// The new value; `nil` if the field is gone.
    public let after: String?

    /// Creates a change.
    public init(_ field: String, before: String?, after: String?) {
        self.field = field
        self.before = before
        self.after = after
    }

    /// Returns the fields by which two declarations differ, in the order in which manifests are written. Each member of
    /// a mapping is a field of its own, and a list is one field. Values are not shortened.
    public static func changes(from before: FunctionDraft, to after: FunctionDraft) -> [FieldChange] {
        guard before != after else { return [] }
        return changes(from: ManifestValue(before), to: ManifestValue(after), at: "")
    }

    private static func changes(
        from before: ManifestValue?, to after: ManifestValue?, at path: String
    ) -> [FieldChange] {
        // A field that was a mapping and is none any more, or the reverse, is one field on that side only.
        let (old, new) = (before?.fields ?? [], after?.fields ?? [])
        guard !old.isEmpty || !new.isEmpty else {
            let (before, after) = (before?.plainText, after?.plainText)
            return before == after ? [] : [FieldChange(path, before: before, after: after)]
        }
        let own = changes(from: old.isEmpty ? before : nil, to: new.isEmpty ? after : nil, at: path)
        let (oldByName, newByName) = (
            Dictionary(old.map { ($0.name, $0.value) }) { first, _ in first },
            Dictionary(new.map { ($0.name, $0.value) }) { first, _ in first }
        )
        return own
            + merged(old.map(\.name), new.map(\.name)).flatMap { name in
                changes(
                    from: oldByName[name], to: newByName[name], at: path.isEmpty ? name : "\(path).\(name)")
            }
    }

    /// Returns the names of both lists. Names that only the first list contains stay before the next common name, or
    /// all names are sorted if both lists are.
    private static func merged(_ old: [String], _ new: [String]) -> [String] {
        let added = Set(new)
        if old == old.sorted(), new == new.sorted() { return Set(old).union(added).sorted() }
        var names: [String] = []
        var rest = old[...]
        for name in new {
            if let index = rest.firstIndex(of: name) {
                names += rest[..<index].filter { !added.contains($0) }
                rest = rest[(index + 1)...]
            }
            names.append(name)
        }
        return names + rest.filter { !added.contains($0) }
    }
}

extension ManifestValue {
    /// The members of a mapping that is not empty; otherwise none.
    fileprivate var fields: [(name: String, value: ManifestValue)] {
        if case .map(let members) = self { members } else { [] }
    }

    /// A text as it is, and any other value as JSON.
    fileprivate var plainText: String {
        if case .text(let text) = self { text } else { json }
    }
}
