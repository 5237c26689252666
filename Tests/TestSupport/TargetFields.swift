public import F2SModel

extension Target {
    /// The names of all stored fields, including those that are stored in a box.
    public static var storedFields: Set<String> {
        var fields: Set<String> = []
        for child in Mirror(reflecting: Target()).children {
            guard let boxed = Mirror(reflecting: child.value).descendant("box", "value") else {
                fields.formUnion(child.label.map { [$0] } ?? [])
                continue
            }
            fields.formUnion(Mirror(reflecting: boxed).children.compactMap(\.label))
        }
        return fields
    }
}
