import F2SModel

/// What is known of a collection. It is never emptied because the API server cannot be reached: the last state stands.
struct Reflection<Item: Sendable>: Sendable {
    /// True once a complete list was seen: before that, absence means nothing.
    var isSynced = false
    /// The objects by their keys.
    private(set) var items: [String: Item]
    /// Version of the newest change.
    var resourceVersion = ""
    /// When something was last heard of the collection, seconds since 1970; 0 before that.
    var lastEventAt: Double = 0
    /// Complete lists that were fetched.
    var lists = 0
    /// How often the API server no longer knew where a watch was to go on (410), so that a list was needed.
    var expirations = 0
    /// Why nothing is heard at present; `nil` while all is well.
    var trouble: KubernetesError?

    /// A state of the collection, without its items.
    struct Mark: Sendable {
        fileprivate var history = ChangeHistory<String>()
        /// Changes of the history that the items have.
        fileprivate var version: UInt64 = 0
    }

    /// This state of the collection.
    private(set) var mark = Mark()

    init(_ items: [String: Item] = [:]) { self.items = items }

    /// Keys of the items that may be different from those of an earlier state of the same collection. That costs what
    /// has changed. `nil`: every key may be, because that state is of another collection or too old.
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

    /// Takes a complete list.
    mutating func take(
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
        trouble = nil
    }

    private static func areOfOneState(_ one: Item, _ other: Item) -> Bool {
        guard let one = one as? any StatefulItem, let other = other as? any StatefulItem,
            let state = one.objectState
        else { return false }
        return state == other.objectState
    }

    /// Takes changes in their order.
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
        trouble = nil
    }
}

extension Reflection: Equatable where Item: Equatable {
    static func == (left: Self, right: Self) -> Bool {
        left.isSynced == right.isSynced && left.items == right.items && left.resourceVersion == right.resourceVersion
            && left.lastEventAt == right.lastEventAt && left.lists == right.lists
            && left.expirations == right.expirations && left.trouble == right.trouble
    }
}
