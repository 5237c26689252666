import F2SModel
import Testing

@testable import F2SDispatcher

/// Tests random sequences of changes of functions and replicas. ``DispatcherState`` processes only the changes, and
/// must reach the same state as if it processed everything.
@Suite struct DispatcherStateSimulationTests {
    private struct World {
        static let functions = (0..<5).map { makeFunction("f\($0)", concurrency: 2) }

        var random: SplitMix64
        let active = ActiveFunctions()
        var catalog: DispatcherState
        var declared = FunctionSnapshot()
        var replicas = ReplicaSnapshot()
        /// The invocations in flight, each with the function whose queue granted its slot.
        var running: [(handle: FunctionHandle, lease: InvocationQueue.SlotLease)] = []
        /// The handles that were retired.
        var retired: [ObjectIdentifier: ReplicaHandle] = [:]
        /// The handles that a queue has listed.
        var listed: [ObjectIdentifier: ReplicaHandle] = [:]
        var retiredTwice = 0
        private var now: UInt64 = 0
        private var nextReplica = 0

        init(seed: UInt64) {
            random = SplitMix64(seed: seed)
            catalog = DispatcherState(queueLengthMax: 10, timeouts: Timeouts(), mayForward: true, active: active)
        }

        mutating func step() {
            now += 1_000_000
            let function = Self.functions.randomElement(using: &random) ?? Self.functions[0]
            switch Int.random(in: 0..<10, using: &random) {
            case 0: declared.update([function], rejections: [])
            case 1: declared.update([], removing: [function.id], rejections: [])
            case 2:
                let held = Self.functions.filter { _ in Bool.random(using: &random) }
                take(catalog.update(Ownership(withheld: Set(held.map(\.id))), now: now))
            case 3...6: replicas[function.id] = changed(replicas[function.id], of: function)
            case 7, 8: begin(function)
            default: if !running.isEmpty { finish(Int.random(in: 0..<running.count, using: &random)) }
            }
            // Snapshots arrive in any order, and one snapshot may contain several changes.
            if Bool.random(using: &random) { take(catalog.update(declared, now: now)) }
            if Bool.random(using: &random) { take(catalog.update(replicas, now: now)) }
        }

        mutating func catchUp() {
            take(catalog.update(declared, now: now))
            take(catalog.update(replicas, now: now))
        }

        mutating func finishAll() { while !running.isEmpty { finish(0) } }

        private mutating func take(_ effects: DispatcherState.Effects) {
            for handle in effects.retired where retired.updateValue(handle, forKey: ObjectIdentifier(handle)) != nil {
                retiredTwice += 1
            }
            for function in Self.functions {
                for (handle, _) in catalog.handle(of: function.id)?.withQueue({ $0.currentReplicas() }) ?? [] {
                    listed[ObjectIdentifier(handle)] = handle
                }
            }
        }

        private mutating func changed(_ entry: ReplicaSnapshot.Entry, of function: Function) -> ReplicaSnapshot.Entry {
            var entry = entry
            switch Int.random(in: 0..<4, using: &random) {
            case 0 where !entry.replicas.isEmpty:
                entry.replicas.remove(at: Int.random(in: entry.replicas.indices, using: &random))
            case 1 where !entry.replicas.isEmpty:
                let location = Int.random(in: entry.replicas.indices, using: &random)
                entry.replicas[location].state = Replica.State.allCases.randomElement(using: &random) ?? .ready
            case 2 where !entry.replicas.isEmpty:
                let location = Int.random(in: entry.replicas.indices, using: &random)
                entry.replicas[location].address = .init(ip: "127.0.0.1", port: Int.random(in: 1...3, using: &random))
            default:
                nextReplica += 1
                entry.replicas.append(makeReplica("\(function.id)-\(nextReplica)", of: function, port: 1))
            }
            return entry
        }

        private mutating func begin(_ function: Function) {
            guard let handle = catalog.handle(of: function.id) else { return }
            let now = now
            for (replica, _) in handle.withQueue({ $0.currentReplicas() }) {
                _ = handle.withQueue { $0.accepted(replica, now: now) }
            }
            let waiter = InvocationQueue.Waiter(loop: 0, entry: 0, generation: 0)
            let admission = handle.withActiveQueue(now: now) { $0.admit(waiter, now: now, wallClock: 0) }
            switch admission {
            case .granted(let lease, _): running.append((handle, lease))
            case .waiting(let sequence, _, _): _ = handle.withQueue { $0.leave(sequence, now: now) }
            default: break
            }
        }

        private mutating func finish(_ location: Int) {
            let (handle, lease) = running.remove(at: location)
            let now = now
            _ = handle.withQueue { $0.finish(lease, now: now) }
        }
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `queues list the existing replicas, and each of the others is retired once`(seed: UInt64) {
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

    private func check(_ world: World, _ location: Comment) {
        #expect(world.retiredTwice == 0, location)
        for function in World.functions {
            guard let handle = world.catalog.handle(of: function.id) else { continue }
            let isHeld = world.catalog.ownership.withheld.contains(function.id)
            let existing = world.replicas[function.id].replicas.filter { $0.state != .gone }
            let expected = isHeld ? [] : Set(existing.map { "\($0.id) \($0.address.map { "\($0.port)" } ?? "-")" })
            let states = handle.withQueue { queue in
                queue.currentReplicas().map {
                    (handle: $0.0, takes: queue.unaccepted().contains($0.0.number) || $0.1.isAccepting)
                }
            }
            let listed = states.filter(\.takes).map {
                "\($0.handle.id) \($0.handle.address.port.map { "\($0)" } ?? "-")"
            }
            #expect(Set(listed) == expected && listed.count == expected.count, location)
            for state in states where state.takes {
                #expect(world.retired[ObjectIdentifier(state.handle)] == nil, location)
            }
        }
    }
}
