import Synchronization

/// The registry of all metrics of the process. A component requests an instrument once and then writes to it without
/// the registry.
///
/// Names follow the conventions of Prometheus: `f2s_…`, base units (`_seconds`, `_bytes`), `_total` for counters. An
/// invalid declaration must not stop the process: if it violates the grammar, contradicts an earlier one or exceeds the
/// limit of series, its instrument works but is not exposed, and ``rejections`` contains the reason.
public final class MetricRegistry: Sendable {
    enum Instrument: Sendable {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)
    }

    /// A function that returns samples at scrape time. It is called without a lock held.
    enum Reader: Sendable {
        case samples(@Sendable () -> [Sample])
        case histograms(@Sendable () -> [HistogramSample])
    }

    struct Family: Sendable {
        enum Kind: String, Sendable {
            case counter, gauge, histogram
        }

        let kind: Kind
        let help: String
        /// The bounds of the first declaration apply to the whole family: Prometheus could not aggregate series with
        /// different bounds.
        let bounds: Histogram.Bounds
        /// The instruments by the text of their labels.
        var series: [String: Instrument] = [:]
        var readers: [Reader] = []
        /// True if it is read before memory for the exposition is allocated.
        var isReadFirst = false
    }

    private struct State {
        var families: [String: Family] = [:]
        var seriesCount = 0
        var rejections: [String] = []
    }

    /// The maximum number of stored rejections.
    private static let rejectionsMax = 100

    private let seriesMax: Int
    private let state = Mutex(State())

    /// Creates an empty registry.
    /// - Parameter seriesMax: the maximum number of instruments that it exposes.
    public init(seriesMax: Int = 200_000) { self.seriesMax = seriesMax }

    /// Returns the counter with this name and these labels, the same one each time.
    public func counter(_ name: String, help: String, labels: [(String, String)] = []) -> Counter {
        let made = instrument(name, .counter, help, labels, Histogram.Bounds([])) { _ in .counter(Counter()) }
        return if case .counter(let counter) = made { counter } else { Counter() }
    }

    /// Returns the gauge with this name and these labels, the same one each time.
    public func gauge(_ name: String, help: String, labels: [(String, String)] = []) -> Gauge {
        let made = instrument(name, .gauge, help, labels, Histogram.Bounds([])) { _ in .gauge(Gauge()) }
        return if case .gauge(let gauge) = made { gauge } else { Gauge() }
    }

    /// Returns the histogram with this name and these labels, the same one each time.
    /// - Parameter buckets: upper bounds in seconds, at most ``Histogram/bucketsMax``. The first declaration of a name
    ///   determines them for all its series. A bucket without a bound is always added.
    public func histogram(
        _ name: String, help: String, labels: [(String, String)] = [], buckets: [Double]
    ) -> Histogram {
        let bounds = Histogram.Bounds(buckets)
        let made = instrument(name, .histogram, help, labels, bounds) { .histogram(Histogram(bounds: $0)) }
        return if case .histogram(let histogram) = made { histogram } else { Histogram(bounds: bounds) }
    }

    /// Adds a metric whose samples are read at scrape time, for values that are counted elsewhere already.
    /// - Parameters:
    ///   - isReadFirst: true if the metric must be read before anything is written, because the exposition itself would
    ///     change it.
    ///   - read: called without a lock held; it must not wait. Of samples with equal labels the first is exposed.
    public func observe(
        _ name: String, help: String, kind: MetricKind, isReadFirst: Bool = false,
        _ read: @escaping @Sendable () -> [Sample]
    ) {
        let kind: Family.Kind = kind == .counter ? .counter : .gauge
        state.withLock { state in
            guard Self.declare(name, kind, help, Histogram.Bounds([]), in: &state) != nil else { return }
            state.families[name]?.readers.append(.samples(read))
            if isReadFirst { state.families[name]?.isReadFirst = true }
        }
    }

    /// Adds histograms that are read at scrape time, for values that are stored elsewhere already.
    /// - Parameters:
    ///   - buckets: as in ``histogram(_:help:labels:buckets:)``. A reading with other bounds is not exposed.
    ///   - read: called without a lock held; it must not wait. Of readings with equal labels the first is exposed.
    public func observeHistograms(
        _ name: String, help: String, buckets: Histogram.Bounds,
        _ read: @escaping @Sendable () -> [HistogramSample]
    ) {
        state.withLock { state in
            guard Self.declare(name, .histogram, help, buckets, in: &state) != nil else { return }
            state.families[name]?.readers.append(.histograms(read))
        }
    }

    /// The reasons why declarations are not exposed, at most a hundred. It is empty in a correct program.
    public var rejections: [String] { state.withLock { $0.rejections } }

    /// Returns the families, sorted by name, for the exposition.
    func currentFamilies() -> [(name: String, family: Family)] {
        state.withLock { $0.families }.map { (name: $0.key, family: $0.value) }.sorted { $0.name < $1.name }
    }

    private func instrument(
        _ name: String, _ kind: Family.Kind, _ help: String, _ pairs: [(String, String)], _ bounds: Histogram.Bounds,
        make: (Histogram.Bounds) -> Instrument
    ) -> Instrument? {
        let labels = LabelSet(pairs)
        return state.withLock { state in
            if let known = state.families[name], known.kind == kind, let known = known.series[labels.text] {
                return known
            }
            if let problem = labels.problem {
                Self.refuse("\(name): \(problem)", in: &state)
                return nil
            }
            guard state.seriesCount < seriesMax else {
                Self.refuse("\(name){\(labels.text)}: there are already \(seriesMax) series", in: &state)
                return nil
            }
            guard let bounds = Self.declare(name, kind, help, bounds, in: &state) else { return nil }
            let made = make(bounds)
            state.families[name]?.series[labels.text] = made
            state.seriesCount += 1
            return made
        }
    }

    /// Creates the family unless it exists, and returns its bounds; `nil` if the declaration is rejected.
    private static func declare(
        _ name: String, _ kind: Family.Kind, _ help: String, _ bounds: Histogram.Bounds, in state: inout State
    ) -> Histogram.Bounds? {
        if let known = state.families[name] {
            guard known.kind == kind else {
                refuse("\(name): is already a \(known.kind.rawValue) and cannot be a \(kind.rawValue)", in: &state)
                return nil
            }
            return known.bounds
        }
        guard name.isMetricName else {
            refuse("'\(name)' is not a metric name", in: &state)
            return nil
        }
        state.families[name] = Family(kind: kind, help: help, bounds: bounds)
        return bounds
    }

    private static func refuse(_ text: String, in state: inout State) {
        guard state.rejections.count < rejectionsMax, !state.rejections.contains(text) else { return }
        state.rejections.append(text)
    }
}

extension MetricRegistry {
    /// Returns the counter of invocations that were cut because their replica was stopped. Two modules count in it: the
    /// one that stops replicas, and the one that answers the hooks of a platform that stops them.
    public func invocationsCut() -> Counter {
        counter(
            "f2s_invocations_cut_total",
            help: "Invocations in flight when their replica was stopped, after the function's drain time.")
    }
}
