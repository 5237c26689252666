import F2SMetrics
import F2SModel
import Synchronization

/// What is counted about one function. An invocation only adds to it; ``Dispatcher`` reads it when Prometheus asks.
///
/// A thousand functions may be declared and few of them called: the counters lie within the object itself, names and
/// labels are made at the scrape, and the histograms come with the first answer.
final class FunctionMeters: Sendable {
    /// What is counted besides answers and failures.
    enum Event: CaseIterable {
        case incoming, activated, retried, abandoned, limited
    }

    /// First digit of a status (RFC 9110 section 15).
    enum StatusClass: Int, CaseIterable {
        case informational = 1
        case successful, redirection, clientError, serverError

        /// What no class has is the last one's.
        init(_ status: Int) { self = StatusClass(rawValue: status / 100) ?? .serverError }

        /// As labels have it.
        var text: String { "\(rawValue)xx" }
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

    private let counts = EventCounters()
    /// By the classes' order.
    private let completed: InlineArray<5, Atomic<UInt64>>
    private let failures = StageCounters()
    private let times = AtomicLazyReference<Times>()

    init() {
        completed = InlineArray { _ in Atomic(0) }
    }

    /// Counts; never waits, never allocates.
    func count(_ event: Event) { counts.withCounter(event) { _ = $0.wrappingAdd(1, ordering: .relaxed) } }

    /// Counts an invocation that the function has answered.
    func complete(status: Int) {
        completed[StatusClass(status).rawValue - 1].wrappingAdd(1, ordering: .relaxed)
    }

    /// Counts an invocation that F2S had to answer itself.
    func fail(_ stage: Stage) { failures.count(stage) }

    /// Notes the times of an invocation in nanoseconds; never waits, and allocates for the first one only.
    /// - Parameter coldStart: `nil`: a replica was there.
    func observe(duration: UInt64, queueWait: UInt64, coldStart: UInt64?) {
        let times = times.load() ?? times.storeIfNil(Times())
        times.duration.observe(nanoseconds: duration)
        times.queueWait.observe(nanoseconds: queueWait)
        if let coldStart { times.coldStart.observe(nanoseconds: coldStart) }
    }

    /// How often it has happened.
    func total(of event: Event) -> UInt64 { counts.withCounter(event) { $0.load(ordering: .relaxed) } }

    /// How many invocations the function has answered by a status of the class.
    func completed(_ status: StatusClass) -> UInt64 { completed[status.rawValue - 1].load(ordering: .relaxed) }

    /// How often each stage has failed.
    var currentFailures: [(stage: Stage, total: UInt64)] {
        Stage.allCases.map { ($0, failures.total(of: $0)) }
    }

    /// Whether an invocation has ever been counted.
    var areUsed: Bool { Event.allCases.contains { total(of: $0) > 0 } }

    /// What has been observed so far; `nil` before the first answer.
    var currentReadings: Readings? {
        times.load().map {
            Readings(
                duration: $0.duration.reading, queueWait: $0.queueWait.reading, coldStart: $0.coldStart.reading)
        }
    }
}

/// A counter for each event, as ``StageCounters`` has one for each stage.
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
