/// The state of an object that something was read from: another state has another version.
struct ObjectState: Sendable, Hashable {
    /// `metadata.uid`.
    let uid: String
    /// `metadata.resourceVersion`.
    let resourceVersion: String
}

/// A reading of an object that says of which state it is, so that a list need not read that state again.
protocol StatefulItem: Decodable, Sendable {
    /// `nil`: it is not known.
    var objectState: ObjectState? { get }
}

/// The items that a list need not read again.
struct KnownItems<Item: Sendable>: Sendable {
    private var items: [ObjectState: Item] = [:]

    /// None, where the type does not say which state an item is of.
    init(_ items: some Sequence<Item>) {
        guard Item.self is any StatefulItem.Type else { return }
        for item in items {
            guard let state = (item as? any StatefulItem)?.objectState else { continue }
            self.items[state] = item
        }
    }

    /// The item of an object; `nil`: it is not known in this state.
    func item(of tree: JSONValue) -> Item? {
        guard !items.isEmpty, let metadata = tree["metadata"], let uid = metadata["uid"]?.text,
            let version = metadata["resourceVersion"]?.text
        else { return nil }
        return items[ObjectState(uid: uid, resourceVersion: version)]
    }

    /// The key by which a decoder finds them.
    static var key: CodingUserInfoKey? { CodingUserInfoKey(rawValue: "known") }
}
