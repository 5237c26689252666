import F2SMetrics
import F2SModel
import Synchronization

/// The counters and histograms of one function. An invocation only updates them; ``Dispatcher`` reads them when
/// Prometheus scrapes.
///
/// A thousand functions may be declared and few of them invoked. The counters are therefore stored in the object
/// itself, names and labels are created at the scrape, the histograms are created with the first response, and the
/// counters of failures with the first failure.
final class FunctionMeters: Sendable {
    /// The events that are counted besides responses and failures.
    enum Event: CaseIterable {
        case incoming, activated, retried, abandoned, limited
    }

    /// The histograms of durations.
    private final class Times: Sendable {
        let duration = Histogram(bounds: FunctionMeters.bounds)
        let queueWait = Histogram(bounds: FunctionMeters.bounds)
        let coldStart = Histogram(bounds: FunctionMeters.bounds)
        /// The newest observation of ``coldStart``, in nanoseconds.
        let lastColdStart = Atomic<UInt64>(0)

        func observe(_ nanoseconds: UInt64, queueWait wait: UInt64, coldStart start: UInt64?) {
            duration.observe(nanoseconds: nanoseconds)
            queueWait.observe(nanoseconds: wait)
            if let start {
                coldStart.observe(nanoseconds: start)
                lastColdStart.store(start, ordering: .relaxed)
            }
        }
    }

    /// The number of failures of each stage.
    private final class Failures: Sendable {
        let counters = StageCounters()
    }

    /// The readings of the histograms at one moment.
    struct Readings {
        let duration: Histogram.Reading
        let queueWait: Histogram.Reading
        let coldStart: Histogram.Reading
    }

    /// The bounds of the histograms in seconds (the OpenTelemetry set, with finer steps below 5 ms).
    static let bounds = Histogram.Bounds([
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120,
    ])

    private let counts = EventCounters()
    /// The responses by status class, in the order of the classes.
    private let completed: InlineArray<5, Atomic<UInt64>>
    private let failures = LazyReference<Failures>()
    private let times = LazyReference<Times>()

    init() {
        completed = InlineArray { _ in Atomic(0) }
    }

    /// Counts an event. Never waits and never allocates.
    func count(_ event: Event) { counts.withCounter(event) { _ = $0.wrappingAdd(1, ordering: .relaxed) } }

    /// Counts an invocation to which the function has responded.
    func complete(status: Int) {
        completed[StatusClass(status).rawValue - 1].wrappingAdd(1, ordering: .relaxed)
    }

    /// Counts an invocation that F2S itself answered with an error. Never waits, and allocates for the first one only.
    func countFailure(_ stage: Stage) { (failures.load() ?? failures.storeIfNil(Failures())).counters.count(stage) }

    /// Records the times of an invocation in nanoseconds. Never waits, and allocates for the first invocation only.
    /// - Parameter coldStart: The wait for a first replica; `nil` if a replica accepted invocations.
    func observe(duration: UInt64, queueWait: UInt64, coldStart: UInt64?) {
        (times.load() ?? times.storeIfNil(Times())).observe(duration, queueWait: queueWait, coldStart: coldStart)
    }

    /// Returns the number of events.
    func total(of event: Event) -> UInt64 { counts.withCounter(event) { $0.load(ordering: .relaxed) } }

    /// Returns the number of responses of the function with a status of the class.
    func completed(_ status: StatusClass) -> UInt64 { completed[status.rawValue - 1].load(ordering: .relaxed) }

    /// The number of failures of each stage.
    var currentFailures: [(stage: Stage, total: UInt64)] {
        let counters = failures.load()
        return Stage.allCases.map { ($0, counters?.counters.total(of: $0) ?? 0) }
    }

    /// True if an invocation has ever been counted.
    var areUsed: Bool { Event.allCases.contains { total(of: $0) > 0 } }

    /// The number of invocations that have ended. It is read without creating an object.
    var ended: UInt64 {
        let answered = StatusClass.allCases.reduce(total(of: .abandoned)) { $0 &+ completed($1) }
        guard let failures = failures.load() else { return answered }
        return Stage.allCases.reduce(answered) { $0 &+ failures.counters.total(of: $1) }
    }

    /// The invocations that have ended.
    var currentCounts: RequestCounts {
        var counts = RequestCounts(abandoned: UInt32(truncatingIfNeeded: total(of: .abandoned)))
        for status in StatusClass.allCases {
            counts.responses[status] = UInt32(truncatingIfNeeded: completed(status))
        }
        if let failures = failures.load() {
            counts.failures = Stage.allCases.map { UInt32(truncatingIfNeeded: failures.counters.total(of: $0)) }
        }
        if let times = times.load() {
            counts.duration = times.duration.reading
            counts.coldStarts = UInt32(truncatingIfNeeded: times.coldStart.reading.count)
        }
        return counts
    }

    /// The wait for a first replica of the invocation that ended last among those that waited for one, in nanoseconds;
    /// 0 if there was none.
    var lastColdStart: UInt64 { times.load()?.lastColdStart.load(ordering: .relaxed) ?? 0 }

    /// The readings of the histograms; `nil` before the first response.
    var currentReadings: Readings? {
        times.load().map {
            Readings(
                duration: $0.duration.reading, queueWait: $0.queueWait.reading, coldStart: $0.coldStart.reading)
        }
    }
}

/// A counter for each event, like the one for each stage in ``StageCounters``.
private struct EventCounters: ~Copyable {
    private let incoming = Atomic<UInt64>(0)
    private let activated = Atomic<UInt64>(0)
    private let retried = Atomic<UInt64>(0)
    private let abandoned = Atomic<UInt64>(0)
    private let limited = Atomic<UInt64>(0)

    func withCounter<Result>(
        _ event: FunctionMeters.Event, _ body: (borrowing Atomic<UInt64>) -> Result
    ) -> Result {
        switch event {
        case .incoming: body(incoming)
        case .activated: body(activated)
        case .retried: body(retried)
        case .abandoned: body(abandoned)
        case .limited: body(limited)
        }
    }
}
