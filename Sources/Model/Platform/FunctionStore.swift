/// The store of function declarations, and the single source of truth for them.
///
/// Implementations must pass `PlatformConformance` in `Tests/TestSupport`.
public protocol FunctionStore: Sendable {
    /// Stores a new function and returns it as stored.
    /// - Parameter user: The name of the caller who declares it; `nil` if it is not known. A store with a record of
    ///   changes keeps it.
    /// - Throws: ``StoreError/alreadyExists(_:)``, ``StoreError/invalid(_:)``, ``StoreError/unavailable(_:)``. Only the
    ///   last is worth a retry.
    func create(_ draft: FunctionDraft, by user: String?) async throws -> Function

    /// Replaces the declaration of `draft.name`.
    /// - Parameters:
    ///   - ifRevision: the version that the caller has read; `nil` replaces any version.
    ///   - user: The name of the caller, as in ``create(_:by:)``.
    /// - Throws: ``StoreError/notFound(_:)``, ``StoreError/conflict(current:)``,
    ///   ``StoreError/readOnly(_:location:line:)``, ``StoreError/invalid(_:)``, ``StoreError/unavailable(_:)``. Only
    ///   the last is worth a retry.
    func replace(_ draft: FunctionDraft, ifRevision: StoreRevision?, by user: String?) async throws -> Function

    /// Gives the function another revision with the same declaration, so that its replicas are replaced one by one as
    /// after an edit. This also works for declarations that F2S may not rewrite.
    /// - Parameter user: The name of the caller, as in ``create(_:by:)``.
    /// - Throws: ``StoreError/notFound(_:)``, ``StoreError/unavailable(_:)``. Only the last is worth a retry.
    func restart(_ name: FunctionName, by user: String?) async throws -> Function

    /// Removes a function.
    /// - Throws: ``StoreError/notFound(_:)``, ``StoreError/conflict(current:)``,
    ///   ``StoreError/readOnly(_:location:line:)``, ``StoreError/unavailable(_:)``. Only the last is worth a retry.
    func delete(_ name: FunctionName, ifRevision: StoreRevision?) async throws

    /// Writes the status of a function. A function that is gone is ignored, and an equal status is not written again.
    /// - Throws: ``StoreError/unavailable(_:)``, which is worth a retry.
    func setStatus(_ status: FunctionStatus, of id: Function.ID) async throws

    /// Runs `body` with a stream of complete states of the store: the current state at once, then one after each
    /// change. Changes in quick succession may be merged, but a state is never partial. Any number of callers may run
    /// at once.
    func withSnapshots<Result: Sendable>(
        _ body: @Sendable (Latest<FunctionSnapshot>.Values) async throws -> Result
    ) async throws -> Result
}

extension FunctionStore {
    /// Stores a new function for F2S itself.
    public func create(_ draft: FunctionDraft) async throws -> Function { try await create(draft, by: nil) }

    /// Replaces a declaration for F2S itself.
    public func replace(_ draft: FunctionDraft, ifRevision: StoreRevision?) async throws -> Function {
        try await replace(draft, ifRevision: ifRevision, by: nil)
    }

    /// Restarts a function for F2S itself.
    public func restart(_ name: FunctionName) async throws -> Function { try await restart(name, by: nil) }
}
