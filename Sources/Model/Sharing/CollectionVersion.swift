/// The version of one copy of a keyed collection: a position in the history of changes that its copies share.
struct CollectionVersion<Key: Hashable & Sendable>: Sendable {
    private var history = ChangeHistory<Key>()
    /// The number of changes in the history that this copy includes.
    private var count: UInt64 = 0

    /// Records that the values of these keys have changed.
    mutating func record(_ keys: Set<Key>) {
        if let count = history.append(keys, after: count) {
            self.count = count
        } else {
            // Another copy was changed, or the history cannot hold this many keys.
            self = Self()
        }
    }

    /// Returns the keys that have changed since an earlier version; `nil` if the history does not contain them.
    func keys(since earlier: Self) -> Set<Key>? {
        history === earlier.history ? history.keys(after: earlier.count, through: count) : nil
    }
}

extension CollectionVersion: Equatable {
    /// Returns true if the collections are copies of each other.
    static func == (left: Self, right: Self) -> Bool { left.history === right.history && left.count == right.count }
}
