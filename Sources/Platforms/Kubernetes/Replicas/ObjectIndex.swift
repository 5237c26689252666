import F2SModel

/// F2S's own Deployments or Services, indexed by function and updated incrementally.
struct ObjectIndex: Sendable {
    /// Names of the Deployments for which the cluster refuses to create pods.
    private(set) var refused: Set<String> = []
    private var mark = MirroredCollection<ObservedObject>.Mark()
    /// A separate copy: one that is shared with the mirror would be copied on each change.
    private var items: [String: ObservedObject] = [:]
    private var names: [Function.ID: Set<String>] = [:]

    /// Creates an index of the objects in a mirror.
    init(_ reflection: MirroredCollection<ObservedObject> = MirroredCollection()) { apply(reflection) }

    /// Number of objects.
    var count: Int { items.count }

    /// UIDs of every object.
    var uids: some Sequence<String> { items.values.lazy.map(\.uid) }

    /// Functions that have objects, whether or not they are declared.
    var functions: Set<Function.ID> { Set(names.keys) }

    /// The object with the name.
    subscript(_ name: String) -> ObservedObject? { items[name] }

    /// Returns the objects of a function, in the order of their names.
    func objects(of function: Function.ID) -> [ObservedObject] {
        (names[function] ?? []).sorted().compactMap { items[$0] }
    }

    /// Applies the newest state. The cost is proportional to the number of changes.
    /// - Returns: the functions whose objects have changed.
    @discardableResult
    mutating func apply(_ reflection: MirroredCollection<ObservedObject>) -> Set<Function.ID> {
        var concerned: Set<Function.ID> = []
        for name in reflection.changes(since: mark) ?? Set(items.keys).union(reflection.items.keys) {
            if let function = items[name]?.function {
                concerned.insert(function)
                names[function]?.remove(name)
                if names[function]?.isEmpty == true { names[function] = nil }
            }
            refused.remove(name)
            items[name] = reflection.items[name]
            guard let object = reflection.items[name] else { continue }
            if let function = object.function {
                concerned.insert(function)
                names[function, default: []].insert(name)
            }
            if object.replicaFailure != nil { refused.insert(name) }
        }
        mark = reflection.mark
        return concerned
    }
}
