/// What has changed between two snapshots.
public struct FunctionChanges: Sendable {
    /// Functions that are new, or of which more than what a written status changes is different, oldest first.
    public internal(set) var declared: [Function] = []
    /// Functions of which only the status has changed.
    public internal(set) var updated: [Function] = []
    /// Functions that are not declared any more, as they were, oldest first.
    public internal(set) var removed: [Function] = []
    /// Declared functions of whose route another function has become, or is no longer, the holder.
    public internal(set) var rerouted: Set<Function.ID> = []

    /// Whether statuses are all that has changed, or nothing has.
    public var isOnlyStatuses: Bool { declared.isEmpty && removed.isEmpty }
    /// Whether nothing has changed.
    public var isEmpty: Bool { isOnlyStatuses && updated.isEmpty }
}
