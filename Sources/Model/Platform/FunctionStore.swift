/// Where function declarations are kept: the only truth about what is declared.
///
/// Implementations pass `PlatformConformance` in `Tests/TestSupport`.
public protocol FunctionStore: Sendable {
    /// Keeps a new function and returns it as stored.
    /// - Throws: ``StoreError/alreadyExists(_:)``, ``StoreError/invalid(_:)``, ``StoreError/unavailable(_:)``; only the
    ///   last is worth a retry.
    func create(_ draft: FunctionDraft) async throws -> Function

    /// Replaces the declaration of `draft.name`.
    /// - Parameter ifRevision: the version that the caller has seen; `nil`: whatever is stored.
    /// - Throws: ``StoreError/notFound(_:)``, ``StoreError/conflict(current:)``,
    ///   ``StoreError/readOnly(_:place:line:)``, ``StoreError/invalid(_:)``, ``StoreError/unavailable(_:)``; only the
    ///   last is worth a retry.
    func replace(_ draft: FunctionDraft, ifRevision: StoreRevision?) async throws -> Function

    /// Gives the function another revision with the same declaration, so that its replicas are replaced one by one as
    /// after an edit. Works for declarations that F2S may not rewrite, too.
    /// - Throws: ``StoreError/notFound(_:)``, ``StoreError/unavailable(_:)``; only the last is worth a retry.
    func restart(_ name: FunctionName) async throws -> Function

    /// Removes a function.
    /// - Throws: ``StoreError/notFound(_:)``, ``StoreError/conflict(current:)``,
    ///   ``StoreError/readOnly(_:place:line:)``, ``StoreError/unavailable(_:)``; only the last is worth a retry.
    func delete(_ name: FunctionName, ifRevision: StoreRevision?) async throws

    /// Writes what F2S has found out. A function that is gone is ignored, an equal status is not written again.
    /// - Throws: ``StoreError/unavailable(_:)``, worth a retry.
    func setStatus(_ status: FunctionStatus, of id: Function.ID) async throws

    /// Runs `body` with every complete state of the store: the current one at once, then one per change. Changes that
    /// follow closely may be merged; a state is never partial. Any number of callers at once.
    func withSnapshots<Result: Sendable>(
        _ body: @Sendable (Latest<FunctionSnapshot>.Values) async throws -> Result
    ) async throws -> Result
}
