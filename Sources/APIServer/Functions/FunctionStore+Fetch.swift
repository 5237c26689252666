import F2SManifest
import F2SModel

extension FunctionStore {
    /// Returns the newest state of the store itself.
    func fetchCurrent() async throws -> FunctionSnapshot {
        try await withSnapshots { snapshots in
            for await snapshot in snapshots { return snapshot }
            throw StoreError.unavailable("The store has closed")
        }
    }

    /// Returns one function.
    /// - Throws: A `Problem` of status 404 that suggests the most similar name of those that the caller may read.
    func fetch(_ name: FunctionName, for principal: Principal) async throws -> Function {
        let functions = try await fetchCurrent().functions
        if let function = functions.first(where: { $0.name == name }) { return function }
        var problem = StoreError.notFound(name).problem
        let known = functions.map(\.name.text).filter { principal.may(.list, on: $0) }
        if let nearest = NearestName.of(name.text, among: known) {
            problem.detail = "No function is named \(name). Did you mean \(nearest)? `f2s list` shows every name."
        }
        throw problem
    }
}
