public import F2SModel

/// A store whose writes are in force when they return: the next invocation is routed by them.
///
/// The dispatcher follows the store with a short delay. A write waits for the dispatcher, but for at most
/// ``routingTimeout``, because the write is already stored. If no core is free, the write may return before the
/// dispatcher has applied it.
public struct RoutedStore: FunctionStore {
    /// The longest time that a write waits for the dispatcher.
    public static let routingTimeout = Duration.seconds(2)

    private let store: any FunctionStore
    private let routed: Latest<FunctionSnapshot>
    private let waitForLoops: @Sendable () async -> Void
    private let timeout: Duration

    /// Creates a store beside the dispatcher that follows it.
    /// - Parameters:
    ///   - routed: the newest snapshot that the dispatcher received.
    ///   - timeout: the longest time that a write waits.
    ///   - waitForLoops: returns when every event loop routes by the snapshots that the dispatcher received before.
    public init(
        _ store: any FunctionStore, routed: Latest<FunctionSnapshot>, timeout: Duration = Self.routingTimeout,
        waitForLoops: @escaping @Sendable () async -> Void
    ) {
        self.store = store
        self.routed = routed
        self.timeout = timeout
        self.waitForLoops = waitForLoops
    }

    /// Stores a new function and returns when it is routed.
    public func create(_ draft: FunctionDraft, by user: String?) async throws -> Function {
        let function = try await store.create(draft, by: user)
        await wait { $0.knows(function) }
        return function
    }

    /// Replaces a declaration and returns when it is routed.
    public func replace(
        _ draft: FunctionDraft, ifRevision: StoreRevision?, by user: String?
    ) async throws -> Function {
        let function = try await store.replace(draft, ifRevision: ifRevision, by: user)
        await wait { $0.knows(function) }
        return function
    }

    /// Removes a function and returns when it is no longer routed.
    public func delete(_ name: FunctionName, ifRevision: StoreRevision?) async throws {
        let known = routed.current.functions.first { $0.name == name }
        try await store.delete(name, ifRevision: ifRevision)
        guard let known else { return }
        // If the function is declared again meanwhile, it has another age.
        await wait { $0.function(of: known.id)?.age != known.age }
    }

    /// Gives a function another revision. Routes do not depend on it.
    public func restart(_ name: FunctionName, by user: String?) async throws -> Function {
        try await store.restart(name, by: user)
    }

    /// Writes a status. Routes do not depend on it.
    public func setStatus(_ status: FunctionStatus, of id: Function.ID) async throws {
        try await store.setStatus(status, of: id)
    }

    /// Runs `body` with the states of the store, routed or not.
    public func withSnapshots<Result: Sendable>(
        _ body: @Sendable (Latest<FunctionSnapshot>.Values) async throws -> Result
    ) async throws -> Result {
        try await store.withSnapshots(body)
    }

    private func wait(until isRouted: @escaping @Sendable (FunctionSnapshot) -> Bool) async {
        await withTaskGroup { group in
            group.addTask {
                for await snapshot in routed.values() where isRouted(snapshot) { break }
                await waitForLoops()
            }
            group.addTask { try? await Task.sleep(for: timeout) }
            await group.next()
            group.cancelAll()
        }
    }
}

extension FunctionSnapshot {
    /// Returns true if the snapshot contains this state of a function or a later one.
    fileprivate func knows(_ function: Function) -> Bool {
        guard let known = self.function(of: function.id) else { return false }
        return (known.age, known.generation) >= (function.age, function.generation)
    }
}
