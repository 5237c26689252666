import F2SModel

/// Deployments or Services of F2S's own by the function that they are of, kept up with what changes.
struct ObjectIndex: Sendable {
    /// Names of the objects that the cluster refuses to create pods for.
    private(set) var refused: Set<String> = []
    private var mark = Reflection<ObservedObject>.Mark()
    /// A copy of its own: one that is shared with the mirror would have to be copied with each change.
    private var items: [String: ObservedObject] = [:]
    private var names: [Function.ID: Set<String>] = [:]

    /// An index of what a mirror shows.
    init(_ reflection: Reflection<ObservedObject> = Reflection()) { take(reflection) }

    /// Number of objects.
    var count: Int { items.count }

    /// UIDs of every object.
    var uids: some Sequence<String> { items.values.lazy.map(\.uid) }

    /// Functions that have objects, declared or not.
    var functions: Set<Function.ID> { Set(names.keys) }

    /// The object of that name.
    subscript(_ name: String) -> ObservedObject? { items[name] }

    /// The objects of a function, in the order of their names.
    func objects(of function: Function.ID) -> [ObservedObject] {
        (names[function] ?? []).sorted().compactMap { items[$0] }
    }

    /// Takes the newest state; that costs what has changed.
    /// - Returns: the functions of which objects have changed.
    @discardableResult
    mutating func take(_ reflection: Reflection<ObservedObject>) -> Set<Function.ID> {
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
            if object.refusal != nil { refused.insert(name) }
        }
        mark = reflection.mark
        return concerned
    }
}
