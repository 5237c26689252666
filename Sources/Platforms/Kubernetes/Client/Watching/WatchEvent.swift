/// A change that a watch reports, with the resource version from which a watch can continue after it.
enum WatchEvent<Item: Sendable>: Sendable {
    /// The object is new.
    case added(Item, at: String)
    /// The object has changed.
    case modified(Item, at: String)
    /// The object was deleted; the item is its last state.
    case deleted(Item, at: String)
    /// There are no further changes up to this version.
    case bookmark(at: String)
    /// An object has changed but cannot be decoded, so its last known state is kept.
    case unreadable(String, at: String)

    /// The resource version from which a watch can continue.
    var resourceVersion: String {
        switch self {
        case .added(_, let version), .modified(_, let version), .deleted(_, let version), .bookmark(let version),
            .unreadable(_, let version):
            version
        }
    }
}

extension WatchEvent: Equatable where Item: Equatable {}
