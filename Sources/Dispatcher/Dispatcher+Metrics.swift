import F2SMetrics
import F2SModel
import Synchronization

// What Prometheus sees of the data plane. All of it is read at the scrape: an invocation pays for an addition, a
// function that is declared for no names and labels, and the series of one that is deleted are gone with it.
extension Dispatcher {
    func registerObservations(in registry: MetricRegistry, limits: Latest<Limits>) {
        registry.observe("f2s_limit", help: "Bounds in force, by their key in config.yaml.", kind: .gauge) {
            limits.current.readings.map { Sample($0.value, labels: [("limit", $0.name)]) }
        }
        registry.observe("f2s_connections", help: "Client connections that are open.", kind: .gauge) { [shared] in
            [Sample(Double(shared.connections.load(ordering: .relaxed)))]
        }
        registry.observe("f2s_upstream_connections", help: "Connections to replicas that are open.", kind: .gauge) {
            [shared] in
            [Sample(Double(shared.upstreamConnections.load(ordering: .relaxed)))]
        }
        observeLoad("f2s_requests_in_flight", help: "Invocations that hold a slot.", in: registry) { $0.inFlight }
        observeLoad("f2s_requests_queued", help: "Invocations that wait for a slot.", in: registry) { $0.queued }
        for event in FunctionMeters.Event.allCases { observe(event, in: registry) }
        registry.observe(
            "f2s_requests_failed_total", help: "Invocations that F2S had to answer itself, by stage.", kind: .counter
        ) { [weak self] in
            (self?.namedCells ?? []).flatMap { name, cell in
                cell.meters.currentFailures.map { stage, total in
                    Sample(Double(total), labels: [("function", name), ("stage", stage.rawValue)])
                }
            }
        }
        observeTimes(
            "f2s_request_duration_seconds", help: "Time from a request's head to the end of its response.", in: registry
        ) { $0.duration }
        observeTimes(
            "f2s_queue_wait_seconds", help: "Time that an invocation waited for a slot.", in: registry
        ) { $0.queueWait }
        observeTimes(
            "f2s_cold_start_seconds", help: "Time that an invocation waited for a first replica.", in: registry
        ) { $0.coldStart }
    }

    private func observe(_ event: FunctionMeters.Event, in registry: MetricRegistry) {
        registry.observe(event.metric, help: event.help, kind: .counter) { [weak self] in
            (self?.namedCells ?? []).map { name, cell in
                Sample(Double(cell.meters.total(of: event)), labels: [("function", name)])
            }
        }
    }

    private func observeLoad(
        _ name: String, help: String, in registry: MetricRegistry,
        _ read: @escaping @Sendable (LoadReport.FunctionLoad) -> Int
    ) {
        registry.observe(name, help: help, kind: .gauge) { [weak self] in
            let now = Clock.monotonicNanoseconds()
            return (self?.namedCells ?? []).map { name, cell in
                Sample(Double(read(cell.withQueue { $0.load(now: now) })), labels: [("function", name)])
            }
        }
    }

    private func observeTimes(
        _ name: String, help: String, in registry: MetricRegistry,
        _ read: @escaping @Sendable (FunctionMeters.Readings) -> Histogram.Reading
    ) {
        registry.observeHistograms(name, help: help, buckets: FunctionMeters.bounds) { [weak self] in
            (self?.namedCells ?? []).map { name, cell in
                HistogramSample(read(cell.meters.currentReadings), labels: [("function", name)])
            }
        }
    }
}

extension FunctionMeters.Event {
    fileprivate var metric: String {
        switch self {
        case .incoming: "f2s_requests_incoming_total"
        case .completed: "f2s_requests_completed_total"
        case .activated: "f2s_activations_total"
        case .retried: "f2s_requests_retried_total"
        case .abandoned: "f2s_requests_abandoned_total"
        case .limited: "f2s_requests_limited_total"
        }
    }

    fileprivate var help: String {
        switch self {
        case .incoming: "Invocations that were routed to a function."
        case .completed: "Invocations that the function itself has answered."
        case .activated: "Times that a first replica was asked for."
        case .retried: "Invocations that were sent once more."
        case .abandoned: "Invocations whose client left before the end."
        case .limited: "Invocations refused because their caller exceeded its rate."
        }
    }
}
