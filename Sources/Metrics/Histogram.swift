import Synchronization

/// A distribution of durations: the number of durations up to each of a few fixed bounds.
///
/// Histograms are created by ``MetricRegistry/histogram(_:help:labels:buckets:)``, or by a component that publishes
/// them through ``MetricRegistry/observeHistograms(_:help:buckets:_:)``. The counts are stored inside the object
/// itself, so an observation is a short search and two relaxed additions.
public final class Histogram: Sendable {
    /// The maximum number of bounds of a histogram. The bucket without a bound is additional.
    public static let bucketsMax = 31

    /// The bounds in seconds for the duration of an invocation, 1 ms to 2 min: from a warm call on one machine to the
    /// default upper bound of a function's timeout.
    public static let invocationBuckets = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120,
    ]

    /// The upper bounds in seconds, ascending. The last bucket has none.
    let bounds: Bounds
    private let cells: InlineArray<32, Atomic<UInt64>>
    private let sum = Atomic<UInt64>(0)

    /// Creates an empty histogram that belongs to no registry.
    public init(bounds: Bounds) {
        self.bounds = bounds
        cells = InlineArray { _ in Atomic(0) }
    }

    /// Counts a duration. It never waits and never allocates. The sum wraps after 584 years of observed time, which
    /// Prometheus interprets as a restart.
    public func observe(nanoseconds: UInt64) {
        cells[bounds.bucket(of: nanoseconds)].wrappingAdd(1, ordering: .relaxed)
        sum.wrappingAdd(nanoseconds, ordering: .relaxed)
    }

    /// The current contents. A concurrent observation may be in the counts and not yet in the sum. The total is
    /// computed from the counts, so it always equals the last bucket.
    public var reading: Reading {
        let counts = (0...bounds.nanoseconds.count).map { cells[$0].load(ordering: .relaxed) }
        return Reading(bounds: bounds, counts: counts, sumNanoseconds: sum.load(ordering: .relaxed))
    }

    /// The contents of a histogram at one moment.
    public struct Reading: Sendable, Hashable {
        /// The upper bounds.
        public let bounds: Bounds
        /// The number of observations per bucket, not cumulative. There is one more bucket than bounds, because the
        /// last bucket has none.
        public let counts: [UInt64]
        /// The sum of all observed durations, in nanoseconds.
        public let sumNanoseconds: UInt64

        init(bounds: Bounds, counts: [UInt64], sumNanoseconds: UInt64) {
            self.bounds = bounds
            self.counts = counts
            self.sumNanoseconds = sumNanoseconds
        }

        /// Creates the contents of an empty histogram.
        public init(of bounds: Bounds) {
            self.init(
                bounds: bounds, counts: Array(repeating: 0, count: bounds.seconds.count + 1), sumNanoseconds: 0)
        }

        /// The upper bounds in seconds, ascending.
        public var seconds: [Double] { bounds.seconds }
        /// The number of observations.
        public var count: UInt64 { counts.reduce(0, &+) }
    }

    /// Upper bounds, stored both in seconds and in nanoseconds for comparisons. Histograms that are created with one
    /// value share it.
    public struct Bounds: Sendable, Hashable {
        /// The bounds in seconds, ascending.
        public let seconds: [Double]
        let nanoseconds: [UInt64]

        /// Creates bounds from sorted values. It drops values that cannot be a bound: zero, negative values, values
        /// above 2^53 ns (104 days), NaN, duplicates, and those beyond ``Histogram/bucketsMax``.
        public init(_ wanted: [Double]) {
            let usable = Set(wanted.filter { $0 * 1e9 >= 1 && $0 * 1e9 <= 0x1p53 }).sorted()
            seconds = Array(usable.prefix(Histogram.bucketsMax))
            nanoseconds = seconds.map { UInt64(($0 * 1e9).rounded()) }
        }

        /// Returns the index of the bucket of a value. A bound belongs to its bucket (`le`: less or equal). Most
        /// invocations are fast, so the search begins with the smallest bound.
        func bucket(of value: UInt64) -> Int {
            var index = 0
            while index < nanoseconds.count, value > nanoseconds[index] { index += 1 }
            return index
        }
    }
}
