import F2SModel

/// Replicas that receive no new invocations, even if the platform's watch, which may be late, still reports them as
/// ready. A value without I/O and clock.
struct CordonedReplicas: Sendable {
    /// The time for which a cordoned replica is remembered if no snapshot has shown it.
    static let markLifetime = Duration.seconds(300)
    /// The maximum number of cordoned replicas. The oldest ones are dropped.
    static let countMax = 20_000

    private struct Mark: Sendable {
        let at: Duration
        var isSeen = false
    }

    private var marks: [Replica.ID: Mark] = [:]

    /// Cordons replicas.
    mutating func add(_ ids: [Replica.ID], at now: Duration) {
        for id in ids where marks[id] == nil { marks[id] = Mark(at: now) }
        guard marks.count > Self.countMax else { return }
        for (id, _) in marks.sorted(by: { $0.value.at < $1.value.at }).prefix(marks.count - Self.countMax) {
            marks[id] = nil
        }
    }

    /// Records that a snapshot has shown replicas.
    mutating func see(_ ids: some Sequence<Replica.ID>) {
        guard !marks.isEmpty else { return }
        for id in ids { marks[id]?.isSeen = true }
    }

    /// Forgets replicas that were seen and no longer exist, and old ones that were never seen.
    mutating func forget(at now: Duration, _ exists: (Replica.ID) -> Bool) {
        guard !marks.isEmpty else { return }
        marks = marks.filter { $0.value.isSeen ? exists($0.key) : now - $0.value.at < Self.markLifetime }
    }

    /// Returns a function's replicas, with the cordoned ones marked as draining.
    func marked(_ entry: ReplicaSnapshot.Entry) -> ReplicaSnapshot.Entry {
        guard !marks.isEmpty else { return entry }
        var entry = entry
        for index in entry.replicas.indices
        where entry.replicas[index].state != .gone && marks[entry.replicas[index].id] != nil {
            entry.replicas[index].state = .draining
        }
        return entry
    }
}
