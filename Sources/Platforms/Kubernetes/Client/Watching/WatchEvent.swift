/// One change that a watch tells of, with the resource version that a watch can go on from after it.
enum WatchEvent<Item: Sendable>: Sendable {
    /// The object is new.
    case added(Item, at: String)
    /// The object is another than before.
    case modified(Item, at: String)
    /// The object is gone; the item is its last state.
    case deleted(Item, at: String)
    /// Nothing has changed up to here.
    case bookmark(at: String)
    /// An object has changed and cannot be decoded: what was known of it is all that is known.
    case unreadable(String, at: String)

    /// Where a watch can go on.
    var resourceVersion: String {
        switch self {
        case .added(_, let version), .modified(_, let version), .deleted(_, let version), .bookmark(let version),
            .unreadable(_, let version):
            version
        }
    }
}

extension WatchEvent: Equatable where Item: Equatable {}
