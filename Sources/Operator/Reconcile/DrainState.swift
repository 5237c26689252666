import F2SModel

/// The replicas that are draining or being stopped.
struct DrainState: Sendable, Hashable {
    /// Draining replicas, which receive no new invocations, and the times at which their drains began. A drain can
    /// still be revoked.
    private(set) var draining: [Replica.ID: Duration] = [:]
    /// Replicas that the platform was asked to stop. This cannot be revoked.
    private(set) var retired: Set<Replica.ID> = []

    /// Replaces the set of draining replicas. Replicas that were draining before keep their time.
    mutating func drain(_ ids: [Replica.ID], at now: Duration) {
        guard !(ids.isEmpty && draining.isEmpty) else { return }
        let before = draining
        draining = [:]
        for id in ids where !retired.contains(id) { draining[id] = before[id] ?? now }
    }

    /// Records that the platform is asked to stop the replicas.
    mutating func retire(_ ids: [Replica.ID]) {
        for id in ids {
            draining.removeValue(forKey: id)
            retired.insert(id)
        }
    }

    /// Forgets replicas that no longer exist.
    mutating func forget(_ ended: Set<Replica.ID>) {
        for id in ended {
            draining[id] = nil
            retired.remove(id)
        }
    }

    /// The replicas that receive no new invocations.
    var leaving: Set<Replica.ID> { retired.union(draining.keys) }

    /// Returns true if the replica receives no new invocations.
    func isLeaving(_ id: Replica.ID) -> Bool { draining[id] != nil || retired.contains(id) }
}
