/// All objects of a kind at one moment.
struct ResourceList<Item: Sendable>: Sendable {
    /// The objects, in the API server's order.
    var items: [Item] = []
    /// Where a watch can begin so that it misses nothing.
    var resourceVersion = ""
    /// What could not be decoded, one sentence per object. Such objects are left out, so that one that is broken does
    /// not hide the others.
    var unreadable: [String] = []
}
