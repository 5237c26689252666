import F2SMetrics
import F2SModel

/// The operator's metrics. Labels are function names and values of closed sets.
struct OperatorMetrics: Sendable {
    /// The gauges of one function.
    struct Shown: Sendable {
        /// The function's name.
        let function: FunctionName
        /// The desired number of replicas.
        let desired: Int
        /// The number of replicas that accept invocations.
        let ready: Int
        /// The most invocations that may hold a slot at once; `nil` if the function declares no limit.
        let slots: Int?
    }

    private let registry: MetricRegistry
    private let decisions: [ScaleDecision.Reason: Counter]
    private let failures: [OperatorCall.Kind: Counter]
    private let cuts: Counter

    init(_ registry: MetricRegistry) {
        self.registry = registry
        cuts = registry.invocationsCut()
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

    /// Counts invocations that were in flight when their replica was stopped.
    func countCut(_ count: Int) { cuts.add(UInt64(max(0, count))) }

    /// Registers the gauges of all functions. They are read at each scrape, so a declared function costs no instrument
    /// and a removed one leaves none behind.
    func show(_ read: @escaping @Sendable () -> [Shown]) {
        registry.observe("f2s_replicas_desired", help: "Replicas wanted by the autoscaler.", kind: .gauge) {
            read().map { Sample(Double($0.desired), labels: [("function", $0.function.text)]) }
        }
        registry.observe("f2s_replicas_ready", help: "Replicas that accept invocations.", kind: .gauge) {
            read().map { Sample(Double($0.ready), labels: [("function", $0.function.text)]) }
        }
        registry.observe(
            "f2s_slots", help: "Invocations that may hold a slot at once, of functions with a limit.", kind: .gauge
        ) {
            read().compactMap { shown in
                shown.slots.map { Sample(Double($0), labels: [("function", shown.function.text)]) }
            }
        }
    }

    /// Registers the gauge of leadership.
    func showLeader(_ read: @escaping @Sendable () -> Bool) {
        registry.observe("f2s_leader", help: "1 if this process is the leader, else 0.", kind: .gauge) {
            [Sample(read() ? 1 : 0)]
        }
    }

    /// Counts a decision that changed the number of replicas.
    func count(_ reason: ScaleDecision.Reason) { decisions[reason]?.add() }

    /// Counts a failed call to the platform.
    func countFailure(of call: OperatorCall) { failures[call.kind]?.add() }
}
