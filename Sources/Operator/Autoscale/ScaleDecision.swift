import F2SModel

/// How many replicas a function should have, why, and the figures that led to it.
struct ScaleDecision: Sendable, Hashable {
    /// Why: a closed set, because it is a metric label.
    enum Reason: String, Sendable, Hashable, CaseIterable {
        /// Somebody waits and no replica runs.
        case activation = "Activation"
        /// More wait than the replicas have slots for.
        case queue = "Queue"
        /// Load has jumped: the short window rules, and nothing is stopped.
        case panic = "Panic"
        /// The long window.
        case load = "Load"
        /// Nobody has called for `scaling.idle`.
        case idle = "Idle"
        /// `target.minReplicas` holds it up.
        case minimum = "Minimum"
        /// `target.maxReplicas` holds it down.
        case maximum = "Maximum"
        /// Too little is known yet to stop anything.
        case noHistory = "NoHistory"
        /// The dispatcher, or one of several, says nothing about the function: nothing is stopped.
        case noData = "NoData"
        /// The only replica is being started again, and somebody waits: another one is started beside it.
        case replicaDown = "ReplicaDown"
        /// The last start failed: one at a time is tried.
        case startTrouble = "StartTrouble"
        /// An older function has the route.
        case routeConflict = "RouteConflict"
    }

    /// Replicas to run.
    var desired: Int
    /// What the load alone asks for.
    var wanted: Int
    /// Why.
    var reason: Reason
    /// In flight and waiting on average over the stable window.
    var stableConcurrency = 0.0
    /// In flight and waiting on average over the panic window.
    var panicConcurrency = 0.0
    /// Invocations in flight now.
    var inFlight = 0
    /// Invocations that wait now.
    var queued = 0
    /// Whether the panic window rules.
    var isPanicking = false

    /// One sentence with the figures. Made when somebody asks, because a decision is taken every second and read
    /// rarely.
    /// - Parameter policy: the rules that were applied.
    func message(by policy: ScalePolicy) -> String {
        let number = "\(desired) replica\(desired == 1 ? "" : "s")"
        return switch reason {
        case .activation where queued == 0: "\(number): a start was asked for, and no replica takes invocations."
        case .activation: "\(number): \(waiters) and no replica takes any."
        case .queue:
            "\(number): \(waiters) and \(inFlight) \(inFlight == 1 ? "is" : "are") in flight, \(policy.slotsText) per "
                + "replica."
        case .panic:
            "\(number): \(panicConcurrency.shortText) invocations at once over \(policy.panicWindow.humanText) against "
                + "\(stableConcurrency.shortText) over \(policy.stableWindow.humanText); nothing is stopped while load "
                + "jumps."
        case .load:
            "\(number): \(stableConcurrency.shortText) invocations at once over \(policy.stableWindow.humanText), "
                + "\(policy.concurrencyPerReplica.shortText) aimed at per replica."
        case .idle: "\(number): no invocation within \(policy.idle.humanText)."
        case .minimum: "\(number): the load asks for \(wanted), target.minReplicas is \(policy.minReplicas)."
        case .maximum: "\(number): the load asks for \(wanted), target.maxReplicas is \(policy.maxReplicas)."
        case .noHistory:
            "\(number): the load asks for \(wanted), but has not been watched for \(policy.stableWindow.humanText) yet."
        case .noData: "\(number): there is no complete report on the load, so nothing is stopped."
        case .replicaDown:
            "\(number): no replica takes invocations until one that has ended is up again, so another one is started."
        case .startTrouble: "\(number): the last start failed, so one at a time is tried; the load asks for \(wanted)."
        case .routeConflict: "\(number): an older function has the same endpoint and method."
        }
    }

    private var waiters: String { queued == 1 ? "1 invocation waits" : "\(queued) invocations wait" }
}

extension Double {
    /// At most two digits after the point.
    var shortText: String {
        guard isFinite, magnitude < 1e12 else { return "\(self)" }
        let hundredths = Int64((self * 100).rounded())
        if hundredths % 100 == 0 { return "\(hundredths / 100)" }
        return "\(Double(hundredths) / 100)"
    }
}
