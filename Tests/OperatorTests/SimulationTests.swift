import F2SModel
import Glibc
import Testing

@testable import F2SOperator

/// Edits, invocations, deaths and failures in a random order. The invariants are checked after each step, and after a
/// calm period everything must be as declared.
@Suite struct SimulationTests {
    @Test(arguments: 1...seeds)
    func `no replica is stopped with work in flight, and after a calm period everything is as declared`(
        seed: UInt64
    ) throws {
        var world = SimulatedWorld(seed: seed, isLate: seed.isMultiple(of: 2))
        world.tellFunctions()
        for _ in 0..<400 {
            try Self.disturb(&world)
            world.step()
        }
        // These versions start, so that the world can reach the declared state.
        world.isCalm = true
        for function in world.functions.values.sorted(by: { $0.id < $1.id }) {
            var draft = function.draft
            draft.target.command = ["run", "v1"]
            world.declare(draft)
        }
        for _ in 0..<150 { world.step() }
        #expect(world.violations.isEmpty, "seed \(seed): \(world.violations)")
        #expect(world.skipped > 30, "seed \(seed): reconciled functions are skipped")
        Self.expectCalm(world, seed)
    }

    /// `make soak` runs a million steps.
    private static let seeds: UInt64 = getenv("F2S_SOAK") == nil ? 24 : 2000

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
        // A second in the queue and a second of work make 40 at once. 70 % of 4 slots are used, so 14.3 replicas are
        // needed.
        #expect(numbers == [15], "seed \(seed)")
    }

    private static func disturb(_ world: inout SimulatedWorld) throws {
        let number = Int.random(in: 1...6, using: &world.random)
        let id = Function.ID("f\(number)")
        switch Int.random(in: 0..<20, using: &world.random) {
        case 0, 1:
            // A reused name is another function only when nothing of the first is left.
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
        case 9:
            // Another writer of the status.
            guard var status = world.functions[id]?.status else { return }
            status.readyReplicas = Int.random(in: 50...99, using: &world.random)
            world.write(status, of: id)
        case 10:
            guard Int.random(in: 0..<4, using: &world.random) == 0 else { return }
            world.leadsAt = world.now + .seconds(Int.random(in: 1...8, using: &world.random))
        case 11:
            guard Int.random(in: 0..<4, using: &world.random) == 0 else { return }
            world.isCompleteAt = world.now + .seconds(Int.random(in: 1...8, using: &world.random))
        default: break
        }
    }

    private static func expectCalm(_ world: SimulatedWorld, _ seed: UInt64) {
        let snapshot = FunctionSnapshot(functions: Array(world.functions.values))
        for replica in world.replicas {
            #expect(world.functions[replica.replica.function] != nil, "seed \(seed): \(replica.replica.id) remains")
        }
        for function in world.functions.values {
            let own = world.replicas.filter { $0.replica.function == function.id }
            let isLoser = snapshot.routeHolder(of: function) != nil
            let wanted = isLoser ? 0 : function.target.minReplicas
            #expect(own.count == wanted, "seed \(seed): \(function.id)")
            #expect(own.allSatisfy { $0.replica.revision == function.revision }, "seed \(seed): \(function.id)")
            #expect(own.allSatisfy { $0.replica.state == .ready }, "seed \(seed): \(function.id)")
            #expect(function.status.readyReplicas == wanted, "seed \(seed): \(function.id)")
            #expect(function.status.conditions.contains { $0.kind == .routeConflict } == isLoser)
        }
        #expect(world.state.departures.isEmpty, "seed \(seed)")
        #expect(world.state.drainState.leaving.isEmpty, "seed \(seed)")
        #expect(world.published == world.snapshot(), "seed \(seed)")
        #expect(world.pending.isEmpty, "seed \(seed)")
    }
}
