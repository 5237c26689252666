import Glibc

/// Nanoseconds of the machine's monotonic clock: the one that the function of the tests prints, too.
package func monotonicNanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// Something did not come true in time.
package struct WaitedInVain: Error, CustomStringConvertible {
    package let what: String
    package let limit: Duration
    package var description: String { "waited \(limit) in vain until \(what)" }
}

/// Looks every few milliseconds until `look` has something to say, and returns that.
package func eventually<Value>(
    _ what: String, within limit: Duration = .seconds(20), _ look: () throws -> Value?
) throws -> Value {
    let deadline = ContinuousClock.now + limit
    while true {
        if let value = try look() { return value }
        guard ContinuousClock.now < deadline else { throw WaitedInVain(what: what, limit: limit) }
        pause(.milliseconds(2))
    }
}

/// Looks every few milliseconds until `holds` is true.
package func eventually(_ what: String, within limit: Duration = .seconds(20), holds: () throws -> Bool) throws {
    _ = try eventually(what, within: limit) { try holds() ? true : nil }
}

/// Blocks this thread: between two looks, or because the passing of time is what a test is about.
package func pause(_ duration: Duration) {
    poll(nil, 0, Int32(duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000))
}

extension Int64 {
    /// Nanoseconds as milliseconds with three digits.
    package var milliseconds: String { "\(Double((self + 500) / 1000) / 1000) ms" }
}

extension [Int64] {
    /// The middle one.
    package var median: Int64 { isEmpty ? 0 : sorted()[count / 2] }
}
