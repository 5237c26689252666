import F2SMetrics
import F2SModel

/// Instruments of one function, made once, so that an invocation only adds to them.
struct FunctionMeters: Sendable {
    let incoming: Counter
    let completed: Counter
    let activations: Counter
    let retried: Counter
    let abandoned: Counter
    let limited: Counter
    let duration: Histogram
    let queueWait: Histogram
    let coldStart: Histogram
    private let failed: [Counter]

    /// Bounds in seconds of what an invocation may take (the OpenTelemetry set, with finer steps below 5 ms).
    static let durationBuckets = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120,
    ]

    init(function: String, registry: MetricRegistry) {
        let labels = [("function", function)]
        incoming = registry.counter(
            "f2s_requests_incoming_total", help: "Invocations that were routed to a function.", labels: labels)
        completed = registry.counter(
            "f2s_requests_completed_total", help: "Invocations that the function itself has answered.", labels: labels)
        activations = registry.counter(
            "f2s_activations_total", help: "Times that a first replica was asked for.", labels: labels)
        retried = registry.counter(
            "f2s_requests_retried_total", help: "Invocations that were sent once more.", labels: labels)
        abandoned = registry.counter(
            "f2s_requests_abandoned_total", help: "Invocations whose client left before the end.", labels: labels)
        limited = registry.counter(
            "f2s_requests_limited_total", help: "Invocations refused because their caller exceeded its rate.",
            labels: labels)
        failed = Stage.allCases.map { stage in
            registry.counter(
                "f2s_requests_failed_total", help: "Invocations that F2S had to answer itself, by stage.",
                labels: labels + [("stage", stage.rawValue)])
        }
        duration = registry.histogram(
            "f2s_request_duration_seconds", help: "Time from a request's head to the end of its response.",
            labels: labels, buckets: Self.durationBuckets)
        queueWait = registry.histogram(
            "f2s_queue_wait_seconds", help: "Time that an invocation waited for a slot.", labels: labels,
            buckets: Self.durationBuckets)
        coldStart = registry.histogram(
            "f2s_cold_start_seconds", help: "Time that an invocation waited for a first replica.", labels: labels,
            buckets: Self.durationBuckets)
    }

    /// Counts a failure.
    func fail(_ stage: Stage) {
        for (index, known) in Stage.allCases.enumerated() where known == stage { failed[index].add() }
    }
}
