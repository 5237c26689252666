import F2SModel

/// The replicas that one function should run.
struct DesiredReplicas: Sendable, Hashable {
    /// The current revision; `nil` if the function is deleted.
    var revision: Revision?
    /// The number of replicas to run.
    var count: Int
    /// The upper bound of replicas, which only a rollout may exceed by one.
    var maxReplicas: Int
    /// True if the newest start of this revision failed.
    var hasStartFailure = false
}

/// The changes that make one function's replicas match the desired ones. Pure.
///
/// Replicas that must end drain first. They are marked, and the dispatcher receives the mark. They are stopped only
/// after the dispatcher has then reported that nothing is in flight on them. Until that moment a plan may revoke the
/// mark.
///
/// If the platform chooses which replicas end, a plan is one number for all revisions together and marks no replica.
struct ReconcilePlan: Sendable, Hashable {
    /// The number of replicas of the current revision that the platform should have, not counting draining ones. If the
    /// platform chooses which replicas end, the number includes all revisions.
    private(set) var count: Int
    /// Replicas to mark as draining.
    private(set) var draining: [Replica.ID] = []
    /// Replicas that did not finish an abandoned invocation in time and are replaced.
    private(set) var unresponsive: [Replica.ID] = []
    /// The unresponsive replicas of the current revision that the platform still counts, because it was not asked to
    /// stop them.
    private var counted: Set<Replica.ID> = []
    /// The number of replicas of any revision that stay and accept invocations.
    private(set) var ready = 0
    /// The number of replicas of the current revision that stay.
    private(set) var current = 0
    /// The number of existing replicas of older revisions, including those that are draining or being stopped.
    private(set) var older = 0
    /// The number of ``current`` replicas that accept invocations.
    private(set) var currentReady = 0
    /// True if a replica of the current revision accepts invocations.
    var isCurrentReady: Bool { currentReady > 0 }

    /// Creates the plan of a function without replicas.
    init(_ desired: DesiredReplicas) {
        count = desired.hasStartFailure ? min(desired.count, 1) : desired.count
    }

    /// Creates a plan for a platform that stops exactly the replicas that F2S names.
    /// - Parameters:
    ///   - replicas: The function's replicas, as the platform reports them.
    ///   - load: The dispatcher's report.
    ///   - drainState: The drains that earlier plans have begun.
    init(
        _ desired: DesiredReplicas, replicas: [Replica], load: [Replica.ID: LoadReport.ReplicaLoad],
        drainState: DrainState
    ) {
        self.init(desired)
        guard !replicas.isEmpty else { return }
        var current: [Candidate] = []
        var old: [Candidate] = []
        var leaving = 0
        for replica in replicas where replica.state != .gone {
            let isCurrent = replica.revision == desired.revision
            if !isCurrent { older += 1 }
            if replica.state == .draining || drainState.retired.contains(replica.id) {
                leaving += 1
            } else if load[replica.id]?.isUnresponsive == true {
                leaving += 1
                unresponsive.append(replica.id)
                draining.append(replica.id)
                if isCurrent { counted.insert(replica.id) }
            } else {
                let candidate = Candidate(replica, load[replica.id], isDraining: drainState.draining[replica.id] != nil)
                if isCurrent { current.append(candidate) } else { old.append(candidate) }
            }
        }
        count = Self.countOfCurrent(desired, current: current, older: older, others: old.count + leaving)
        let kept = choose(count, of: current)
        self.current = kept.count
        currentReady = kept.count { $0.isServing }
        let taken = kept.count { $0.isAccepting }
        keepOld(old, desired, replacedBy: taken)
    }

    /// Creates a plan for a platform that chooses itself which replicas end, and rolls out a changed revision.
    ///
    /// Replicas that are ending do not count. The platform replaces them in any case, and a lower number would end a
    /// replica that serves.
    init(byPlatform desired: DesiredReplicas, replicas: [Replica], load: [Replica.ID: LoadReport.ReplicaLoad]) {
        self.init(desired)
        var existing = 0
        for replica in replicas where replica.state != .gone {
            let isCurrent = replica.revision == desired.revision
            if !isCurrent { older += 1 }
            guard replica.state != .draining else { continue }
            guard load[replica.id]?.isUnresponsive != true else {
                unresponsive.append(replica.id)
                continue
            }
            existing += 1
            let isServing = replica.state == .ready || load[replica.id]?.isAccepting == true
            if isServing { ready += 1 }
            if isCurrent {
                current += 1
                if isServing { currentReady += 1 }
            }
        }
        // One start at a time is tried beside the replicas that work. Replicas that are starting already are left
        // alone.
        if desired.hasStartFailure { count = min(desired.count, max(ready + 1, existing)) }
    }

    /// Returns the number to send to the platform. Replicas that are being replaced do not keep it from starting
    /// others.
    /// - Parameter retiring: The replicas that the same call names to be stopped.
    func told(retiring: [Replica.ID] = []) -> ReplicaCount { .fixed(count + counted.subtracting(retiring).count) }

    /// Returns the draining replicas that may be stopped now.
    /// - Parameters:
    ///   - load: A load report that is newer than the dispatcher's snapshot of draining replicas.
    ///   - limit: The time after which a replica is stopped even if invocations are in flight on it.
    func retirable(
        load: [Replica.ID: LoadReport.ReplicaLoad], drainState: DrainState, limit: Duration, at now: Duration
    ) -> [Replica.ID] {
        draining.filter { id in
            guard let since = drainState.draining[id] else { return false }
            return (load[id]?.inFlight ?? 0) == 0 || now - since >= limit
        }
    }

    /// Returns the number of replicas of the current revision that the platform should run.
    private static func countOfCurrent(_ desired: DesiredReplicas, current: [Candidate], older: Int, others: Int) -> Int
    {
        var count = desired.count
        if older > 0 {
            // A rollout runs at most one replica more than desired in total. One new replica is tried even beyond that,
            // unless the older ones exceed the maximum. Otherwise the rollout might never progress.
            let surge = max(desired.count + 1 - older, older <= desired.maxReplicas ? 1 : 0)
            count = min(count, max(surge, current.count))
        }
        // Replicas that are still ending count, because their port, memory and work are not free yet.
        count = min(count, max(desired.maxReplicas + 1 - others, current.count))
        if desired.hasStartFailure {
            // One start at a time is tried beside the replicas that work. Replicas that are starting already are left
            // alone.
            count = min(count, max(current.count { $0.isServing } + 1, current.count))
        }
        return count
    }

    /// Keeps old replicas that serve until new ones replace them one for one. Old replicas that do not serve drain.
    private mutating func keepOld(_ old: [Candidate], _ desired: DesiredReplicas, replacedBy taken: Int) {
        guard !old.isEmpty else { return }
        let wanted = desired.revision == nil ? 0 : max(desired.count - taken, 0)
        let serving = old.filter(\.isServing)
        draining += old.lazy.filter { !$0.isServing }.map(\.id)
        choose(wanted, of: serving)
    }

    /// Keeps the `count` best candidates and drains the others.
    @discardableResult
    private mutating func choose(_ count: Int, of candidates: [Candidate]) -> ArraySlice<Candidate> {
        let sorted = candidates.count > count ? candidates.sorted(by: Candidate.isRatherKept) : candidates
        let kept = sorted.prefix(count)
        draining += sorted.dropFirst(count).lazy.map(\.id)
        ready += kept.count { $0.isServing }
        return kept
    }

    private struct Candidate {
        let id: Replica.ID
        let since: Double
        let isServing: Bool
        let isAccepting: Bool
        let isDraining: Bool
        let inFlight: Int

        init(_ replica: Replica, _ load: LoadReport.ReplicaLoad?, isDraining: Bool) {
            id = replica.id
            since = replica.since
            isAccepting = load?.isAccepting ?? false
            // The dispatcher stops reporting a draining replica as accepting; the platform still reports it as ready.
            isServing = isAccepting || replica.state == .ready
            self.isDraining = isDraining
            inFlight = load?.inFlight ?? 0
        }

        /// Returns true if `one` should be kept rather than `other`. A replica that serves is kept first. Then a
        /// replica that already drains continues to drain: otherwise the mark would move between replicas, and none
        /// would ever be empty. Then the busier one is kept, then the older one.
        static func isRatherKept(_ one: Candidate, _ other: Candidate) -> Bool {
            if one.isServing != other.isServing { return one.isServing }
            if one.isDraining != other.isDraining { return other.isDraining }
            if one.inFlight != other.inFlight { return one.inFlight > other.inFlight }
            if one.since != other.since { return one.since < other.since }
            return one.id < other.id
        }
    }
}
