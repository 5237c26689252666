import F2SModel
import Synchronization

/// An operator that records cordoned replicas, and whose functions and decisions a test sets.
final class StubController: ReplicaCordoning, OperatorInspector {
    private struct State {
        var cordoned: Set<Replica.ID> = []
        var explanations: [Function.ID: ScaleExplanation] = [:]
    }

    private let running: Set<Function.ID>
    private let state = Mutex(State())

    /// - Parameter running: The functions that may have replicas.
    init(running: Set<Function.ID> = []) { self.running = running }

    /// The replicas that were cordoned.
    var cordoned: Set<Replica.ID> { state.withLock { $0.cordoned } }

    /// Sets the decisions.
    func set(_ explanations: [Function.ID: ScaleExplanation]) { state.withLock { $0.explanations = explanations } }

    func mayRun(_ id: Function.ID) -> Bool { running.contains(id) }
    func cordon(_ ids: [Replica.ID]) { state.withLock { $0.cordoned.formUnion(ids) } }

    func currentExplanations() -> [Function.ID: ScaleExplanation] { state.withLock { $0.explanations } }
    func fetchExplanations(of function: Function.ID?) async -> [Function.ID: ScaleExplanation] {
        currentExplanations().filter { function == nil || $0.key == function }
    }
    func currentReplicas() -> ReplicaSnapshot { ReplicaSnapshot() }
}
