/// All objects of a resource type at one point in time.
struct ResourceList<Item: Sendable>: Sendable {
    /// The objects, in the API server's order.
    var items: [Item] = []
    /// The resource version from which a watch misses no change.
    var resourceVersion = ""
    /// The objects that could not be decoded, one sentence per object. They are left out of `items`, so that a broken
    /// object does not hide the others.
    var unreadable: [String] = []
}
