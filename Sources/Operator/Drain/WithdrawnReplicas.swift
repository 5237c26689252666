import F2SModel

/// Replicas that take nothing new, whatever the platform's watch says, which may be late. A value without I/O and
/// clock.
struct WithdrawnReplicas: Sendable {
    /// Time for which one is remembered that no snapshot has shown.
    static let patience = Duration.seconds(300)
    /// Replicas that are remembered at most; the oldest make room.
    static let countMax = 20_000

    private struct Mark: Sendable {
        let at: Duration
        var isSeen = false
    }

    private var marks: [Replica.ID: Mark] = [:]

    /// Takes replicas out of use.
    mutating func add(_ ids: [Replica.ID], at now: Duration) {
        for id in ids where marks[id] == nil { marks[id] = Mark(at: now) }
        guard marks.count > Self.countMax else { return }
        for (id, _) in marks.sorted(by: { $0.value.at < $1.value.at }).prefix(marks.count - Self.countMax) {
            marks[id] = nil
        }
    }

    /// Takes the newest snapshot: a replica that was in one and is in none any more is forgotten.
    mutating func take(_ snapshot: ReplicaSnapshot, at now: Duration) {
        guard !marks.isEmpty else { return }
        let existing = Set(snapshot.replicas.lazy.map(\.id))
        marks = marks.filter { existing.contains($0.key) || !$0.value.isSeen && now - $0.value.at < Self.patience }
        for id in marks.keys where existing.contains(id) { marks[id]?.isSeen = true }
    }

    /// The snapshot with their state as it really is.
    func marked(_ snapshot: ReplicaSnapshot) -> ReplicaSnapshot {
        guard !marks.isEmpty else { return snapshot }
        var snapshot = snapshot
        for place in snapshot.replicas.indices
        where snapshot.replicas[place].state != .gone && marks[snapshot.replicas[place].id] != nil {
            snapshot.replicas[place].state = .draining
        }
        return snapshot
    }
}
