import F2SModel
import TestSupport
import Testing

@testable import F2SDispatcher

/// Functions and replicas that come, go and change in any order. The catalogue looks only at what has changed, and
/// knows what a look at everything would find.
@Suite struct CatalogSimulationTests {
    private struct World {
        static let functions = (0..<5).map { makeFunction("f\($0)", concurrency: 2) }

        var random: SeededGenerator
        let active = ActiveFunctions()
        var catalog: Catalog
        var declared = FunctionSnapshot()
        var replicas = ReplicaSnapshot()
        /// Invocations in flight, by the queue that granted them.
        var running: [(cell: FunctionCell, grant: InvocationQueue.Grant)] = []
        /// Cells that were retired, and cells that a queue has listed.
        var retired: [ObjectIdentifier: ReplicaCell] = [:]
        var listed: [ObjectIdentifier: ReplicaCell] = [:]
        var retiredTwice = 0
        private var now: UInt64 = 0
        private var nextReplica = 0

        init(seed: UInt64) {
            random = SeededGenerator(seed: seed)
            catalog = Catalog(queueLengthMax: 10, timeouts: Timeouts(), mayForward: true, active: active)
        }

        mutating func step() {
            now += 1_000_000
            let function = Self.functions.randomElement(using: &random) ?? Self.functions[0]
            switch Int.random(in: 0..<10, using: &random) {
            case 0: declared.update([function], refusals: [])
            case 1: declared.update([], removing: [function.id], refusals: [])
            case 2:
                let held = Self.functions.filter { _ in Bool.random(using: &random) }
                take(catalog.update(Ownership(held: Set(held.map(\.id))), now: now))
            case 3...6: replicas[function.id] = changed(replicas[function.id], of: function)
            case 7, 8: begin(function)
            default: if !running.isEmpty { finish(Int.random(in: 0..<running.count, using: &random)) }
            }
            // Snapshots come in any order, and several changes in one.
            if Bool.random(using: &random) { take(catalog.update(declared, now: now)) }
            if Bool.random(using: &random) { take(catalog.update(replicas, now: now)) }
        }

        mutating func catchUp() {
            take(catalog.update(declared, now: now))
            take(catalog.update(replicas, now: now))
        }

        mutating func finishAll() { while !running.isEmpty { finish(0) } }

        private mutating func take(_ effects: Catalog.Effects) {
            for cell in effects.retired where retired.updateValue(cell, forKey: ObjectIdentifier(cell)) != nil {
                retiredTwice += 1
            }
            for function in Self.functions {
                for (cell, _) in catalog.cell(of: function.id)?.withQueue({ $0.currentReplicas() }) ?? [] {
                    listed[ObjectIdentifier(cell)] = cell
                }
            }
        }

        private mutating func changed(_ entry: ReplicaSnapshot.Entry, of function: Function) -> ReplicaSnapshot.Entry {
            var entry = entry
            switch Int.random(in: 0..<4, using: &random) {
            case 0 where !entry.replicas.isEmpty:
                entry.replicas.remove(at: Int.random(in: entry.replicas.indices, using: &random))
            case 1 where !entry.replicas.isEmpty:
                let place = Int.random(in: entry.replicas.indices, using: &random)
                entry.replicas[place].state = Replica.State.allCases.randomElement(using: &random) ?? .ready
            case 2 where !entry.replicas.isEmpty:
                let place = Int.random(in: entry.replicas.indices, using: &random)
                entry.replicas[place].address = .init(ip: "127.0.0.1", port: Int.random(in: 1...3, using: &random))
            default:
                nextReplica += 1
                entry.replicas.append(makeReplica("\(function.id)-\(nextReplica)", of: function, port: 1))
            }
            return entry
        }

        private mutating func begin(_ function: Function) {
            guard let cell = catalog.cell(of: function.id) else { return }
            let now = now
            for (replica, _) in cell.withQueue({ $0.currentReplicas() }) {
                _ = cell.withQueue { $0.accepted(replica, now: now) }
            }
            let waiter = InvocationQueue.Waiter(loop: 0, entry: 0, generation: 0)
            let admission = cell.withActiveQueue(now: now) { $0.admit(waiter, now: now, wallClock: 0) }
            switch admission {
            case .granted(let grant, _): running.append((cell, grant))
            case .waiting(let sequence, _, _): _ = cell.withQueue { $0.leave(sequence, now: now) }
            default: break
            }
        }

        private mutating func finish(_ place: Int) {
            let (cell, grant) = running.remove(at: place)
            let now = now
            _ = cell.withQueue { $0.finish(grant, now: now) }
        }
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `queues list the replicas that exist, and the others are retired once`(seed: UInt64) {
        var world = World(seed: seed)
        for step in 0..<400 {
            world.step()
            if step % 20 == 19 {
                world.catchUp()
                check(world, "seed \(seed), step \(step)")
            }
        }
        world.finishAll()
        for function in World.functions { world.replicas[function.id] = ReplicaSnapshot.Entry() }
        world.catchUp()
        check(world, "seed \(seed), at the end")
        #expect(world.listed.keys.allSatisfy { world.retired[$0] != nil }, "seed \(seed)")
        #expect(world.listed.count > 25, "seed \(seed)")
    }

    private func check(_ world: World, _ place: Comment) {
        #expect(world.retiredTwice == 0, place)
        for function in World.functions {
            guard let cell = world.catalog.cell(of: function.id) else { continue }
            let isHeld = world.catalog.ownership.held.contains(function.id)
            let existing = world.replicas[function.id].replicas.filter { $0.state != .gone }
            let expected = isHeld ? [] : Set(existing.map { "\($0.id) \($0.address.map { "\($0.port)" } ?? "-")" })
            let states = cell.withQueue { queue in
                queue.currentReplicas().map {
                    (cell: $0.0, takes: queue.unaccepted().contains($0.0.number) || $0.1.isAccepting)
                }
            }
            let listed = states.filter(\.takes).map { "\($0.cell.id) \($0.cell.address.port.map { "\($0)" } ?? "-")" }
            #expect(Set(listed) == expected && listed.count == expected.count, place)
            for state in states where state.takes {
                #expect(world.retired[ObjectIdentifier(state.cell)] == nil, place)
            }
        }
    }
}
