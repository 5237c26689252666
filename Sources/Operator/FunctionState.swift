import F2SModel

/// The operator's state of one declared function.
struct FunctionState: Sendable {
    /// A replica count that the platform has accepted, and the time of the call.
    struct Applied: Sendable {
        var count: ReplicaCount
        var at: Duration
    }

    /// The time after which a request is repeated if the platform has accepted it but not fulfilled it.
    static let repeatInterval = Duration.seconds(10)

    /// The declaration, with the status that the store is known to hold.
    private(set) var function: Function
    /// The hash of everything that the replicas are started from. It is cached because computing it walks the
    /// environment.
    private(set) var revision: Revision
    /// The older function that holds the same route; `nil` if there is no conflict.
    var routeHolder: FunctionName?
    /// The state that one decision passes to the next.
    var memory = ScaleMemory()
    /// The newest decision; `nil` before the first one.
    var decision: ScaleDecision?
    /// The last decisions that changed the number of replicas. Those of another leader are missing.
    var history = ScaleHistory()
    /// The changes to make.
    var plan: ReconcilePlan
    /// True if the plan was made for the current declaration.
    var isPlanned = false
    /// The number of replicas that exist.
    var replicas = 0
    /// The replica count that the platform accepted last; `nil` if there is none or it is unknown.
    var applied: Applied?
    /// Replicas that the platform was asked to stop and has not yet confirmed.
    var retiring: [Replica.ID] = []
    /// Unresponsive replicas for which an event was emitted, so that each is reported once.
    var reported: Set<Replica.ID> = []
    /// The times at which the platform accepted the replacement of replicas.
    var replacedAt: [Replica.ID: Duration] = [:]
    /// True if an invocation waits or a start was requested, and no replica accepts invocations.
    var isUrgent = false
    /// True if the newest start of the current revision failed.
    var hasStartFailure = false
    /// True if replicas of older revisions are being replaced.
    var isRollingOut = false
    /// The facts from which ``status`` was made.
    var statusInputs: StatusInputs?
    /// The monotonic time of the last pass that reconciled the function.
    var lookedAt: Duration?
    /// The status that the store should hold.
    var status: FunctionStatus {
        get { unwritten ?? function.status }
        set { unwritten = newValue == function.status ? nil : newValue }
    }
    /// The status, while the store does not hold it.
    @BoxedIfPresent private var unwritten: FunctionStatus?

    /// Creates the state of a newly declared function.
    init(_ function: Function) {
        self.function = function
        revision = function.revision
        plan = ReconcilePlan(DesiredReplicas(count: 0, maxReplicas: function.target.maxReplicas))
    }

    /// Applies the newest declaration. An edit is sent to the platform again, even if it restarts no replica.
    /// - Parameter isWritingStatus: True if a newer status than the one in `newer` is being written to the store.
    /// - Returns: True if anything has changed or no decision was made yet.
    mutating func update(_ newer: Function, isWritingStatus: Bool) -> Bool {
        let isEdited = !newer.isDeclared(like: function)
        let (desired, written, generation) = (status, function.status, function.generation)
        function = newer
        // The status in the store counts. Otherwise a status that the store has lost would never be written again.
        if isWritingStatus, written != newer.status { function.status = written }
        status = desired
        // Two edits that cancel each other out change only the generation.
        guard isEdited else {
            return written != newer.status || generation != newer.generation || decision == nil
        }
        revision = newer.revision
        applied = nil
        isPlanned = false
        return true
    }

    /// Returns true if a call about the function's replicas may be due.
    func mayNeedCall(at now: Duration) -> Bool {
        isDue(at: now) || !plan.draining.isEmpty || !plan.unresponsive.isEmpty
    }

    /// Returns true if the number of replicas must be sent to the platform.
    func isDue(at now: Duration) -> Bool {
        guard decision != nil else { return false }
        guard let applied, applied.count == plan.told(), retiring.isEmpty else { return true }
        // The platform has accepted the number and works on it. The call is repeated in case the platform has lost it.
        return plan.current < plan.count && !hasStartFailure && now - applied.at >= Self.repeatInterval
    }

    /// Returns the unresponsive replicas that the platform must be asked to replace, for the first time or again.
    func dueForReplacement(at now: Duration) -> [Replica.ID] {
        plan.unresponsive.filter { id in replacedAt[id].map { now - $0 >= Self.repeatInterval } ?? true }
    }

    /// True if the status must be written to the store.
    var isStatusDue: Bool { statusInputs != nil && unwritten != nil }

    /// Records that the store has accepted a status.
    mutating func stored(_ written: FunctionStatus) {
        let desired = status
        function.status = written
        status = desired
    }

    /// Returns the newest decision for display; `nil` before the first one.
    func explanation(at wall: Double) -> ScaleExplanation? {
        decision.map { decision in
            ScaleExplanation(
                function: function.name.text, desired: decision.desired, replicas: replicas, ready: plan.ready,
                reason: decision.reason.rawValue, message: decision.message(by: policy),
                stableConcurrency: decision.stableConcurrency, panicConcurrency: decision.panicConcurrency,
                isPanicking: decision.isPanicking, time: wall)
        }
    }

    /// The function's scaling rules. Computing them costs less than storing them for every function.
    var policy: ScalePolicy { ScalePolicy(function.target) }

    /// Returns the replicas that the function should run according to a decision.
    func desiredReplicas(_ decision: ScaleDecision, _ policy: ScalePolicy) -> DesiredReplicas {
        DesiredReplicas(
            revision: revision, count: decision.desired, maxReplicas: policy.maxReplicas,
            hasStartFailure: hasStartFailure)
    }

    /// Discards everything that depends on earlier calls and loads, because another process may have led in the
    /// meantime.
    mutating func forget() {
        memory = ScaleMemory()
        decision = nil
        applied = nil
        retiring = []
        reported = []
        replacedAt = [:]
        lookedAt = nil
        statusInputs = nil
        status = function.status
    }
}
