import F2SModel

/// The replicas of every function as the platform reports them, except that cordoned replicas are draining. A value
/// without I/O and clock. The cost of an update depends on the number of changes, and not on the number of functions.
struct ObservedReplicas: Sendable {
    /// True once the platform has reported its replicas. Until then, no replica is known to be absent.
    private(set) var isComplete = false
    /// All replicas, with cordoned ones marked as draining.
    private(set) var snapshot = ReplicaSnapshot()
    /// The platform's newest snapshot.
    private var shown = ReplicaSnapshot()
    private var cordoned = CordonedReplicas()
    private var functions: [Replica.ID: Function.ID] = [:]

    /// Returns the replicas of one function and its start failure.
    subscript(function: Function.ID) -> ReplicaSnapshot.Entry { snapshot[function] }

    /// Returns the function that a replica belongs to; `nil` if the replica was not seen.
    func function(of replica: Replica.ID) -> Function.ID? { functions[replica] }

    /// Applies the platform's newest snapshot.
    /// - Returns: The functions whose entry has changed, and the replicas that have ended.
    mutating func update(
        _ newest: ReplicaSnapshot, at now: Duration
    ) -> (changed: Set<Function.ID>, ended: Set<Replica.ID>) {
        let candidates = newest.changes(since: shown)
        var ended: Set<Replica.ID> = []
        for id in candidates {
            let existing = Set(newest[id].replicas.lazy.filter { $0.state != .gone }.map(\.id))
            ended.formUnion(shown[id].replicas.lazy.map(\.id).filter { !existing.contains($0) })
            let listed = Set(newest[id].replicas.lazy.map(\.id))
            for replica in shown[id].replicas where !listed.contains(replica.id) { functions[replica.id] = nil }
            for replica in listed { functions[replica] = id }
            cordoned.see(listed)
        }
        shown = newest
        isComplete = true
        cordoned.forget(at: now) { functions[$0] != nil }
        return (candidates.filter { observe($0) }, ended)
    }

    /// Cordons replicas for as long as they exist, including replicas that no snapshot has shown yet.
    /// - Returns: The functions whose entry has changed.
    mutating func cordon(_ ids: [Replica.ID], at now: Duration) -> Set<Function.ID> {
        cordoned.add(ids, at: now)
        cordoned.see(ids.filter { functions[$0] != nil })
        return Set(ids.compactMap { functions[$0] }).filter { observe($0) }
    }

    /// Updates the entry of one function.
    /// - Returns: True if the entry has changed.
    private mutating func observe(_ function: Function.ID) -> Bool {
        let entry = cordoned.marked(shown[function])
        guard entry != snapshot[function] else { return false }
        snapshot[function] = entry
        return true
    }
}
