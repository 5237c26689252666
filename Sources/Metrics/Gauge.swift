import Synchronization

/// A number that rises and falls: a current amount.
///
/// Gauges are created by ``MetricRegistry/gauge(_:help:labels:)``.
public final class Gauge: Sendable {
    private let bits = Atomic<UInt64>(Double.zero.bitPattern)

    init() {}

    /// Replaces the value. It never waits and never allocates.
    public func set(_ value: Double) {
        bits.store(value.bitPattern, ordering: .relaxed)
    }

    /// Adds `change`, which may be negative. No concurrent change is lost.
    public func add(_ change: Double) {
        var seen = bits.load(ordering: .relaxed)
        while true {
            let wanted = (Double(bitPattern: seen) + change).bitPattern
            let attempt = bits.weakCompareExchange(expected: seen, desired: wanted, ordering: .relaxed)
            if attempt.exchanged { return }
            seen = attempt.original
        }
    }

    /// The current value.
    public var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}
