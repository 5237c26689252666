import F2SModel

/// Which replicas are on their way out, and how far.
struct DrainLedger: Sendable, Hashable {
    /// Replicas that take nothing new, and since when the dispatcher has been told so. The way back is still open.
    private(set) var draining: [Replica.ID: Duration] = [:]
    /// Replicas that the platform was told to stop: there is no way back.
    private(set) var retired: Set<Replica.ID> = []

    /// Replaces the set of draining replicas; those that drained before keep their time.
    mutating func drain(_ ids: [Replica.ID], at now: Duration) {
        guard !(ids.isEmpty && draining.isEmpty) else { return }
        let before = draining
        draining = [:]
        for id in ids where !retired.contains(id) { draining[id] = before[id] ?? now }
    }

    /// The platform is being told to stop them.
    mutating func retire(_ ids: [Replica.ID]) {
        for id in ids {
            draining.removeValue(forKey: id)
            retired.insert(id)
        }
    }

    /// Forgets replicas that exist no more.
    mutating func forget(_ ended: Set<Replica.ID>) {
        for id in ended {
            draining[id] = nil
            retired.remove(id)
        }
    }

    /// The replicas that take nothing new.
    var leaving: Set<Replica.ID> { retired.union(draining.keys) }

    /// Whether it takes nothing new.
    func isLeaving(_ id: Replica.ID) -> Bool { draining[id] != nil || retired.contains(id) }
}
