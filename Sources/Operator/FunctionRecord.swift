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

    /// The declaration, with the status as it is stored, as far as known.
    private(set) var function: Function
    /// Hash of what its replicas are started from; costs a walk over the environment, so it is kept.
    private(set) var revision: Revision
    /// The older function with the same route.
    var routeHolder: FunctionName?
    /// What one decision leaves to the next.
    var memory = ScaleMemory()
    /// The newest decision; `nil` before the first.
    var decision: ScaleDecision?
    /// What is to be done.
    var plan: ReconcilePlan
    /// True if the plan was made for the current declaration.
    var isPlanned = false
    /// Replicas that exist.
    var replicas = 0
    /// What the platform has taken note of; `nil`: nothing, or nobody knows.
    var applied: Applied?
    /// Replicas that the platform has been asked to stop and that it has not yet confirmed.
    var retiring: [Replica.ID] = []
    /// Unresponsive replicas that were reported, so that each is reported once.
    var reported: Set<Replica.ID> = []
    /// When the platform took note that a replica must be replaced.
    var replacedAt: [Replica.ID: Duration] = [:]
    /// Whether somebody waits and no replica takes invocations.
    var isUrgent = false
    /// Whether the newest start of the current revision failed.
    var isTroubled = false
    /// Whether older revisions are being replaced.
    var isRollingOut = false
    /// What the status was made from.
    var facts: StatusFacts?
    /// Time of the last look at it, on the monotonic clock.
    var lookedAt: Duration?
    /// The status as it should be stored.
    var status: FunctionStatus

    /// A function seen for the first time.
    init(_ function: Function) {
        self.function = function
        revision = function.revision
        plan = ReconcilePlan(ReplicaWish(desired: 0, maxReplicas: function.target.maxReplicas))
        status = function.status
    }

    /// Takes the newest state of the declaration; an edit must be told to the platform, even when nothing restarts.
    /// - Parameter isWritingStatus: whether a newer status than the one in `newer` is on its way to the store.
    /// - Returns: whether anything has changed, or it was never looked at.
    mutating func update(_ newer: Function, isWritingStatus: Bool) -> Bool {
        let isEdited = !newer.isDeclared(like: function)
        let (written, generation) = (function.status, function.generation)
        function = newer
        // What the store shows counts, or a status that it has lost would never be written again.
        if isWritingStatus, written != newer.status { function.status = written }
        // Two edits that cancel each other out are a new generation and nothing else.
        guard isEdited else {
            return written != newer.status || generation != newer.generation || decision == nil
        }
        revision = newer.revision
        applied = nil
        isPlanned = false
        return true
    }

    /// Returns true if a call about its replicas may be due.
    func mayNeedCall(at now: Duration) -> Bool {
        isDue(at: now) || !plan.draining.isEmpty || !plan.unresponsive.isEmpty
    }

    /// Returns true if the platform must be told how many replicas to run.
    func isDue(at now: Duration) -> Bool {
        guard decision != nil else { return false }
        guard let applied, applied.count == plan.told(), retiring.isEmpty else { return true }
        // The platform knows the wish and works on it; one that has lost it is reminded.
        return plan.current < plan.count && !isTroubled && now - applied.at >= Self.repeatInterval
    }

    /// Unresponsive replicas that the platform must be asked to replace, now or once more.
    func dueForReplacement(at now: Duration) -> [Replica.ID] {
        plan.unresponsive.filter { id in replacedAt[id].map { now - $0 >= Self.repeatInterval } ?? true }
    }

    /// Whether the store must be told the status.
    var isStatusDue: Bool { facts != nil && status != function.status }

    /// The store has taken note of a status.
    mutating func stored(_ status: FunctionStatus) { function.status = status }

    /// The newest decision, for people; `nil`: there is none.
    func explanation(at wall: Double) -> ScaleExplanation? {
        decision.map { decision in
            ScaleExplanation(
                function: function.name.text, desired: decision.desired, replicas: replicas, ready: plan.ready,
                reason: decision.reason.rawValue, message: decision.message(by: policy),
                stableConcurrency: decision.stableConcurrency, panicConcurrency: decision.panicConcurrency,
                isPanicking: decision.isPanicking, time: wall)
        }
    }

    /// Its rules: worked out faster than kept for every function.
    var policy: ScalePolicy { ScalePolicy(function.target) }

    /// What it should run by a decision.
    func wish(_ decision: ScaleDecision, _ policy: ScalePolicy) -> ReplicaWish {
        ReplicaWish(
            revision: revision, desired: decision.desired, maxReplicas: policy.maxReplicas,
            isTroubled: isTroubled)
    }

    /// Forgets what was told to the platform and what the load was: another process may have taken over meanwhile.
    mutating func forget() {
        memory = ScaleMemory()
        decision = nil
        applied = nil
        retiring = []
        reported = []
        replacedAt = [:]
        lookedAt = nil
        facts = nil
        status = function.status
    }
}
