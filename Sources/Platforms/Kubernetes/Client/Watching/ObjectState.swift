/// The identity of one state of an object. Another state of the object has another version.
struct ObjectState: Sendable, Hashable {
    /// `metadata.uid`.
    let uid: String
    /// `metadata.resourceVersion`.
    let resourceVersion: String
}

/// An item that identifies the object state from which it was decoded, so that a list need not decode that state again.
protocol StatefulItem: Decodable, Sendable {
    /// The state of the object; `nil` if it is not known.
    var objectState: ObjectState? { get }
}

/// The items that a list need not decode again.
struct KnownItems<Item: Sendable>: Sendable {
    private var items: [ObjectState: Item] = [:]

    /// Collects the items whose state is known. There are none if the type is not a ``StatefulItem``.
    init(_ items: some Sequence<Item>) {
        guard Item.self is any StatefulItem.Type else { return }
        for item in items {
            guard let state = (item as? any StatefulItem)?.objectState else { continue }
            self.items[state] = item
        }
    }

    /// Returns the item of an object; `nil` if there is none for the object's state.
    func item(of tree: JSONValue) -> Item? {
        guard !items.isEmpty, let metadata = tree["metadata"], let uid = metadata["uid"]?.text,
            let version = metadata["resourceVersion"]?.text
        else { return nil }
        return items[ObjectState(uid: uid, resourceVersion: version)]
    }

    /// The key of the known items in the `userInfo` of a decoder.
    static var key: CodingUserInfoKey? { CodingUserInfoKey(rawValue: "known") }
}
