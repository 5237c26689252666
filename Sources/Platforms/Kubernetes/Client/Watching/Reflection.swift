/// What is known of a collection. It is never emptied because the API server cannot be reached: the last state stands.
struct Reflection<Item: Sendable>: Sendable {
    /// Whether a complete list has ever been seen: before that, absence means nothing.
    var isSynced = false
    /// The objects by their keys.
    var items: [String: Item] = [:]
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
}

extension Reflection: Equatable where Item: Equatable {}
