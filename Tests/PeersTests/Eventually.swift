import Testing

/// Waits until a condition holds. The deadline exists only so that a failing test ends.
func eventually(
    _ what: Comment, within limit: Duration = .seconds(20), _ condition: () async -> Bool,
    sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let deadline = ContinuousClock.now + limit
    // On a busy machine the deadline may pass before the condition could be checked again.
    var attempts = 0
    while await !condition() {
        attempts += 1
        guard ContinuousClock.now < deadline || attempts < 500 else {
            Issue.record(what, sourceLocation: sourceLocation)
            return
        }
        try await Task.sleep(for: .milliseconds(1))
    }
}
