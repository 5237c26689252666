import F2SModel

/// The known state of a collection. While the API server cannot be reached, the last state is kept.
struct MirroredCollection<Item: Sendable>: Sendable {
    /// True once a complete list has arrived. Before that, an object that is absent here may exist.
    var isSynced = false
    /// The objects by their keys.
    private(set) var items: [String: Item]
    /// The resource version of the newest change.
    var resourceVersion = ""
    /// The time of the newest list or change, in seconds since 1970; 0 before the first list.
    var lastEventAt: Double = 0
    /// The number of complete lists that were fetched.
    var lists = 0
    /// The number of watches whose resource version had expired (410), so that a list was needed.
    var expirations = 0
    /// The error because of which no changes arrive; `nil` if there is none.
    var startFailure: KubernetesError?

    /// A marker of a state of the collection, without the items.
    struct Mark: Sendable {
        fileprivate var history = ChangeHistory<String>()
        /// The number of changes in the history that the items include.
        fileprivate var version: UInt64 = 0
    }

    /// The marker of this state.
    private(set) var mark = Mark()

    init(_ items: [String: Item] = [:]) { self.items = items }

    /// Returns the keys of the items that may differ from an earlier state of the same collection; `nil` if every key
    /// may differ, because that state is of another collection or too old. The cost is proportional to the number of
    /// changes.
    func changes(since earlier: Mark) -> Set<String>? {
        mark.history === earlier.history ? mark.history.keys(after: earlier.version, through: mark.version) : nil
    }

    private mutating func note(_ keys: Set<String>) {
        if let version = mark.history.append(keys, after: mark.version) {
            mark.version = version
        } else {
            // Another copy was changed, or the history cannot hold this many keys.
            mark = Mark()
        }
    }

    /// Replaces the items by a complete list.
    mutating func apply(
        _ list: ResourceList<Item>, at time: Double, key: (Item) -> String,
        sharing: (_ newer: Item, _ known: Item) -> Item
    ) {
        let known = items
        var changed = Set(known.keys)
        items = Dictionary(
            list.items.map { item in
                let key = key(item)
                guard let before = known[key] else {
                    changed.insert(key)
                    return (key, item)
                }
                if Self.areOfOneState(item, before) {
                    changed.remove(key)
                    return (key, before)
                }
                return (key, sharing(item, before))
            }
        ) { _, last in last }
        note(changed)
        resourceVersion = list.resourceVersion
        isSynced = true
        lists += 1
        lastEventAt = time
        startFailure = nil
    }

    private static func areOfOneState(_ one: Item, _ other: Item) -> Bool {
        guard let one = one as? any StatefulItem, let other = other as? any StatefulItem,
            let state = one.objectState
        else { return false }
        return state == other.objectState
    }

    /// Applies changes in their order.
    mutating func take(
        _ events: [WatchEvent<Item>], at time: Double, key: (Item) -> String,
        sharing: (_ newer: Item, _ known: Item) -> Item
    ) {
        var changed: Set<String> = []
        for event in events {
            switch event {
            case .added(let item, _), .modified(let item, _):
                let key = key(item)
                items[key] = items[key].map { sharing(item, $0) } ?? item
                changed.insert(key)
            case .deleted(let item, _):
                items[key(item)] = nil
                changed.insert(key(item))
            case .bookmark, .unreadable: break
            }
            resourceVersion = event.resourceVersion
        }
        note(changed)
        lastEventAt = time
        startFailure = nil
    }
}

extension MirroredCollection: Equatable where Item: Equatable {
    static func == (left: Self, right: Self) -> Bool {
        left.isSynced == right.isSynced && left.items == right.items && left.resourceVersion == right.resourceVersion
            && left.lastEventAt == right.lastEventAt && left.lists == right.lists
            && left.expirations == right.expirations && left.startFailure == right.startFailure
    }
}
