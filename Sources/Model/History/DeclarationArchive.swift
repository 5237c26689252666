/// Remembers the last declarations of functions. Each platform decides how much of it survives a restart of F2S.
public protocol DeclarationArchive: Sendable {
    /// Returns the history of a function as far as this process remembers it. It never waits.
    func currentHistory(of id: Function.ID) -> FunctionHistory

    /// Returns the history of a function, with what the platform has stored. The newest declaration may be missing.
    /// - Returns: The history, and the last change of the current declaration if the platform knows more about it than
    ///   ``Function/Origin/lastEdit``.
    /// - Throws: ``StoreError/unavailable(_:)``, which is worth a retry.
    func fetchHistory(of function: Function) async throws -> (history: FunctionHistory, edit: Function.Edit?)

    /// Remembers a history, and stores as much of it as survives a restart. An error is logged: the next change stores
    /// the history again.
    func keep(_ history: FunctionHistory, of function: Function) async

    /// Forgets the history of a function that is no longer declared.
    func forget(_ function: Function)
}
