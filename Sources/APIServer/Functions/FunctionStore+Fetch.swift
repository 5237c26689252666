import F2SModel

extension FunctionStore {
    /// The store's own newest state.
    func fetchCurrent() async throws -> FunctionSnapshot {
        try await withSnapshots { snapshots in
            for await snapshot in snapshots { return snapshot }
            throw StoreError.unavailable("The store has closed")
        }
    }

    /// One function.
    /// - Throws: ``StoreError/notFound(_:)``.
    func fetch(_ name: FunctionName) async throws -> Function {
        guard let function = try await fetchCurrent().functions.first(where: { $0.name == name }) else {
            throw StoreError.notFound(name)
        }
        return function
    }
}
