import F2SMetrics
import F2SModel
import Synchronization

/// What is counted about one function. An invocation only adds to it; ``Dispatcher`` reads it when Prometheus asks.
///
/// A thousand functions may be declared and few of them called: the counters lie within the object itself, names and
/// labels are made at the scrape, and the histograms come with the first answer.
final class FunctionMeters: Sendable {
    /// What is counted besides failures.
    enum Event: Int, CaseIterable {
        case incoming, completed, activated, retried, abandoned, limited
    }

    /// The durations that are observed.
    private final class Times: Sendable {
        let duration = Histogram(bounds: FunctionMeters.bounds)
        let queueWait = Histogram(bounds: FunctionMeters.bounds)
        let coldStart = Histogram(bounds: FunctionMeters.bounds)
    }

    /// What has been observed, at one moment.
    struct Readings {
        let duration: Histogram.Reading
        let queueWait: Histogram.Reading
        let coldStart: Histogram.Reading
    }

    /// Bounds in seconds of what an invocation may take (the OpenTelemetry set, with finer steps below 5 ms).
    static let bounds = Histogram.Bounds([
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120,
    ])
    private static let nothing = Histogram.Reading(of: bounds)

    private let counts: InlineArray<6, Atomic<UInt64>>
    /// By the order of ``Stage/allCases``.
    private let failures: InlineArray<10, Atomic<UInt64>>
    private let times = AtomicLazyReference<Times>()

    init() {
        counts = InlineArray { _ in Atomic(0) }
        failures = InlineArray { _ in Atomic(0) }
    }

    /// Counts; never waits, never allocates.
    func count(_ event: Event) { counts[event.rawValue].wrappingAdd(1, ordering: .relaxed) }

    /// Counts an invocation that F2S had to answer itself.
    func fail(_ stage: Stage) {
        for (index, known) in Stage.allCases.enumerated() where known == stage {
            failures[index].wrappingAdd(1, ordering: .relaxed)
        }
    }

    /// Notes the times of an invocation in nanoseconds; never waits, and allocates for the first one only.
    /// - Parameter coldStart: `nil`: a replica was there.
    func observe(duration: UInt64, queueWait: UInt64, coldStart: UInt64?) {
        let times = times.load() ?? times.storeIfNil(Times())
        times.duration.observe(nanoseconds: duration)
        times.queueWait.observe(nanoseconds: queueWait)
        if let coldStart { times.coldStart.observe(nanoseconds: coldStart) }
    }

    /// How often it has happened.
    func total(of event: Event) -> UInt64 { counts[event.rawValue].load(ordering: .relaxed) }

    /// How often each stage has failed.
    var currentFailures: [(stage: Stage, total: UInt64)] {
        Stage.allCases.enumerated().map { ($1, failures[$0].load(ordering: .relaxed)) }
    }

    /// What has been observed so far.
    var currentReadings: Readings {
        let times = times.load()
        return Readings(
            duration: times?.duration.reading ?? Self.nothing, queueWait: times?.queueWait.reading ?? Self.nothing,
            coldStart: times?.coldStart.reading ?? Self.nothing)
    }
}
