public import F2SModel
import Synchronization

/// Histories in memory.
public final class InMemoryArchive: DeclarationArchive {
    private struct State {
        var histories = HistoryCollection()
        var edits: [Function.ID: Function.Edit] = [:]
        var failure: StoreError?
    }

    private let state = Mutex(State())

    /// Creates an archive without histories.
    public init() {}

    /// Sets the last change that the platform knows of a function.
    public func setEdit(_ edit: Function.Edit?, of id: Function.ID) { state.withLock { $0.edits[id] = edit } }

    /// Makes every later fetch throw `error`, until this is called with `nil`.
    public func fail(with error: StoreError?) { state.withLock { $0.failure = error } }

    /// Returns a history; see the protocol.
    public func currentHistory(of id: Function.ID) -> FunctionHistory { state.withLock { $0.histories[id] } }

    /// Returns a history and the last change; see the protocol.
    public func fetchHistory(of function: Function) async throws -> (history: FunctionHistory, edit: Function.Edit?) {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            return (state.histories[function.id], state.edits[function.id])
        }
    }

    /// Keeps a history; see the protocol.
    public func keep(_ history: FunctionHistory, of function: Function) async {
        state.withLock { $0.histories[function.id] = history }
    }

    /// Forgets a history; see the protocol.
    public func forget(_ function: Function) { state.withLock { $0.histories[function.id] = FunctionHistory() } }
}
