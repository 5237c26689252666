import F2SModel

/// The number of replicas that a function should have, the reason, and the figures that led to it.
struct ScaleDecision: Sendable, Hashable {
    /// The reason of a decision. It is a closed set because it is a metric label.
    enum Reason: String, Sendable, Hashable, CaseIterable {
        /// An invocation waits or a start was requested, and no replica exists.
        case activation = "Activation"
        /// More invocations wait than the replicas have slots for.
        case queue = "Queue"
        /// The load has jumped: the panic window decides, and no replica is stopped.
        case panic = "Panic"
        /// The stable window decides.
        case load = "Load"
        /// No invocation has arrived within `scaling.idle`.
        case idle = "Idle"
        /// `target.minReplicas` raises the number.
        case minimum = "Minimum"
        /// `target.maxReplicas` lowers the number.
        case maximum = "Maximum"
        /// Too little history is known to stop a replica.
        case noHistory = "NoHistory"
        /// A dispatcher has not reported its load, so no replica is stopped.
        case noData = "NoData"
        /// An outside signal requires more replicas than the load.
        case signal = "Signal"
        /// The outside signal has no current value, so no replica is stopped.
        case noSignal = "NoSignal"
        /// Every replica is being restarted while invocations wait or a minimum applies, so another one is started.
        case replicaDown = "ReplicaDown"
        /// The last start failed, so replicas are started one at a time.
        case startFailure = "StartFailure"
        /// An older function holds the route.
        case routeConflict = "RouteConflict"
    }

    /// The number of replicas to run.
    var desired: Int
    /// The number of replicas that the load and the outside signal require.
    var wanted: Int
    /// The reason of the decision.
    var reason: Reason
    /// The average number of invocations in flight and queued over the stable window.
    var stableConcurrency = 0.0
    /// The average number of invocations in flight and queued over the panic window.
    var panicConcurrency = 0.0
    /// The number of invocations in flight now.
    var inFlight = 0
    /// The number of invocations queued now.
    var queued = 0
    /// True if the panic window decides.
    var isPanicking = false
    /// The reading of the outside signal, if it has determined ``wanted`` or has no current value; otherwise `nil`.
    @BoxedIfPresent var signal: ScaleReading?

    /// Returns one sentence with the figures. It is composed on request, because decisions are made every second and
    /// read rarely.
    /// - Parameter policy: The rules that were applied.
    func message(by policy: ScalePolicy) -> String {
        "\(desired) replica\(desired == 1 ? "" : "s"): \(cause(by: policy))"
    }

    /// Returns the reason with its figures, which is ``message(by:)`` without the number.
    func cause(by policy: ScalePolicy) -> String {
        switch reason {
        case .activation where queued == 0: "a start was requested, and no replica accepts invocations."
        case .activation: "\(waiters) and no replica accepts any."
        case .queue:
            "\(waiters) and \(inFlight) \(inFlight == 1 ? "is" : "are") in flight, \(policy.slotsText) per replica."
        case .panic:
            "\(panicConcurrency.shortText) concurrent invocations over \(policy.panicWindow.humanText) "
                + "against \(stableConcurrency.shortText) over \(policy.stableWindow.humanText); no replica is stopped "
                + "while the load jumps."
        case .load:
            "\(stableConcurrency.shortText) concurrent invocations over \(policy.stableWindow.humanText), "
                + "with a target of \(policy.concurrencyPerReplica.shortText) per replica."
        case .idle: "no invocation within \(policy.idle.humanText)."
        case .minimum: "\(requirement), target.minReplicas is \(policy.minReplicas)."
        case .maximum: "\(requirement), target.maxReplicas is \(policy.maxReplicas)."
        case .noHistory: "\(requirement), but the load's history is shorter than \(policy.stableWindow.humanText)."
        case .noData: "the load report is incomplete, so no replica is stopped."
        case .signal: "\(requirement)."
        case .noSignal: "the outside signal has no current value\(signalReason), so no replica is stopped."
        case .replicaDown: "every replica is being restarted, so another one is started."
        case .startFailure: "the last start failed, so replicas are started one at a time; \(requirement)."
        case .routeConflict: "an older function has the same endpoint and method."
        }
    }

    /// A clause about the requirement, which names the outside signal if that has determined it.
    private var requirement: String {
        signal?.replicas == nil ? "the load requires \(wanted)" : "an outside signal requires \(wanted)\(signalReason)"
    }

    private var signalReason: String { signal.map { " (\($0.reason))" } ?? "" }

    private var waiters: String { queued == 1 ? "1 invocation waits" : "\(queued) invocations wait" }
}

extension Double {
    /// The number with at most two decimal places.
    var shortText: String {
        guard isFinite, magnitude < 1e12 else { return "\(self)" }
        let hundredths = Int64((self * 100).rounded())
        if hundredths % 100 == 0 { return "\(hundredths / 100)" }
        return "\(Double(hundredths) / 100)"
    }
}
