import Synchronization

/// A number that only grows: the count of occurrences since the process began.
///
/// Counters are created by ``MetricRegistry/counter(_:help:labels:)``. A write is one relaxed atomic addition: readers
/// need no order between instruments, only that no addition is lost.
public final class Counter: Sendable {
    private let total = Atomic<UInt64>(0)

    init() {}

    /// Adds `n`. It never waits and never allocates. The counter wraps at 2^64, which Prometheus interprets as a
    /// restart.
    public func add(_ n: UInt64 = 1) {
        total.wrappingAdd(n, ordering: .relaxed)
    }

    /// The current count.
    public var value: UInt64 { total.load(ordering: .relaxed) }
}
