import F2SModel

/// F2S's own objects of functions, by type.
struct WorkloadObjects: Sendable {
    /// The types of objects that a function may have, in the order in which they are deleted: pods that drain still
    /// need the ServiceAccount and the ConfigMaps.
    static let types: [ResourceType] = [.deployments, .services, .serviceAccounts, .configMaps]
    /// The types that most functions do not have. Functions without them work even if F2S may not read them.
    static let optionalTypes: Set<ResourceType> = [.serviceAccounts, .configMaps]

    private static let none = ObjectIndex()

    private var indices: [ResourceType: ObjectIndex]

    /// Creates a collection of these objects.
    init(_ indices: [ResourceType: ObjectIndex] = [:]) { self.indices = indices }

    /// The objects of a type.
    subscript(_ type: ResourceType) -> ObjectIndex { indices[type] ?? Self.none }

    /// The number of objects.
    var count: Int { indices.values.reduce(0) { $0 + $1.count } }

    /// The UIDs of every object.
    var uids: Set<String> { indices.values.reduce(into: []) { $0.formUnion($1.uids) } }

    /// The functions that have objects, whether or not they are declared.
    var functions: Set<Function.ID> { indices.values.reduce(into: []) { $0.formUnion($1.functions) } }

    /// Returns the objects of a function.
    func objects(of function: Function.ID) -> [(type: ResourceType, object: ObservedObject)] {
        Self.types.flatMap { type in self[type].objects(of: function).map { (type, $0) } }
    }

    /// Applies the newest state of a type. The cost is proportional to the number of changes.
    /// - Returns: the functions whose objects have changed.
    mutating func apply(
        _ reflection: MirroredCollection<ObservedObject>, of type: ResourceType
    ) -> Set<Function.ID> {
        indices[type, default: ObjectIndex()].apply(reflection)
    }
}
