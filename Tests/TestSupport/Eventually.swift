/// A condition that did not hold in time.
package struct NotInTime: Error, CustomStringConvertible {
    package let description: String
}

/// Waits until a condition holds that another task, a process or the file system fulfils. The limit is generous: only
/// failing tests reach it.
package func eventually(
    _ what: String, within limit: Duration = .seconds(20), _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    // On a busy machine the deadline may pass before the condition could be checked often enough.
    var attempts = 0
    while try await !condition() {
        attempts += 1
        guard ContinuousClock.now < deadline || attempts < 500 else {
            throw NotInTime(description: "not within \(limit): \(what)")
        }
        try await Task.sleep(for: .milliseconds(1))
    }
}
