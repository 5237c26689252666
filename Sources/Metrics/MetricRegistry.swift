import Synchronization

/// Every metric of the process. Instruments are asked for once and then written to without the registry.
///
/// Names follow Prometheus' conventions: `f2s_…`, base units (`_seconds`, `_bytes`), `_total` for counters. A
/// declaration that breaks the grammar, contradicts an earlier one or is over the bound of series is no reason to stop
/// serving: its instrument works but is not shown, and ``refusals`` says so.
public final class MetricRegistry: Sendable {
    enum Instrument: Sendable {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)
    }

    /// What gives samples at scrape time; it is called without a lock held.
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
        /// A family has one set of bounds, the first: Prometheus could not add up series that differ in them.
        let bounds: Histogram.Bounds
        /// By the text of their labels.
        var series: [String: Instrument] = [:]
        var readers: [Reader] = []
        /// Whether it is read before the page takes memory.
        var isReadFirst = false
    }

    private struct State {
        var families: [String: Family] = [:]
        var seriesCount = 0
        var refusals: [String] = []
    }

    /// Upper bound of remembered refusals.
    private static let refusalsMax = 100

    private let seriesMax: Int
    private let state = Mutex(State())

    /// An empty registry.
    /// - Parameter seriesMax: instruments that it shows at most.
    public init(seriesMax: Int = 200_000) { self.seriesMax = seriesMax }

    /// The counter of this name and these labels; the same one each time.
    public func counter(_ name: String, help: String, labels: [(String, String)] = []) -> Counter {
        let made = instrument(name, .counter, help, labels, Histogram.Bounds([])) { _ in .counter(Counter()) }
        return if case .counter(let counter) = made { counter } else { Counter() }
    }

    /// The gauge of this name and these labels; the same one each time.
    public func gauge(_ name: String, help: String, labels: [(String, String)] = []) -> Gauge {
        let made = instrument(name, .gauge, help, labels, Histogram.Bounds([])) { _ in .gauge(Gauge()) }
        return if case .gauge(let gauge) = made { gauge } else { Gauge() }
    }

    /// The histogram of this name and these labels; the same one each time.
    /// - Parameter buckets: upper bounds in seconds, at most ``Histogram/bucketsMax``; the first declaration of a name
    ///   decides for all its series. A bucket without bound is always there.
    public func histogram(
        _ name: String, help: String, labels: [(String, String)] = [], buckets: [Double]
    ) -> Histogram {
        let bounds = Histogram.Bounds(buckets)
        let made = instrument(name, .histogram, help, labels, bounds) { .histogram(Histogram(bounds: $0)) }
        return if case .histogram(let histogram) = made { histogram } else { Histogram(bounds: bounds) }
    }

    /// A metric whose samples are read at scrape time, for what is counted elsewhere already.
    /// - Parameters:
    ///   - isReadFirst: before anything is written, for what the page itself would change.
    ///   - read: called without a lock held; it must not wait. Of samples with equal labels the first is shown.
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

    /// Histograms that are read at scrape time, for what is kept elsewhere already.
    /// - Parameters:
    ///   - buckets: as in ``histogram(_:help:labels:buckets:)``; a reading with other bounds is not shown.
    ///   - read: called without a lock held; it must not wait. Of readings with equal labels the first is shown.
    public func observeHistograms(
        _ name: String, help: String, buckets: Histogram.Bounds,
        _ read: @escaping @Sendable () -> [HistogramSample]
    ) {
        state.withLock { state in
            guard Self.declare(name, .histogram, help, buckets, in: &state) != nil else { return }
            state.families[name]?.readers.append(.histograms(read))
        }
    }

    /// Declarations that are not shown, and why; the first hundred. Empty in a healthy program.
    public var refusals: [String] { state.withLock { $0.refusals } }

    /// The families by name, sorted: what the exposition writes.
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
            if let complaint = labels.complaint {
                Self.refuse("\(name): \(complaint)", in: &state)
                return nil
            }
            guard state.seriesCount < seriesMax else {
                Self.refuse("\(name){\(labels.text)}: there are \(seriesMax) series already", in: &state)
                return nil
            }
            guard let bounds = Self.declare(name, kind, help, bounds, in: &state) else { return nil }
            let made = make(bounds)
            state.families[name]?.series[labels.text] = made
            state.seriesCount += 1
            return made
        }
    }

    /// Sees to it that the family exists, and answers with its bounds; `nil` when it cannot exist so.
    private static func declare(
        _ name: String, _ kind: Family.Kind, _ help: String, _ bounds: Histogram.Bounds, in state: inout State
    ) -> Histogram.Bounds? {
        if let known = state.families[name] {
            guard known.kind == kind else {
                refuse("\(name): is a \(known.kind.rawValue) already and cannot be a \(kind.rawValue)", in: &state)
                return nil
            }
            return known.bounds
        }
        guard name.isMetricName else {
            refuse("'\(name)' is no metric name", in: &state)
            return nil
        }
        state.families[name] = Family(kind: kind, help: help, bounds: bounds)
        return bounds
    }

    private static func refuse(_ text: String, in state: inout State) {
        guard state.refusals.count < refusalsMax, !state.refusals.contains(text) else { return }
        state.refusals.append(text)
    }
}
