/// Runs `body` concurrently for each index in `0..<count`, each on its own thread, because it may block or compute for
/// long. Returns the results in the order of the indices.
package func atOnce<Result: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (Int) throws -> Result
) async throws -> [Result] {
    let threads = ThreadPerJob()
    return try await withThrowingTaskGroup(of: (Int, Result).self) { group in
        for index in 0..<count { group.addTask(executorPreference: threads) { (index, try body(index)) } }
        var results: [(Int, Result)] = []
        for try await result in group { results.append(result) }
        return results.sorted { $0.0 < $1.0 }.map(\.1)
    }
}
