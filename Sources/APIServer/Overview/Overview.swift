import F2SModel
import Synchronization

/// The overview of all functions. All requests share one index, and each brings it up to date.
final class Overview: Sendable {
    private let functions: any FunctionStore
    private let inspector: any OperatorInspector
    private let index = Mutex(OverviewIndex())

    init(functions: any FunctionStore, inspector: any OperatorInspector) {
        self.functions = functions
        self.inspector = inspector
    }

    /// Returns the index of the store's newest declarations, so that a client reads its own writes.
    func fetchIndex() async throws -> OverviewIndex {
        let newest = try await functions.fetchCurrent()
        let replicas = inspector.currentReplicas()
        return index.withLock { index in
            index.update(to: newest, replicas)
            return index
        }
    }
}
