import Synchronization

/// A number that only grows: how often something has happened since the process began.
///
/// Made by ``MetricRegistry/counter(_:help:labels:)``. Writing is one relaxed atomic addition: readers need no order
/// between instruments, only that nothing is lost.
public final class Counter: Sendable {
    private let total = Atomic<UInt64>(0)

    init() {}

    /// Adds `n`; never waits, never allocates. Wraps at 2^64, which Prometheus takes for a restart.
    public func add(_ n: UInt64 = 1) {
        total.wrappingAdd(n, ordering: .relaxed)
    }

    /// What has been counted so far.
    public var value: UInt64 { total.load(ordering: .relaxed) }
}
