import F2SModel
import Testing

@Suite struct FunctionSnapshotTests {
    /// A store with random changes.
    private struct Store {
        var snapshot = FunctionSnapshot()
        var random: SplitMix64
        private var nextAge: UInt64 = 1
        private var nextGeneration = 1

        init(seed: UInt64) { random = SplitMix64(seed: seed) }

        mutating func function(_ number: Int) throws -> Function {
            nextGeneration += 1
            let id = Function.ID("f\(number)")
            let known = snapshot.function(of: id)
            if known == nil { nextAge += 1 }
            // Some functions are older than all existing ones.
            let age = known?.age ?? (Bool.random(using: &random) ? 20_000 + nextAge : 20_000 - nextAge)
            return Function(
                id: id,
                draft: FunctionDraft(
                    name: try FunctionName("f\(number)"),
                    route: try Route("/r\(Int.random(in: 0..<6, using: &random))"),
                    method: [nil, .get, .post].randomElement(using: &random) ?? nil, target: Target(image: "x")),
                generation: nextGeneration, storeRevision: StoreRevision("\(nextGeneration)"), age: age,
                origin: Function.Origin(location: "f\(number)", isWritable: true))
        }

        mutating func disturb() throws {
            let number = Int.random(in: 0..<12, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                let status = FunctionStatus(replicas: Int.random(in: 0..<3, using: &random))
                snapshot.setStatus(status, of: Function.ID("f\(number)"))
            case 1: snapshot.update([], removing: [Function.ID("f\(number)")], rejections: [])
            default:
                let other = Int.random(in: 0..<12, using: &random)
                let removed = other == number ? [] : Set([Function.ID("f\(other)")])
                snapshot.update([try function(number)], removing: removed, rejections: [])
            }
        }
    }

    /// The reported changes. The parts without an order are sets.
    private struct Told: Equatable {
        let declared: [Function]
        let updated: Set<Function>
        let removed: [Function]
        let rerouted: Set<Function.ID>

        init(_ changes: FunctionChanges) {
            (declared, updated, removed) = (changes.declared, Set(changes.updated), changes.removed)
            rerouted = changes.rerouted
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `the changes equal those of a full comparison, however old the earlier snapshot is`(seed: UInt64) throws {
        var store = Store(seed: seed)
        var seen = store.snapshot
        for _ in 0..<300 {
            for _ in 0..<Int.random(in: 0..<4, using: &store.random) { try store.disturb() }
            let anew = FunctionSnapshot(functions: Array(store.snapshot.functions))
            #expect(store.snapshot == anew)
            #expect(Told(store.snapshot.changes(since: seen)) == Told(anew.changes(since: seen)))
            for function in store.snapshot.functions {
                #expect(store.snapshot.function(of: function.id) == function)
                #expect(store.snapshot.routeHolder(of: function) == anew.routeHolder(of: function))
                let older = store.snapshot.functions.first {
                    $0.route == function.route && $0.method == function.method && $0.age < function.age
                }
                #expect(store.snapshot.routeHolder(of: function)?.age == older?.age)
            }
            seen = store.snapshot
        }
    }

    @Test func `a follower that applies all reported changes has the state of the snapshot`() throws {
        var store = Store(seed: 7)
        var (seen, copies): (FunctionSnapshot, [Function.ID: Function]) = (store.snapshot, [:])
        for _ in 0..<1000 {
            for _ in 0..<Int.random(in: 0..<5, using: &store.random) { try store.disturb() }
            let changes = store.snapshot.changes(since: seen)
            for function in changes.removed { copies[function.id] = nil }
            for function in changes.declared + changes.updated { copies[function.id] = function }
            seen = store.snapshot
            #expect(copies.values.sorted { $0.id < $1.id } == seen.functions.sorted { $0.id < $1.id })
        }
    }

    @Test func `two snapshots that diverged from a common one are compared in full`() throws {
        var store = Store(seed: 3)
        for _ in 0..<20 { try store.disturb() }
        var other = store
        try store.disturb()
        other.random = SplitMix64(seed: 99)
        for _ in 0..<5 { try other.disturb() }
        let anew = FunctionSnapshot(functions: Array(other.snapshot.functions))
        #expect(Told(other.snapshot.changes(since: store.snapshot)) == Told(anew.changes(since: store.snapshot)))
    }

    @Test func `a change among ten thousand functions is found without a comparison of the others`() throws {
        var store = Store(seed: 5)
        var functions: [Function] = []
        for number in 0..<10_000 { functions.append(try store.function(number)) }
        store.snapshot.update(functions, rejections: [])
        var (newest, fewest) = (store.snapshot, Duration.seconds(1))
        for number in 0..<200 {
            let before = newest
            newest.setStatus(FunctionStatus(replicas: number + 1), of: Function.ID("f\(number)"))
            let begun = ContinuousClock.now
            let changes = newest.changes(since: before)
            fewest = min(fewest, ContinuousClock.now - begun)
            #expect(changes.updated.map(\.id.text) == ["f\(number)"] && changes.isOnlyStatuses)
        }
        print("one change among 10,000 functions: found in \(fewest) at best")
        #expect(fewest < .milliseconds(1))
    }
}
