import F2SMetrics
import F2SModel

/// What the operator counts. Labels are functions' names and closed sets.
struct OperatorMetrics: Sendable {
    /// What is shown of one function.
    struct Shown: Sendable {
        /// The function's name.
        let function: FunctionName
        /// Replicas wanted.
        let desired: Int
        /// Replicas that take invocations.
        let ready: Int
    }

    private let registry: MetricRegistry
    private let decisions: [ScaleDecision.Reason: Counter]
    private let failures: [OperatorCall.Kind: Counter]
    private let cuts: Counter

    init(_ registry: MetricRegistry) {
        self.registry = registry
        cuts = Self.cuts(registry)
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

    /// Counts invocations that were cut because their replica was stopped.
    static func cuts(_ registry: MetricRegistry) -> Counter {
        registry.counter(
            "f2s_invocations_cut_total",
            help: "Invocations in flight when their replica was stopped, after the function's drain time.")
    }

    /// Invocations were in flight when their replica was stopped.
    func countCut(_ count: Int) { cuts.add(UInt64(max(0, count))) }

    /// Shows what is read at the scrape: a function that is declared costs no instruments, and one that is gone leaves
    /// none behind.
    func show(_ read: @escaping @Sendable () -> [Shown]) {
        registry.observe("f2s_replicas_desired", help: "Replicas wanted by the autoscaler.", kind: .gauge) {
            read().map { Sample(Double($0.desired), labels: [("function", $0.function.text)]) }
        }
        registry.observe("f2s_replicas_ready", help: "Replicas that take invocations.", kind: .gauge) {
            read().map { Sample(Double($0.ready), labels: [("function", $0.function.text)]) }
        }
    }

    /// Shows whether this process leads.
    func showLeader(_ read: @escaping @Sendable () -> Bool) {
        registry.observe("f2s_leader", help: "Whether this process reconciles and scales.", kind: .gauge) {
            [Sample(read() ? 1 : 0)]
        }
    }

    /// A decision has changed the number of replicas.
    func count(_ reason: ScaleDecision.Reason) { decisions[reason]?.add() }

    /// A call to the platform has failed.
    func countFailure(of call: OperatorCall) { failures[call.kind]?.add() }
}
