import F2SModel

/// The replicas of every function as the platform shows them, but for those that were withdrawn, which drain. A value
/// without I/O and clock. A change costs what it changes, however many functions run.
struct ObservedReplicas: Sendable {
    /// True once the platform has shown its replicas: until then nothing is known to be absent.
    private(set) var isComplete = false
    /// Every replica with its state as it really is.
    private(set) var snapshot = ReplicaSnapshot()
    /// The platform's newest snapshot.
    private var shown = ReplicaSnapshot()
    private var withdrawn = WithdrawnReplicas()
    private var functions: [Replica.ID: Function.ID] = [:]

    /// The replicas of one function, and its trouble.
    subscript(function: Function.ID) -> ReplicaSnapshot.Entry { snapshot[function] }

    /// The function that a replica belongs to; `nil`: no such replica was seen.
    func function(of replica: Replica.ID) -> Function.ID? { functions[replica] }

    /// Takes the platform's newest snapshot.
    /// - Returns: the functions of which anything is different, and the replicas that have ended.
    mutating func take(
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
            withdrawn.see(listed)
        }
        shown = newest
        isComplete = true
        withdrawn.forget(at: now) { functions[$0] != nil }
        return (candidates.filter { observe($0) }, ended)
    }

    /// Takes replicas out of use for as long as they exist, those too that no snapshot has shown yet.
    /// - Returns: the functions of which anything is different.
    mutating func withdraw(_ ids: [Replica.ID], at now: Duration) -> Set<Function.ID> {
        withdrawn.add(ids, at: now)
        withdrawn.see(ids.filter { functions[$0] != nil })
        return Set(ids.compactMap { functions[$0] }).filter { observe($0) }
    }

    /// - Returns: true if anything is different.
    private mutating func observe(_ function: Function.ID) -> Bool {
        let entry = withdrawn.marked(shown[function])
        guard entry != snapshot[function] else { return false }
        snapshot[function] = entry
        return true
    }
}
