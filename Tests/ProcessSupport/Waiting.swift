import F2SSystem
import Glibc

/// Returns the time of the machine's monotonic clock in nanoseconds. The test function prints times of the same clock.
package func monotonicNanoseconds() -> Int64 {
    Int64(SystemClock.monotonicNanoseconds())
}

/// An expected condition did not hold in time.
package struct WaitedInVain: Error, CustomStringConvertible {
    package let what: String
    package let limit: Duration
    package var description: String { "waited \(limit), but this did not happen: \(what)" }
}

/// Calls `attempt` every two milliseconds until it returns a value, and returns that value.
/// - Throws: ``WaitedInVain`` after `limit`, or an error of `attempt`.
package func eventually<Value>(
    _ what: String, within limit: Duration = .seconds(20), _ attempt: () throws -> Value?
) throws -> Value {
    let deadline = ContinuousClock.now + limit
    while true {
        if let value = try attempt() { return value }
        guard ContinuousClock.now < deadline else { throw WaitedInVain(what: what, limit: limit) }
        pause(.milliseconds(2))
    }
}

/// Calls `holds` every two milliseconds until it returns true.
/// - Throws: ``WaitedInVain`` after `limit`, or an error of `holds`.
package func eventually(_ what: String, within limit: Duration = .seconds(20), holds: () throws -> Bool) throws {
    _ = try eventually(what, within: limit) { try holds() ? true : nil }
}

/// Blocks this thread, either between two polls or because a test is about the passing of time.
package func pause(_ duration: Duration) {
    poll(nil, 0, Int32(duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000))
}

extension Int64 {
    /// A number of nanoseconds as text in milliseconds with at most three decimal places.
    package var milliseconds: String { "\(Double((self + 500) / 1000) / 1000) ms" }
}

extension [Int64] {
    /// The median (the upper one of two middle elements), or 0 if the array is empty.
    package var median: Int64 { isEmpty ? 0 : sorted()[count / 2] }
}
