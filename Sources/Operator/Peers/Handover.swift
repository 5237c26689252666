import F2SModel

/// Decides which functions with a limit per replica this process grants the slots of, so that at no moment two
/// processes do (docs/decisions/0011). A value without I/O, clock or lock: ``PeerLink`` feeds it and tells the others.
///
/// The owner of a function is worked out from the processes that this one sees, and views differ for a while. So who
/// takes itself to be the owner says so first, and grants nothing before every other process has answered, having heard
/// it, that it does not hold the function. Of two processes that claim at once, one has heard the other before it
/// claimed, or neither grants. Whoever has ever granted a slot holds the function until nothing is in hand.
///
/// Two that have just started may each take the other for one that does not run yet. So nothing is granted before the
/// directory has said of this process itself that it serves: of the two, the one that serves later then knows the
/// other.
struct Handover: Sendable {
    /// Where this process stands with a function.
    private enum Seat: Sendable, Hashable {
        /// It is another process's.
        case away
        /// It is ours once every other one has let go; `since`: the first report that says so, `nil` before there is
        /// one.
        case claimed(since: UInt64?)
        /// Its slots are granted here.
        case granted
        /// It has become another process's, and what is here already is finished here.
        case finishing

        /// Whether others wait to hear that it has come to this.
        var isToldAtOnce: Bool {
            switch self {
            case .away, .claimed: true
            case .granted, .finishing: false
            }
        }

        /// Whether no slots are granted here.
        var isHeld: Bool { isToldAtOnce }

        /// Whether it stays as it is as long as the processes do.
        var isFinal: Bool {
            switch self {
            case .away, .granted: true
            case .claimed, .finishing: false
            }
        }
    }

    /// The other processes.
    private(set) var views: PeerViews
    private var seats: [Function.ID: Seat] = [:]
    /// Functions to decide about: new ones, and those whose seats are not final.
    private var undecided: Set<Function.ID> = []
    private var ownership = Ownership()
    /// Functions that this process claims, grants or finishes.
    private var owned: Set<Function.ID> = []
    /// The first report that tells of ``owned`` as it is now; `nil`: there is none yet.
    private var ownedSince: UInt64?
    /// The processes that functions are shared among, as of the last decision.
    private var candidates: [PeerViews.Candidate] = []
    private var sequence: UInt64
    /// Whether this process is about to end.
    private var isLeaving = false
    /// Whether the others should hear at once what has changed.
    private(set) var isReportDue = true

    /// - Parameter sequence: number of the last report of whichever process had this place before.
    init(own: Peer, sequence: UInt64) {
        views = PeerViews(own: own)
        self.sequence = sequence
    }

    /// Takes the directory's newest state.
    mutating func take(_ snapshot: PeerSnapshot, at now: Duration) {
        var snapshot = snapshot
        if isLeaving { snapshot.own.isReady = false }
        views.take(snapshot, at: now)
    }

    /// Takes functions that have a limit; those that are known already stay as they are. New ones are held until
    /// ``decide(_:at:)``.
    mutating func add(limited functions: some Sequence<Function.ID>) {
        for id in functions where seats[id] == nil {
            seats[id] = .away
            ownership.held.insert(id)
            undecided.insert(id)
        }
    }

    /// Forgets functions that are gone or have no limit any more.
    mutating func remove(_ functions: some Sequence<Function.ID>) {
        for id in functions where seats.removeValue(forKey: id) != nil {
            undecided.remove(id)
            ownership.held.remove(id)
            ownership.elsewhere[id] = nil
            if owned.remove(id) != nil { ownedSince = nil }
        }
    }

    /// Takes another process's report.
    mutating func take(_ report: PeerReport, at now: Duration) {
        let (isNews, before) = views.take(report, at: now)
        guard isNews, let word = views.words[report.peer] else { return }
        // Who claims or lets go waits for an answer. Functions without a limit come and go all the time.
        if word.changes(since: before).contains(where: { seats[$0] != nil }) { isReportDue = true }
    }

    /// This process is about to end: what it has it finishes, and nothing becomes its own any more as long as another
    /// one serves.
    mutating func leave() {
        isLeaving = true
        views.own.isReady = false
    }

    /// Decides about every function; that looks at those whose seats are not final, or at all when the processes have
    /// changed.
    /// - Parameter load: of this process, taken after the dispatcher was told of the last decision.
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
            let owner = Rendezvous.owner(of: id, among: names)
            let seat = decide(id, isOwn: owner == views.own.id, load[id], living)
            let address = owner == views.own.id ? nil : candidates.first { $0.id == owner }?.address
            if ownership.elsewhere[id] != address { ownership.elsewhere[id] = address }
            if seat.isFinal { undecided.remove(id) }
        }
        return ownership
    }

    /// Lets the next decision look at every function.
    mutating func reconsider() { undecided.formUnion(seats.keys) }

    private mutating func decide(
        _ id: Function.ID, isOwn: Bool, _ load: LoadReport.FunctionLoad?, _ living: [String]
    ) -> Seat {
        let seat = seats[id] ?? .away
        let newer = next(seat, of: id, isOwn: isOwn, load, living)
        seats[id] = newer
        if newer != seat, newer.isToldAtOnce { isReportDue = true }
        if newer.isHeld { ownership.held.insert(id) } else { ownership.held.remove(id) }
        let hasChanged = newer == .away ? owned.remove(id) != nil : owned.insert(id).inserted
        if hasChanged { ownedSince = nil }
        return newer
    }

    /// What the others are told.
    /// - Parameter load: of this process, taken after the dispatcher was told of the last decision: what is not in hand
    ///   then never will be, unless the report says that it is held.
    mutating func report(_ load: LoadReport) -> PeerReport {
        sequence += 1
        isReportDue = false
        for id in undecided where seats[id] == .claimed(since: nil) { seats[id] = .claimed(since: sequence) }
        let since = ownedSince ?? sequence
        ownedSince = since
        let inFlight = load.functions.filter { $0.value.inFlight > 0 && !owned.contains($0.key) }.map(\.key)
        let isKnown = views.allKnow(since)
        var report = PeerReport(
            peer: views.own.id, sequence: sequence, load: load, holds: isKnown ? [] : Array(owned) + inFlight,
            seen: views.seen)
        report.owned = PeerReport.Owned(since: since, isLeftOut: isKnown, inFlight: inFlight)
        return report
    }

    /// Whether something is being finished for another process to take over: worth a look soon.
    var isFinishing: Bool { undecided.contains { seats[$0] == .finishing } }

    /// Whether the directory has said of this process that it serves. One that is about to end has been heard of.
    private var isKnown: Bool { isLeaving || views.own.isReady }

    private func next(
        _ seat: Seat, of id: Function.ID, isOwn: Bool, _ load: LoadReport.FunctionLoad?, _ living: [String]
    ) -> Seat {
        guard isOwn else {
            switch seat {
            case .away, .claimed: return .away
            case .granted, .finishing:
                // Nobody waits for an answer of ours any more.
                let isEmpty = load.map { $0.inFlight == 0 && $0.queued == 0 } ?? true
                return isEmpty ? .away : .finishing
            }
        }
        switch seat {
        // It has been held all the while, so nobody else can have been given it.
        case .granted, .finishing: return .granted
        case .away: return living.isEmpty && isKnown ? .granted : .claimed(since: nil)
        case .claimed(let since): return isKnown && isReleased(id, since: since, by: living) ? .granted : seat
        }
    }

    /// Whether every other process has said, having heard the claim, that it does not hold the function.
    private func isReleased(_ id: Function.ID, since: UInt64?, by living: [String]) -> Bool {
        living.allSatisfy { peer in
            guard let since, let word = views.words[peer] else { return false }
            return word.seen >= since && !word.mayHold(id)
        }
    }
}
