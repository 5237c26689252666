import F2SModel
import Synchronization
import TestSupport

/// A platform that stops replicas itself. A test sets which.
final class LeavingReplicas: ReplicaRuntime {
    typealias List = @Sendable (Function.ID) async throws -> [Replica.ID]

    private struct State {
        var list: List = { _ in [] }
        var lists = 0
    }

    private let inner: InMemoryReplicas
    private let state = Mutex(State())

    init(_ inner: InMemoryReplicas) { self.inner = inner }

    /// The number of requests for the replicas that are being stopped.
    var lists: Int { state.withLock { $0.lists } }

    func answer(_ list: @escaping List) { state.withLock { $0.list = list } }

    var retirement: Retirement { .byPlatform }

    func fetchLeaving(_ id: Function.ID) async throws -> [Replica.ID] {
        let list = state.withLock { state in
            state.lists += 1
            return state.list
        }
        return try await list(id)
    }

    func apply(_ function: Function, _ count: ReplicaCount, retiring: [Replica.ID]) async throws {
        try await inner.apply(function, count, retiring: retiring)
    }

    func remove(_ id: Function.ID) async throws { try await inner.remove(id) }

    func withReplicas<Result: Sendable>(
        _ body: @Sendable (Latest<ReplicaSnapshot>.Values) async throws -> Result
    ) async throws -> Result { try await inner.withReplicas(body) }

    func logs(of id: Function.ID, tail: Int, follow: Bool) -> AsyncStream<LogLine> {
        inner.logs(of: id, tail: tail, follow: follow)
    }
}
