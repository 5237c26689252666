import F2SModel

/// All that the operator knows about one declared function.
struct FunctionRecord: Sendable {
    /// What the platform was last told, and has taken note of.
    struct Applied: Sendable {
        var count: Int
        var at: Duration
    }

    /// Time after which a wish that the platform has noted but not fulfilled is repeated.
    static let repeatInterval = Duration.seconds(10)

    /// The declaration.
    private(set) var function: Function
    /// Hash of what its replicas are started from; costs a walk over the environment, so it is kept.
    private(set) var revision: Revision
    /// Its rules.
    private(set) var policy: ScalePolicy
    /// The older function with the same route.
    var routeHolder: FunctionName?
    /// What one decision leaves to the next.
    var memory = ScaleMemory()
    /// The newest decision; `nil` before the first.
    var decision: ScaleDecision?
    /// What is to be done.
    var plan: ReconcilePlan
    /// Replicas that exist.
    var replicas = 0
    /// What the platform has taken note of; `nil`: nothing, or nobody knows.
    var applied: Applied?
    /// Replicas that the platform has been asked to stop and that it has not yet confirmed.
    var retiring: [Replica.ID] = []
    /// Whether somebody waits and no replica takes invocations.
    var isUrgent = false
    /// Whether the newest start of the current revision failed.
    var isTroubled = false
    /// Whether older revisions are being replaced.
    var isRollingOut = false
    /// What the status was made from.
    var facts: StatusFacts?
    /// The status as it should be stored.
    var status: FunctionStatus
    /// The status as it is stored, as far as known.
    var storedStatus: FunctionStatus
    /// What Prometheus sees.
    let gauges: OperatorMetrics.FunctionGauges

    /// A function seen for the first time.
    init(_ function: Function, gauges: OperatorMetrics.FunctionGauges) {
        self.function = function
        self.gauges = gauges
        revision = function.revision
        policy = ScalePolicy(function.target)
        plan = ReconcilePlan(ReplicaWish(desired: 0, maxReplicas: function.target.maxReplicas))
        status = function.status
        storedStatus = function.status
    }

    /// Takes the newest state of the declaration; an edit must be told to the platform, even when nothing restarts.
    /// - Parameter isWritingStatus: whether a newer status than the one in `newer` is on its way to the store.
    mutating func update(_ newer: Function, isWritingStatus: Bool) {
        // What the store shows counts, or a status that it has lost would never be written again.
        if !isWritingStatus { storedStatus = newer.status }
        let isEdited = newer.draft != function.draft
        function = newer
        guard isEdited else { return }
        revision = newer.revision
        policy = ScalePolicy(newer.target)
        applied = nil
    }

    /// Whether the platform must be told how many replicas to run.
    func isDue(at now: Duration) -> Bool {
        guard decision != nil else { return false }
        guard let applied, applied.count == plan.count, retiring.isEmpty else { return true }
        // The platform knows the wish and works on it; one that has lost it is reminded.
        return plan.current < plan.count && !isTroubled && now - applied.at >= Self.repeatInterval
    }

    /// Whether the store must be told the status.
    var isStatusDue: Bool { facts != nil && status != storedStatus }

    /// What it should run.
    var wish: ReplicaWish {
        ReplicaWish(
            revision: revision, desired: decision?.desired ?? 0, maxReplicas: policy.maxReplicas,
            isTroubled: isTroubled)
    }

    /// Forgets what was told to the platform and what the load was: another process may have taken over meanwhile.
    mutating func forget() {
        memory = ScaleMemory()
        decision = nil
        applied = nil
        retiring = []
        facts = nil
        storedStatus = function.status
        status = function.status
    }
}
