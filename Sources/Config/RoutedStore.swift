public import F2SModel

/// A store whose writes are in force when they return: the next invocation is routed by them.
///
/// The dispatcher follows the store and is a moment behind it. A write waits for the dispatcher, but for ``patience``
/// at most, because what is stored is stored: where no core is free, the answer may come before the dispatcher.
public struct RoutedStore: FunctionStore {
    /// Longest wait of a write for the dispatcher.
    public static let patience = Duration.seconds(2)

    private let store: any FunctionStore
    private let routed: Latest<FunctionSnapshot>
    private let waitForLoops: @Sendable () async -> Void
    private let patience: Duration

    /// A store beside the dispatcher that follows it.
    /// - Parameters:
    ///   - routed: the newest snapshot that the dispatcher was given.
    ///   - waitForLoops: returns when every event loop routes by what the dispatcher was given before.
    public init(
        _ store: any FunctionStore, routed: Latest<FunctionSnapshot>, patience: Duration = Self.patience,
        waitForLoops: @escaping @Sendable () async -> Void
    ) {
        self.store = store
        self.routed = routed
        self.patience = patience
        self.waitForLoops = waitForLoops
    }

    /// Keeps a new function, and returns when it is routed.
    public func create(_ draft: FunctionDraft) async throws -> Function {
        let function = try await store.create(draft)
        await wait { $0.knows(function) }
        return function
    }

    /// Replaces a declaration, and returns when it is routed.
    public func replace(_ draft: FunctionDraft, ifRevision: StoreRevision?) async throws -> Function {
        let function = try await store.replace(draft, ifRevision: ifRevision)
        await wait { $0.knows(function) }
        return function
    }

    /// Removes a function, and returns when it is routed no more.
    public func delete(_ name: FunctionName, ifRevision: StoreRevision?) async throws {
        let known = routed.current.functions.first { $0.name == name }
        try await store.delete(name, ifRevision: ifRevision)
        guard let known else { return }
        // Declared again meanwhile, it is younger.
        await wait { $0.function(of: known.id)?.age != known.age }
    }

    /// Gives a function another revision, which no route depends on.
    public func restart(_ name: FunctionName) async throws -> Function { try await store.restart(name) }

    /// Writes a status, which no route depends on.
    public func setStatus(_ status: FunctionStatus, of id: Function.ID) async throws {
        try await store.setStatus(status, of: id)
    }

    /// Hands out the states of the store, routed or not.
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
            group.addTask { try? await Task.sleep(for: patience) }
            await group.next()
            group.cancelAll()
        }
    }
}

extension FunctionSnapshot {
    /// Whether it has this state of a function, or a later one.
    fileprivate func knows(_ function: Function) -> Bool {
        guard let known = self.function(of: function.id) else { return false }
        return (known.age, known.generation) >= (function.age, function.generation)
    }
}
