import F2SMetrics
import F2SModel

/// What the operator counts. Labels are functions' names and closed sets.
struct OperatorMetrics: Sendable {
    /// A function's gauges.
    struct FunctionGauges: Sendable {
        /// Replicas wanted.
        let desired: Gauge
        /// Replicas that take invocations.
        let ready: Gauge
    }

    private let registry: MetricRegistry
    private let decisions: [ScaleDecision.Reason: Counter]
    private let failures: [OperatorCall.Kind: Counter]

    init(_ registry: MetricRegistry) {
        self.registry = registry
        decisions = Dictionary(
            uniqueKeysWithValues: ScaleDecision.Reason.allCases.map { reason in
                let counter = registry.counter(
                    "f2s_scale_decisions_total", help: "Decisions that changed the number of replicas wanted.",
                    labels: [("reason", reason.rawValue)])
                return (reason, counter)
            })
        failures = Dictionary(
            uniqueKeysWithValues: OperatorCall.Kind.allCases.map { call in
                let counter = registry.counter(
                    "f2s_operator_failed_calls_total", help: "Calls to the platform that failed; they are repeated.",
                    labels: [("call", call.rawValue)])
                return (call, counter)
            })
    }

    /// The gauges of a function; the same ones each time.
    func gauges(of function: FunctionName) -> FunctionGauges {
        let labels = [("function", function.text)]
        return FunctionGauges(
            desired: registry.gauge("f2s_replicas_desired", help: "Replicas wanted by the autoscaler.", labels: labels),
            ready: registry.gauge("f2s_replicas_ready", help: "Replicas that take invocations.", labels: labels))
    }

    /// A decision has changed the number of replicas.
    func count(_ reason: ScaleDecision.Reason) { decisions[reason]?.add() }

    /// A call to the platform has failed.
    func countFailure(of call: OperatorCall) { failures[call.kind]?.add() }

    /// A function is gone: no room may show it any longer.
    func forget(_ function: FunctionName) { registry.removeSeries(label: "function", value: function.text) }
}
