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

    /// Notes that a snapshot has shown replicas.
    mutating func see(_ ids: some Sequence<Replica.ID>) {
        guard !marks.isEmpty else { return }
        for id in ids { marks[id]?.isSeen = true }
    }

    /// Forgets those that were seen and exist no more, and those that were never seen and are old.
    mutating func forget(at now: Duration, _ exists: (Replica.ID) -> Bool) {
        guard !marks.isEmpty else { return }
        marks = marks.filter { $0.value.isSeen ? exists($0.key) : now - $0.value.at < Self.patience }
    }

    /// The replicas of a function with their state as it really is.
    func marked(_ entry: ReplicaSnapshot.Entry) -> ReplicaSnapshot.Entry {
        guard !marks.isEmpty else { return entry }
        var entry = entry
        for place in entry.replicas.indices
        where entry.replicas[place].state != .gone && marks[entry.replicas[place].id] != nil {
            entry.replicas[place].state = .draining
        }
        return entry
    }
}
