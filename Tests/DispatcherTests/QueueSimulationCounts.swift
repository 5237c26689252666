extension QueueSimulation {
    /// The number of times that each event has occurred.
    struct Counts: CustomStringConvertible {
        var granted = 0
        var woken = 0
        var left = 0
        var cameBack = 0
        var full = 0
        var limited = 0
        var failed = 0
        var activations = 0
        var deaths = 0
        /// Grants after which the function was at its limit in flight.
        var atLimit = 0

        private var all: [(String, Int)] {
            [
                ("granted", granted), ("handed over", woken), ("left", left), ("retried", cameBack), ("full", full),
                ("limited", limited), ("failed", failed), ("activations", activations), ("deaths", deaths),
                ("at the limit", atLimit),
            ]
        }

        var rarest: Int { all.map(\.1).min() ?? 0 }

        var description: String { all.map { "\($0.1) \($0.0)" }.joined(separator: ", ") }

        mutating func add(_ other: Counts) {
            granted += other.granted
            woken += other.woken
            left += other.left
            cameBack += other.cameBack
            full += other.full
            limited += other.limited
            failed += other.failed
            activations += other.activations
            deaths += other.deaths
            atLimit += other.atLimit
        }
    }
}
