import F2SModel
import Testing

@testable import F2SOperator

/// Edits, calls, deaths and failures in a random order; what must never happen is looked for after each step, and when
/// all is calm everything is as declared.
@Suite struct SimulationTests {
    @Test(arguments: 1...24 as ClosedRange<UInt64>)
    func `whatever happens, nothing is stopped with work in hand, and calm leads to what is wanted`(
        seed: UInt64
    ) throws {
        var world = SimulatedWorld(seed: seed, isLate: seed.isMultiple(of: 2))
        world.tellFunctions()
        for _ in 0..<400 {
            try Self.disturb(&world)
            world.step()
        }
        // Versions that start, so that there is something to arrive at.
        world.isCalm = true
        for function in world.functions.values.sorted(by: { $0.id < $1.id }) {
            var draft = function.draft
            draft.target.command = ["run", "v1"]
            world.declare(draft)
        }
        for _ in 0..<150 { world.step() }
        #expect(world.violations.isEmpty, "seed \(seed): \(world.violations)")
        Self.expectCalm(world, seed)
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `a steady load keeps a steady number of replicas`(seed: UInt64) throws {
        var world = SimulatedWorld(seed: seed, isLate: false)
        world.isCalm = true
        let id = Function.ID("f1")
        world.declare(try Samples.draft("f1", max: 20, concurrency: 4, scaling: Scaling(window: .seconds(10))))
        var numbers: Set<Int> = []
        for step in 0..<200 {
            world.call(id, times: 20)
            world.step()
            if step > 100 { numbers.insert(world.replicas.count) }
        }
        #expect(world.violations.isEmpty, "seed \(seed): \(world.violations)")
        // A second in the queue and a second of work: 40 at once, and 70 % of 4 slots are used, so 14.3.
        #expect(numbers == [15], "seed \(seed)")
    }

    private static func disturb(_ world: inout SimulatedWorld) throws {
        let number = Int.random(in: 1...6, using: &world.random)
        let id = Function.ID("f\(number)")
        switch Int.random(in: 0..<20, using: &world.random) {
        case 0, 1:
            // A name that comes back is another function only when nothing of the first is left.
            guard world.functions[id] != nil || !world.replicas.contains(where: { $0.replica.function == id }) else {
                return
            }
            let minimum = [0, 0, 0, 1, 2].randomElement(using: &world.random) ?? 0
            world.declare(
                try Samples.draft(
                    "f\(number)", route: number == 6 ? "f5" : nil, min: minimum,
                    max: minimum + Int.random(in: 1...4, using: &world.random),
                    concurrency: [nil, 1, 3].randomElement(using: &world.random) ?? nil,
                    version: Int.random(in: 1...12, using: &world.random),
                    timeout: .seconds(Int.random(in: 2...10, using: &world.random)),
                    scaling: Scaling(
                        idle: .seconds(Int.random(in: 1...20, using: &world.random)),
                        window: .seconds(Int.random(in: 6...30, using: &world.random)))))
        case 2:
            world.delete(id)
        case 3:
            world.kill()
        case 4...8:
            world.call(id, times: Int.random(in: 1...12, using: &world.random))
        default: break
        }
    }

    private static func expectCalm(_ world: SimulatedWorld, _ seed: UInt64) {
        let losers = FunctionSnapshot(functions: Array(world.functions.values)).routeConflicts
        for replica in world.replicas {
            #expect(world.functions[replica.replica.function] != nil, "seed \(seed): \(replica.replica.id) is nobody's")
        }
        for function in world.functions.values {
            let own = world.replicas.filter { $0.replica.function == function.id }
            let wanted = losers[function.id] == nil ? function.target.minReplicas : 0
            #expect(own.count == wanted, "seed \(seed): \(function.id)")
            #expect(own.allSatisfy { $0.replica.revision == function.revision }, "seed \(seed): \(function.id)")
            #expect(own.allSatisfy { $0.replica.state == .ready }, "seed \(seed): \(function.id)")
            #expect(function.status.readyReplicas == wanted, "seed \(seed): \(function.id)")
            #expect(function.status.conditions.contains { $0.kind == .routeConflict } == (losers[function.id] != nil))
        }
        #expect(world.state.departures.isEmpty, "seed \(seed)")
        #expect(world.state.ledger.isEmpty, "seed \(seed)")
        #expect(world.published == world.snapshot(), "seed \(seed)")
        #expect(world.pending.isEmpty, "seed \(seed)")
    }
}
