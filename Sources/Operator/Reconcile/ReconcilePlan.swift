import F2SModel

/// What one function should run.
struct ReplicaWish: Sendable, Hashable {
    /// What replicas must have been started from to be current; `nil`: the function is deleted.
    var revision: Revision?
    /// Replicas to run.
    var desired: Int
    /// Never more, but for one during a rollout.
    var maxReplicas: Int
    /// Whether the newest start of this very revision failed.
    var isTroubled = false
}

/// What has to change so that one function's replicas match its wish. Pure.
///
/// Replicas that must go drain first: they are marked, the mark goes down to the dispatcher, and only when the
/// dispatcher then says that nothing is in flight on them are they stopped. Until that moment a plan may take the mark
/// back.
///
/// Where the platform chooses who ends, a plan is a number for all revisions together and marks nobody.
struct ReconcilePlan: Sendable, Hashable {
    /// Replicas of the current revision that the platform should have, those that drain not counted. Where the platform
    /// chooses who ends: of all revisions.
    private(set) var count: Int
    /// Replicas to mark as draining.
    private(set) var draining: [Replica.ID] = []
    /// Replicas that did not finish an abandoned invocation in time, and are replaced.
    private(set) var unresponsive: [Replica.ID] = []
    /// Of these, those of the current revision that the platform still counts, because it has not been told to stop
    /// them.
    private var counted: Set<Replica.ID> = []
    /// Replicas of any revision that stay and take invocations.
    private(set) var ready = 0
    /// Replicas of the current revision that stay.
    private(set) var current = 0
    /// Replicas of older revisions that exist, those on their way out included.
    private(set) var older = 0
    /// Of ``current``, those that take invocations.
    private(set) var currentReady = 0
    /// Whether a replica of the current revision takes invocations.
    var isCurrentReady: Bool { currentReady > 0 }

    /// The plan for a function without replicas.
    init(_ wish: ReplicaWish) {
        count = wish.isTroubled ? min(wish.desired, 1) : wish.desired
    }

    /// - Parameters:
    ///   - replicas: the function's, as the platform reports them.
    ///   - load: the dispatcher's report.
    ///   - ledger: what earlier plans have begun.
    init(
        _ wish: ReplicaWish, replicas: [Replica], load: [Replica.ID: LoadReport.ReplicaLoad], ledger: DrainLedger
    ) {
        self.init(wish)
        guard !replicas.isEmpty else { return }
        var current: [Candidate] = []
        var old: [Candidate] = []
        var leaving = 0
        for replica in replicas where replica.state != .gone {
            let isCurrent = replica.revision == wish.revision
            if !isCurrent { older += 1 }
            if replica.state == .draining || ledger.retired.contains(replica.id) {
                leaving += 1
            } else if load[replica.id]?.isUnresponsive == true {
                leaving += 1
                unresponsive.append(replica.id)
                draining.append(replica.id)
                if isCurrent { counted.insert(replica.id) }
            } else {
                let candidate = Candidate(replica, load[replica.id], isDraining: ledger.draining[replica.id] != nil)
                if isCurrent { current.append(candidate) } else { old.append(candidate) }
            }
        }
        count = Self.countOfCurrent(wish, current: current, older: older, others: old.count + leaving)
        let kept = choose(count, of: current)
        self.current = kept.count
        currentReady = kept.count { $0.isServing }
        let taken = kept.count { $0.isAccepting }
        keepOld(old, wish, replacedBy: taken)
    }

    /// A plan for a platform that chooses by itself who ends, and rolls a changed revision out.
    ///
    /// What is ending does not count: the platform starts another one in its place whether we want it or not, and
    /// asking for fewer because of it would end one that serves.
    init(byPlatform wish: ReplicaWish, replicas: [Replica], load: [Replica.ID: LoadReport.ReplicaLoad]) {
        self.init(wish)
        var existing = 0
        for replica in replicas where replica.state != .gone {
            let isCurrent = replica.revision == wish.revision
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
        // One attempt at a time beside what works; what starts already is left alone.
        if wish.isTroubled { count = min(wish.desired, max(ready + 1, existing)) }
    }

    /// What the platform is told: replicas that are replaced do not keep it from starting others.
    /// - Parameter retiring: those that it is told to stop.
    func told(retiring: [Replica.ID] = []) -> Int { count + counted.subtracting(retiring).count }

    /// Of the draining replicas, those that may be stopped now.
    /// - Parameters:
    ///   - load: a report taken after the dispatcher was told that they drain.
    ///   - limit: time after which a replica is stopped whatever it still does.
    func retirable(
        load: [Replica.ID: LoadReport.ReplicaLoad], ledger: DrainLedger, limit: Duration, at now: Duration
    ) -> [Replica.ID] {
        draining.filter { id in
            guard let since = ledger.draining[id] else { return false }
            return (load[id]?.inFlight ?? 0) == 0 || now - since >= limit
        }
    }

    /// How many of the current revision the platform should run.
    private static func countOfCurrent(_ wish: ReplicaWish, current: [Candidate], older: Int, others: Int) -> Int {
        var count = wish.desired
        if older > 0 {
            // A rollout: one more than wanted in all. The first new one may always be tried, or nothing would ever
            // move.
            let surge = max(wish.desired + 1 - older, older <= wish.maxReplicas ? 1 : 0)
            count = min(count, max(surge, current.count))
        }
        // What is still ending counts: its port, memory and work are not free yet.
        count = min(count, max(wish.maxReplicas + 1 - others, current.count))
        if wish.isTroubled {
            // One attempt at a time beside what works; what starts already is left alone.
            count = min(count, max(current.count { $0.isServing } + 1, current.count))
        }
        return count
    }

    /// Old replicas serve until new ones take their place, one for one; those that do not serve are of no use.
    private mutating func keepOld(_ old: [Candidate], _ wish: ReplicaWish, replacedBy taken: Int) {
        guard !old.isEmpty else { return }
        let wanted = wish.revision == nil ? 0 : max(wish.desired - taken, 0)
        let serving = old.filter(\.isServing)
        draining += old.lazy.filter { !$0.isServing }.map(\.id)
        choose(wanted, of: serving)
    }

    /// Keeps the `count` best and drains the others.
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
            // The dispatcher takes a draining replica's word back; the platform's stays.
            isServing = isAccepting || replica.state == .ready
            self.isDraining = isDraining
            inFlight = load?.inFlight ?? 0
        }

        /// Who serves stays rather than who does not; who drains already goes on draining, or the mark would wander
        /// from one to the other and none would ever be empty; then the busier; then the older.
        static func isRatherKept(_ one: Candidate, _ other: Candidate) -> Bool {
            if one.isServing != other.isServing { return one.isServing }
            if one.isDraining != other.isDraining { return other.isDraining }
            if one.inFlight != other.inFlight { return one.inFlight > other.inFlight }
            if one.since != other.since { return one.since < other.since }
            return one.id < other.id
        }
    }
}
