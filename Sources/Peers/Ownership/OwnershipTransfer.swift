import F2SModel

/// Decides for which functions with a limit per replica this process grants the slots, so that two processes never do
/// at the same time (docs/decisions/0011). A value without I/O, clock or lock: ``PeerLink`` supplies its inputs and
/// sends its reports.
///
/// The owner of a function follows from the processes that this one sees, and the views of processes may differ for a
/// while. A process that considers itself the owner therefore claims the function first. It grants nothing until every
/// other process has received the claim and answered that it does not hold the function. If two
/// processes claim at the same time, neither grants until one of them has given up its claim. A process that has
/// granted a slot holds the function until none of the function's invocations is queued or in flight there.
///
/// Two processes that have just started may each believe that the other does not run yet. Nothing is therefore granted
/// before the directory has reported this process as ready. The process of the two that becomes ready later has then
/// learned of the other.
struct OwnershipTransfer: Sendable {
    /// The state of a function in this process.
    private enum Claim: Sendable, Hashable {
        /// Another process owns the function.
        case away
        /// This process owns the function once every other process has released it. `since` is the first report that
        /// contains the claim; `nil` before there is one.
        case claimed(since: UInt64?)
        /// This process grants the function's slots.
        case granted
        /// Another process has become the owner. This process finishes the invocations that it already has.
        case finishing

        /// True if other processes wait for the report of this state.
        var isUrgent: Bool {
            switch self {
            case .away, .claimed: true
            case .granted, .finishing: false
            }
        }

        /// True if this process grants slots of the function.
        var isGranting: Bool {
            switch self {
            case .granted, .finishing: true
            case .away, .claimed: false
            }
        }

        /// True if the state does not change as long as the processes do not.
        var isFinal: Bool {
            switch self {
            case .away, .granted: true
            case .claimed, .finishing: false
            }
        }
    }

    /// The other processes.
    private(set) var views: PeerViews
    private var claims: [Function.ID: Claim] = [:]
    /// Functions to decide about: new ones, and those whose claims are not final.
    private var undecided: Set<Function.ID> = []
    private var ownership = Ownership()
    /// Functions that this process has not released: it claims, grants or finishes them.
    private var unreleased: Set<Function.ID> = []
    /// The number of the first report that contains ``unreleased`` as it is now; `nil` before there is one.
    private var unreleasedSince: UInt64?
    /// The processes that shared the functions at the last decision.
    private var candidates: [PeerViews.Candidate] = []
    private var sequence: UInt64
    /// True if this process is shutting down.
    private var isLeaving = false
    /// True if the other processes should receive the changes at once.
    private(set) var isReportDue = true

    /// - Parameter sequence: The number of the last report. It must not be lower than that of an earlier process with
    ///   the same identifier.
    init(own: Peer, sequence: UInt64) {
        views = PeerViews(own: own)
        self.sequence = sequence
    }

    /// Applies the directory's newest state.
    mutating func apply(_ snapshot: PeerSnapshot, at now: Duration) {
        var snapshot = snapshot
        if isLeaving { snapshot.own.isReady = false }
        views.apply(snapshot, at: now)
    }

    /// Adds functions that have a limit. Functions that are already known do not change. The slots of new ones
    /// are withheld until ``decide(_:at:)``.
    mutating func add(limited functions: some Sequence<Function.ID>) {
        for id in functions where claims[id] == nil {
            claims[id] = .away
            ownership.withheld.insert(id)
            undecided.insert(id)
        }
    }

    /// Forgets functions that no longer exist or no longer have a limit.
    mutating func remove(_ functions: some Sequence<Function.ID>) {
        for id in functions where claims.removeValue(forKey: id) != nil {
            undecided.remove(id)
            ownership.withheld.remove(id)
            ownership.elsewhere[id] = nil
            if unreleased.remove(id) != nil { unreleasedSince = nil }
        }
    }

    /// Records another process's report.
    mutating func record(_ report: PeerReport, at now: Duration) {
        let (isChange, before) = views.record(report, at: now)
        guard isChange, let report = views.lastReports[report.peer] else { return }
        // A process that claims or releases a function waits for an answer. Functions without a limit change all the
        // time and do not matter here.
        if report.changes(since: before).contains(where: { claims[$0] != nil }) { isReportDue = true }
    }

    /// Marks this process as shutting down. It finishes the functions that it holds, and does not become the owner of
    /// others as long as another process serves.
    mutating func leave() {
        isLeaving = true
        views.own.isReady = false
    }

    /// Decides about every function. It examines the functions whose claims are not final, and all of them only after
    /// the processes have changed.
    /// - Parameter load: The load of this process, read after the dispatcher applied the last decision.
    mutating func decide(_ load: [Function.ID: LoadReport.FunctionLoad], at now: Duration) -> Ownership {
        let living = views.living(at: now)
        let candidates = views.candidates
        if candidates != self.candidates {
            self.candidates = candidates
            reconsider()
        }
        guard !undecided.isEmpty else { return ownership }
        let names = candidates.map(\.id)
        for id in undecided {
            let owner = RendezvousHash.owner(of: id, among: names)
            let claim = decide(id, isOwn: owner == views.own.id, load[id], living)
            let address = owner == views.own.id ? nil : candidates.first { $0.id == owner }?.address
            if ownership.elsewhere[id] != address { ownership.elsewhere[id] = address }
            if claim.isFinal { undecided.remove(id) }
        }
        return ownership
    }

    /// Makes the next decision examine every function.
    mutating func reconsider() { undecided.formUnion(claims.keys) }

    private mutating func decide(
        _ id: Function.ID, isOwn: Bool, _ load: LoadReport.FunctionLoad?, _ living: [String]
    ) -> Claim {
        let claim = claims[id] ?? .away
        let newer = next(claim, of: id, isOwn: isOwn, load, living)
        claims[id] = newer
        if newer != claim, newer.isUrgent { isReportDue = true }
        if newer.isGranting { ownership.withheld.remove(id) } else { ownership.withheld.insert(id) }
        let hasChanged = newer == .away ? unreleased.remove(id) != nil : unreleased.insert(id).inserted
        if hasChanged { unreleasedSince = nil }
        return newer
    }

    /// Returns the next report for the other processes.
    /// - Parameter load: The load of this process, read after the dispatcher applied the last decision. A function that
    ///   has no invocation in this load gets none later, unless the report says that this process holds the function.
    mutating func report(_ load: LoadReport) -> PeerReport {
        sequence += 1
        isReportDue = false
        for id in undecided where claims[id] == .claimed(since: nil) { claims[id] = .claimed(since: sequence) }
        let since = unreleasedSince ?? sequence
        unreleasedSince = since
        let inFlight = load.functions.filter { $0.value.inFlight > 0 && !unreleased.contains($0.key) }.map(\.key)
        let isAcknowledged = views.allKnow(since)
        var report = PeerReport(
            peer: views.own.id, sequence: sequence, load: load,
            holds: isAcknowledged ? [] : Array(unreleased) + inFlight, seen: views.seen)
        report.owned = PeerReport.Owned(since: since, isLeftOut: isAcknowledged, inFlight: inFlight)
        return report
    }

    /// True if a function is being finished so that another process can take over. The caller should decide again soon.
    var isFinishing: Bool { undecided.contains { claims[$0] == .finishing } }

    /// True if the directory has reported this process as ready. A process that is shutting down counts as registered.
    private var isRegistered: Bool { isLeaving || views.own.isReady }

    private func next(
        _ claim: Claim, of id: Function.ID, isOwn: Bool, _ load: LoadReport.FunctionLoad?, _ living: [String]
    ) -> Claim {
        guard isOwn else {
            switch claim {
            case .away, .claimed: return .away
            case .granted, .finishing:
                // The new owner waits until this process has no invocation of the function queued or in flight.
                let isEmpty = load.map { $0.inFlight == 0 && $0.queued == 0 } ?? true
                return isEmpty ? .away : .finishing
            }
        }
        switch claim {
        // This process has held the function all the time, so no other process can own it.
        case .granted, .finishing: return .granted
        case .away: return living.isEmpty && isRegistered ? .granted : .claimed(since: nil)
        case .claimed(let since): return isRegistered && isReleased(id, since: since, by: living) ? .granted : claim
        }
    }

    /// Returns true if every other process, after receiving the claim, has reported that it does not hold the function.
    private func isReleased(_ id: Function.ID, since: UInt64?, by living: [String]) -> Bool {
        living.allSatisfy { peer in
            guard let since, let report = views.lastReports[peer] else { return false }
            return report.seen >= since && !report.mayHold(id)
        }
    }
}
