import Synchronization

/// How durations are distributed: how many took at most so long, for each of a few fixed bounds.
///
/// Made by ``MetricRegistry/histogram(_:help:labels:buckets:)``, or by whoever shows it by
/// ``MetricRegistry/observeHistograms(_:help:buckets:_:)``. The cells lie within the object itself, so that an
/// observation is a short search and two relaxed additions.
public final class Histogram: Sendable {
    /// Most bounds that a histogram can have; the bucket without bound comes besides.
    public static let bucketsMax = 31

    /// Bounds in seconds for the time of an invocation, 1 ms to 2 min: from a warm call on one machine to the default
    /// ceiling of a function's time.
    public static let invocationBuckets = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120,
    ]

    /// Upper bounds in seconds, ascending; the last bucket has none.
    let bounds: Bounds
    private let cells: InlineArray<32, Atomic<UInt64>>
    private let sum = Atomic<UInt64>(0)

    /// An empty histogram that no registry knows.
    public init(bounds: Bounds) {
        self.bounds = bounds
        cells = InlineArray { _ in Atomic(0) }
    }

    /// Counts a duration; never waits, never allocates. The sum wraps after 584 years of observed time, which
    /// Prometheus takes for a restart.
    public func observe(nanoseconds: UInt64) {
        cells[bounds.bucket(of: nanoseconds)].wrappingAdd(1, ordering: .relaxed)
        sum.wrappingAdd(nanoseconds, ordering: .relaxed)
    }

    /// What has been observed so far. Observations made meanwhile may be in one cell and not yet in the sum; the count
    /// is taken from the cells, so that it always equals the last bucket.
    public var reading: Reading {
        let counts = (0...bounds.nanoseconds.count).map { cells[$0].load(ordering: .relaxed) }
        return Reading(bounds: bounds, counts: counts, sumNanoseconds: sum.load(ordering: .relaxed))
    }

    /// The contents of a histogram at one moment.
    public struct Reading: Sendable, Hashable {
        /// Upper bounds.
        public let bounds: Bounds
        /// Observations per bucket, not added up; one more than bounds, the last bucket has none.
        public let counts: [UInt64]
        /// Sum of everything observed.
        public let sumNanoseconds: UInt64

        init(bounds: Bounds, counts: [UInt64], sumNanoseconds: UInt64) {
            self.bounds = bounds
            self.counts = counts
            self.sumNanoseconds = sumNanoseconds
        }

        /// What a histogram shows that has observed nothing.
        public init(of bounds: Bounds) {
            self.init(
                bounds: bounds, counts: Array(repeating: 0, count: bounds.seconds.count + 1), sumNanoseconds: 0)
        }

        /// Upper bounds in seconds, ascending.
        public var seconds: [Double] { bounds.seconds }
        /// Number of observations.
        public var count: UInt64 { counts.reduce(0, &+) }
    }

    /// Upper bounds, kept both as written and as compared. Histograms that are made with one value share it.
    public struct Bounds: Sendable, Hashable {
        /// In seconds, ascending.
        public let seconds: [Double]
        let nanoseconds: [UInt64]

        /// Sorts, and leaves out what cannot be a bound: zero and less, above 2^53 ns (104 days), not a number,
        /// doubles, and what is over ``Histogram/bucketsMax``.
        public init(_ wanted: [Double]) {
            let usable = Set(wanted.filter { $0 * 1e9 >= 1 && $0 * 1e9 <= 0x1p53 }).sorted()
            seconds = Array(usable.prefix(Histogram.bucketsMax))
            nanoseconds = seconds.map { UInt64(($0 * 1e9).rounded()) }
        }

        /// A bound belongs to its bucket (`le`: less or equal). Most invocations are fast, so the search begins below.
        func bucket(of value: UInt64) -> Int {
            var index = 0
            while index < nanoseconds.count, value > nanoseconds[index] { index += 1 }
            return index
        }
    }
}
