public import F2SModel
import Synchronization

/// A store of declarations in memory.
public final class InMemoryFunctions: FunctionStore {
    private struct State {
        var functions: [FunctionName: Function] = [:]
        var rejections: [Rejection] = []
        var nextAge: UInt64 = 1
        var nextRevision: UInt64 = 1
        var failure: StoreError?

        var snapshot: FunctionSnapshot { FunctionSnapshot(functions: Array(functions.values), rejections: rejections) }

        func checkAvailable() throws(StoreError) {
            if let failure { throw failure }
        }

        func stored(_ name: FunctionName, ifRevision: StoreRevision?) throws(StoreError) -> Function {
            guard let function = functions[name] else { throw .notFound(name) }
            if let ifRevision, ifRevision != function.storeRevision { throw .conflict(current: function.storeRevision) }
            return function
        }

        @discardableResult
        mutating func keep(
            _ draft: FunctionDraft, over old: Function?, restartedAt: String? = nil, by user: String? = nil
        ) -> Function {
            let edit = user.map { Function.Edit(time: Double(nextRevision), user: $0) }
            let function = Function(
                id: old?.id ?? Function.ID("memory-\(draft.name)"), draft: draft,
                generation: (old?.generation ?? 0) + (restartedAt == nil ? 1 : 0),
                storeRevision: StoreRevision("\(nextRevision)"), age: old?.age ?? nextAge,
                origin: Function.Origin(
                    location: "memory", isWritable: true, restartedAt: restartedAt ?? old?.origin.restartedAt,
                    lastEdit: restartedAt == nil ? edit : old?.origin.lastEdit),
                status: old?.status ?? FunctionStatus())
            nextRevision += 1
            if old == nil { nextAge += 1 }
            functions[draft.name] = function
            return function
        }
    }

    private let state = Mutex(State())
    private let latest: Latest<FunctionSnapshot>

    /// Creates a store with these declarations, the oldest first. They are not validated, so that a test can add
    /// invalid ones.
    public init(_ drafts: [FunctionDraft] = []) {
        latest = Latest(FunctionSnapshot())
        for draft in drafts { change { state in state.keep(draft, over: nil) } }
    }

    /// The current snapshot of the store.
    public var current: FunctionSnapshot { latest.current }

    /// Makes every later call throw `error`, until this is called with `nil`.
    public func fail(with error: StoreError?) { state.withLock { $0.failure = error } }

    /// Publishes rejected declarations beside the accepted ones.
    public func setRejections(_ rejections: [Rejection]) { change { state in state.rejections = rejections } }

    /// Stores a new function; see the protocol.
    public func create(_ draft: FunctionDraft, by user: String?) async throws -> Function {
        try Self.validate(draft)
        return try change { state throws(StoreError) in
            try state.checkAvailable()
            guard state.functions[draft.name] == nil else { throw .alreadyExists(draft.name) }
            return state.keep(draft, over: nil, by: user)
        }
    }

    /// Replaces a function; see the protocol.
    public func replace(_ draft: FunctionDraft, ifRevision: StoreRevision?, by user: String?) async throws -> Function {
        try Self.validate(draft)
        return try change { state throws(StoreError) in
            try state.checkAvailable()
            let stored = try state.stored(draft.name, ifRevision: ifRevision)
            return stored.draft == draft ? stored : state.keep(draft, over: stored, by: user)
        }
    }

    /// Gives a function a new revision; see the protocol.
    public func restart(_ name: FunctionName, by user: String?) async throws -> Function {
        try change { state throws(StoreError) in
            try state.checkAvailable()
            let stored = try state.stored(name, ifRevision: nil)
            return state.keep(stored.draft, over: stored, restartedAt: "\(state.nextRevision)")
        }
    }

    /// Removes a function; see the protocol.
    public func delete(_ name: FunctionName, ifRevision: StoreRevision?) async throws {
        try change { state throws(StoreError) in
            try state.checkAvailable()
            _ = try state.stored(name, ifRevision: ifRevision)
            state.functions[name] = nil
        }
    }

    /// Stores a status; see the protocol.
    public func setStatus(_ status: FunctionStatus, of id: Function.ID) async throws {
        try change { state throws(StoreError) in
            try state.checkAvailable()
            guard let name = state.functions.first(where: { $0.value.id == id })?.key else { return }
            state.functions[name]?.status = status
        }
    }

    /// Runs `body` with every snapshot; see the protocol.
    public func withSnapshots<Result: Sendable>(
        _ body: @Sendable (Latest<FunctionSnapshot>.Values) async throws -> Result
    ) async throws -> Result {
        try await body(latest.values())
    }

    private static func validate(_ draft: FunctionDraft) throws(StoreError) {
        let errors = draft.fieldErrors()
        guard errors.isEmpty else { throw .invalid(errors) }
    }

    /// Changes the state and publishes a snapshot if it differs from the current one.
    @discardableResult
    private func change<Result: Sendable, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try state.withLock { state throws(Failure) in
            let result = try body(&state)
            let snapshot = state.snapshot
            // Publishing under the lock keeps concurrent changes in order. It never blocks.
            if snapshot != latest.current { latest.publish(snapshot) }
            return result
        }
    }
}
