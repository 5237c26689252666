import F2SModel
import Testing

@Suite struct ReplicaSnapshotTests {
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `the changes between two snapshots are the functions whose entries differ`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var snapshot = ReplicaSnapshot()
        var earlier: [ReplicaSnapshot] = [snapshot]
        for step in 0..<300 {
            let id = Self.id(Int.random(in: 0..<8, using: &random))
            snapshot[id] = Self.entry(of: id, &random)
            // A follower may be slow, and another copy may have diverged.
            if step % 3 == 0 { earlier.append(snapshot) }
            if step % 50 == 49 {
                snapshot = earlier.randomElement(using: &random) ?? snapshot
                snapshot[id] = Self.entry(of: id, &random)
            }
            for one in earlier.suffix(5) {
                let different = (0..<8).map(Self.id).filter { one[$0] != snapshot[$0] }
                #expect(snapshot.changes(since: one) == Set(different), "seed \(seed), step \(step)")
                #expect((snapshot == one) == different.isEmpty, "seed \(seed), step \(step)")
            }
        }
    }

    @Test func `a follower that missed thousands of changes finds all of them`() {
        let first = ReplicaSnapshot()
        var random = SplitMix64(seed: 1)
        var snapshot = first
        for number in 0..<20_000 { snapshot[Self.id(number % 9000)] = Self.entry(of: Self.id(number % 9000), &random) }
        #expect(snapshot.changes(since: first) == snapshot.functions)
    }

    @Test func `an entry without replicas and failures is removed`() {
        var snapshot = ReplicaSnapshot(replicas: [Self.replica("a-1", of: Self.id(1))])
        #expect(snapshot.functions == [Self.id(1)] && snapshot.replicas.count == 1)
        snapshot[Self.id(1)] = ReplicaSnapshot.Entry()
        #expect(snapshot.functions.isEmpty && snapshot == ReplicaSnapshot())
    }

    @Test func `a snapshot that is updated to another one changes only where the two differ`() {
        var snapshot = ReplicaSnapshot(replicas: [1, 2].map { Self.replica("a", of: Self.id($0)) })
        let before = snapshot
        snapshot.update(to: ReplicaSnapshot(replicas: [2, 3].map { Self.replica("a", of: Self.id($0)) }))
        #expect(snapshot.changes(since: before) == [Self.id(1), Self.id(3)])
        #expect(snapshot.replicas.map(\.function) == [Self.id(2), Self.id(3)])
    }

    private static func id(_ number: Int) -> Function.ID { Function.ID("f\(number)") }

    private static func replica(_ name: String, of id: Function.ID) -> Replica {
        Replica(id: Replica.ID("\(id)-\(name)"), function: id, revision: Revision(text: "r"), state: .ready, since: 0)
    }

    private static func entry(of id: Function.ID, _ random: inout SplitMix64) -> ReplicaSnapshot.Entry {
        let count = Int.random(in: 0..<3, using: &random)
        return ReplicaSnapshot.Entry(replicas: (0..<count).map { replica("\($0)", of: id) })
    }
}
