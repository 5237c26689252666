/// The differences between two snapshots.
public struct FunctionChanges: Sendable {
    /// New functions, and functions that differ in more than status and store revision, oldest first.
    public internal(set) var declared: [Function] = []
    /// Functions that differ in status or store revision only.
    public internal(set) var updated: [Function] = []
    /// Functions that are no longer declared, in their last state, oldest first.
    public internal(set) var removed: [Function] = []
    /// Functions that are declared for a route whose holder or claimants have changed.
    public internal(set) var rerouted: Set<Function.ID> = []

    /// True if no function was declared or removed.
    public var isOnlyStatuses: Bool { declared.isEmpty && removed.isEmpty }
    /// True if nothing has changed.
    public var isEmpty: Bool { isOnlyStatuses && updated.isEmpty }
}
