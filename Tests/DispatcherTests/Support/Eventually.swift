/// A condition that has not come true in time.
struct Late: Error, CustomStringConvertible {
    let description: String
}

/// Looks that are made in any case: on a busy machine the time may be over before anything had a chance to run.
private let looksMin = 500

/// Waits for a condition of real sockets. The deadline is generous: it is there for tests that fail.
func eventually(
    _ what: String, within limit: Duration = .seconds(20), _ condition: () throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let end = clock.now + limit
    var looks = 0
    while try !condition() {
        looks += 1
        guard clock.now < end || looks < looksMin else { throw Late(description: "not within \(limit): \(what)") }
        try await clock.sleep(for: .milliseconds(2))
    }
}

/// The same without a pause in between: for a condition that is a matter of microseconds, or whose time is measured.
func promptly(_ what: String, within limit: Duration = .seconds(20), _ condition: () throws -> Bool) async throws {
    let end = ContinuousClock.now + limit
    var looks = 0
    while try !condition() {
        looks += 1
        guard ContinuousClock.now < end || looks < looksMin else {
            throw Late(description: "not within \(limit): \(what)")
        }
        await Task.yield()
    }
}
