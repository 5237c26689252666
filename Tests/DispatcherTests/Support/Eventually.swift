/// A failure of a test's own client or condition, for example a condition that did not hold in time.
struct Late: Error, CustomStringConvertible {
    let description: String
}

/// The minimum number of checks. On a busy machine the time limit may pass before the code under test has run at all.
private let looksMin = 500

/// Waits until a condition holds, and checks it every two milliseconds. The limit is generous: only failing tests reach
/// it.
func eventually(
    _ what: String, within limit: Duration = .seconds(20), _ condition: () throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let end = clock.now + limit
    var attempts = 0
    while try !condition() {
        attempts += 1
        guard clock.now < end || attempts < looksMin else { throw Late(description: "not within \(limit): \(what)") }
        try await clock.sleep(for: .milliseconds(2))
    }
}

/// Waits until a condition holds, without a pause between two checks. Use it for a condition that holds within
/// microseconds, or if the test measures the time.
func promptly(_ what: String, within limit: Duration = .seconds(20), _ condition: () throws -> Bool) async throws {
    let end = ContinuousClock.now + limit
    var attempts = 0
    while try !condition() {
        attempts += 1
        guard ContinuousClock.now < end || attempts < looksMin else {
            throw Late(description: "not within \(limit): \(what)")
        }
        await Task.yield()
    }
}

/// Waits until a number no longer changes, and returns it.
func settled(_ what: String, _ number: () async throws -> Int) async throws -> Int {
    var last = -1
    var same = 0
    let clock = ContinuousClock()
    let end = clock.now + .seconds(20)
    while same < 40 {
        guard clock.now < end else { throw Late(description: "\(what) keeps changing") }
        let next = try await number()
        same = next == last ? same + 1 : 0
        last = next
        try await clock.sleep(for: .milliseconds(5))
    }
    return last
}
