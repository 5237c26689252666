import F2SMetrics
import F2SModel
import F2SSystem
import Synchronization

// The metrics of the data plane. All values are read at the scrape: an invocation only increments counters, and the
// series of a deleted function disappear with it. Thousands of functions may be declared, so a function has series only
// after its first invocation, and a stage, a status class or a histogram has one only after it has counted something.
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
        registry.observe(
            "f2s_tls_certificate_expiry_timestamp_seconds",
            help: "Time at which the certificate of the listeners expires, in seconds since 1970.", kind: .gauge
        ) { [shared] in
            let expiry = shared.certificateExpiry.load(ordering: .relaxed)
            return expiry == 0 ? [] : [Sample(Double(expiry))]
        }
        observeLoad("f2s_requests_in_flight", help: "Invocations that hold a slot.", in: registry) { $0.inFlight }
        observeLoad("f2s_requests_queued", help: "Invocations that wait for a slot.", in: registry) { $0.queued }
        for event in FunctionMeters.Event.allCases { observe(event, in: registry) }
        registry.observe(
            "f2s_requests_completed_total",
            help: "Invocations that the function itself has answered, by the status.", kind: .counter
        ) { [weak self] in
            (self?.calledFunctions ?? []).flatMap { handle in
                StatusClass.allCases.compactMap { status in
                    let total = handle.local.meters.completed(status)
                    guard total > 0 else { return nil }
                    return Sample(Double(total), labels: [("function", handle.name), ("status", status.text)])
                }
            }
        }
        registry.observe(
            "f2s_requests_forwarded_total",
            help: "Invocations that went to the F2S process which grants the function's slots.", kind: .counter
        ) { [weak self] in
            (self?.calledFunctions ?? []).compactMap { handle in
                handle.forward.map {
                    Sample(Double($0.meters.total(of: .incoming)), labels: [("function", handle.name)])
                }
            }
        }
        registry.observe(
            "f2s_requests_failed_total", help: "Invocations that F2S answered itself, by stage.", kind: .counter
        ) { [weak self] in
            (self?.calledFunctions ?? []).flatMap { handle in
                handle.currentFailures.filter { $0.total > 0 }.map { stage, total in
                    Sample(Double(total), labels: [("function", handle.name), ("stage", stage.rawValue)])
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
            (self?.calledFunctions ?? []).map { handle in
                Sample(Double(handle.total(of: event)), labels: [("function", handle.name)])
            }
        }
    }

    private func observeLoad(
        _ name: String, help: String, in registry: MetricRegistry,
        _ read: @escaping @Sendable (LoadReport.FunctionLoad) -> Int
    ) {
        registry.observe(name, help: help, kind: .gauge) { [weak self] in
            let now = SystemClock.monotonicNanoseconds()
            return (self?.calledFunctions ?? []).map { handle in
                Sample(Double(read(handle.local.withQueue { $0.load(now: now) })), labels: [("function", handle.name)])
            }
        }
    }

    private func observeTimes(
        _ name: String, help: String, in registry: MetricRegistry,
        _ read: @escaping @Sendable (FunctionMeters.Readings) -> Histogram.Reading
    ) {
        registry.observeHistograms(name, help: help, buckets: FunctionMeters.bounds) { [weak self] in
            (self?.calledFunctions ?? []).compactMap { handle in
                guard let reading = handle.local.meters.currentReadings.map(read), reading.count > 0 else { return nil }
                return HistogramSample(reading, labels: [("function", handle.name)])
            }
        }
    }
}

/// Invocations that another process serves are counted there. Invocations that did not reach it are counted here.
extension FunctionQueues {
    fileprivate func total(of event: FunctionMeters.Event) -> UInt64 {
        let own = local.meters.total(of: event)
        return event == .limited ? own &+ (forward?.meters.total(of: event) ?? 0) : own
    }

    fileprivate var currentFailures: [(stage: Stage, total: UInt64)] {
        guard let forward else { return local.meters.currentFailures }
        return zip(local.meters.currentFailures, forward.meters.currentFailures).map {
            ($0.stage, $0.total &+ $1.total)
        }
    }
}

extension FunctionMeters.Event {
    fileprivate var metric: String {
        switch self {
        case .incoming: "f2s_requests_incoming_total"
        case .activated: "f2s_activations_total"
        case .retried: "f2s_requests_retried_total"
        case .abandoned: "f2s_requests_abandoned_total"
        case .limited: "f2s_requests_limited_total"
        }
    }

    fileprivate var help: String {
        switch self {
        case .incoming: "Invocations that were routed to a function."
        case .activated: "Times that a first replica was asked for."
        case .retried: "Invocations that were sent once more."
        case .abandoned: "Invocations whose client left before the end."
        case .limited: "Invocations refused because their caller exceeded its rate."
        }
    }
}
