public import F2SMetrics
public import F2SModel
import FoundationEssentials
public import Logging
public import ServiceLifecycle
import Synchronization

/// Tells the other F2S processes what this one has in hand, listens to what they have, and tells the dispatcher which
/// functions it may grant the slots of.
///
/// What follows from reports is decided by ``Handover`` and ``PeerLoads``; this is the shell around them. A process
/// without others owns everything and posts nothing.
public final class PeerLink: Service {
    private struct State {
        var handover: Handover
        var loads = PeerLoads()
        var peers: PeerSnapshot
        var ownership = Ownership()
        /// Whether the dispatcher has been told anything.
        var isApplied = false
        var news = ReportNews()
        var reportedAt: Duration?
        /// Processes that a report is on its way to.
        var posting: Set<String> = []
        /// Processes that a newer one is due to when that has arrived.
        var owed: Set<String> = []
        /// Processes that the last report did not reach.
        var deaf: Set<String> = []
        /// The process that has said last that it leads.
        var leader: String?
        /// The newest event that another process has told of, and which one.
        var newestEvent: (sequence: UInt64, peer: String)?
        /// The newest event that a report has told the others of.
        var toldEvent: UInt64 = 0
        /// Those of them that do not know our token.
        var distrusting: Set<String> = []
        /// The declarations that were taken last.
        var functions = FunctionSnapshot()
        /// True once declarations were taken.
        var hasFunctions = false
    }

    /// One report on its way.
    private struct Post: Sendable {
        let peer: Peer
        let content: [UInt8]
    }

    /// Raised when somebody waits elsewhere for a cold function.
    let changes = Signal()

    private let directory: any PeerDirectory
    private let election: any LeaderElection
    private let events: any Events
    private let dataPlane: any DataPlane
    private let metrics: PeerMetrics
    private let logger: Logger
    private let clock: any OperatorClock
    private let state: Mutex<State>
    private let wake = Signal()
    private let finishing = Signal()
    private let eventNews = Signal()

    /// Time between two reports when there is no news.
    static let interval = Duration.seconds(1)
    /// How often to look whether what another process waits for is finished.
    private static let finishingPause = Duration.milliseconds(50)
    /// For a report to arrive.
    private static let postTimeout = Duration.seconds(2)
    /// For the process that leads to say why functions run as they do.
    private static let questionTimeout = Duration.seconds(1)
    /// Events follow each other closely; the others hear of them together.
    private static let eventPause = Duration.milliseconds(50)

    /// A link; it says nothing until ``run()``, but takes what it is told.
    public init(
        platform: Platform, dataPlane: any DataPlane, metrics: MetricRegistry, logger: Logger,
        clock: any OperatorClock = SystemOperatorClock()
    ) {
        directory = platform.peers
        election = platform.election
        events = platform.events
        self.dataPlane = dataPlane
        self.metrics = PeerMetrics(metrics)
        self.logger = logger
        self.clock = clock
        let peers = directory.currentPeers
        var handover = Handover(own: peers.own, sequence: UInt64(max(0, clock.secondsSince1970() * 1e6)))
        handover.take(peers, at: clock.now())
        state = Mutex(State(handover: handover, peers: peers))
        self.metrics.show { [weak self] in self?.state.withLock { Self.shown($0) } ?? PeerMetrics.Shown() }
    }

    /// Reports each second, and at once when it matters, until shutdown.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.followPeers() }
                group.addTask { await self.tick() }
                group.addTask { await self.watchFinishing() }
                group.addTask { await self.tellOfEvents() }
                group.addTask { await self.fetchEvents() }
                for await _ in Signal.arrivals(of: [self.wake, self.dataPlane.changes]) {
                    for post in self.look() { group.addTask { await self.carryOut(post) } }
                }
                group.cancelAll()
            }
        }
    }

    /// Takes the newest declarations, and tells the dispatcher whose they are. It must hear that before it hears of the
    /// functions: one that it knew nothing else of would be granted at once.
    public func take(_ functions: FunctionSnapshot) {
        let isNews = state.withLock { state in
            let changes = functions.changes(since: state.functions)
            let isFirst = !state.hasFunctions
            (state.functions, state.hasFunctions) = (functions, true)
            // Statuses change far more often than declarations.
            guard isFirst || !(changes.declared.isEmpty && changes.removed.isEmpty) else { return false }
            let isLimited = { (function: Function) in function.target.concurrency != nil }
            state.handover.remove(changes.removed.map(\.id))
            state.handover.remove(changes.declared.filter { !isLimited($0) }.map(\.id))
            state.handover.add(limited: changes.declared.filter(isLimited).map(\.id))
            // The directory may have been read since the last look, and nobody is alone for not having looked.
            lookAround(&state)
            state.loads.forget(changes.removed.map(\.id))
            settle(&state)
            return true
        }
        if isNews { wake.raise() }
    }

    /// Takes another process's report.
    public func take(_ report: PeerReport) {
        let isUrgent = state.withLock { state in
            let now = clock.now()
            guard report.peer != state.peers.own.id else { return false }
            state.handover.take(report, at: now)
            let functions = state.hasFunctions ? state.functions : nil
            let isUrgent = state.loads.take(report, at: now) { functions?.function(of: $0) != nil || functions == nil }
            if report.isLeader == true { state.leader = report.peer }
            if let newest = report.newestEvent { state.newestEvent = (newest, report.peer) }
            settle(&state)
            return isUrgent
        }
        if isUrgent { changes.raise() }
        if report.newestEvent ?? 0 > events.newestSequence { eventNews.raise() }
        wake.raise()
    }

    /// This process is about to end: the others take over what is its own, as soon as that is finished here.
    public func leave() {
        state.withLock { state in
            state.handover.leave()
            settle(&state)
        }
        wake.raise()
    }

    /// Names of the other processes that refuse our token, in alphabetical order.
    public var distrustingPeers: [String] { state.withLock { $0.distrusting.sorted() } }

    /// What all processes together have in hand.
    func sum(with own: LoadReport) -> PeerLoads.Sum {
        state.withLock { $0.loads.sum(with: own, $0.peers.others, at: clock.now()) }
    }

    // MARK: Looking

    /// Decides, and makes a report when one is due.
    /// - Returns: what to post.
    private func look() -> [Post] {
        let (report, peers) = state.withLock { state -> (PeerReport?, [Peer]) in
            let load = settle(&state)
            let now = clock.now()
            let listeners = state.peers.others.filter { $0.isAlive && $0.address != nil }
            let isTime = state.reportedAt.map { now - $0 >= Self.interval } ?? true
            let newestEvent = events.newestSequence
            if isTime || state.handover.isReportDue || state.news.isUrgent(load) || newestEvent > state.toldEvent {
                state.owed = Set(listeners.map(\.id))
            }
            let free = listeners.filter { state.owed.contains($0.id) && !state.posting.contains($0.id) }
            guard !free.isEmpty else { return (nil, []) }
            if isTime { state.reportedAt = now }
            state.owed.subtract(free.map(\.id))
            state.posting.formUnion(free.map(\.id))
            var report = state.handover.report(state.news.part(of: load, at: now))
            report.isLeader = election.isLeader
            report.newestEvent = newestEvent
            state.toldEvent = newestEvent
            return (report, free)
        }
        guard let report, let content = try? JSONEncoder().encode(report) else { return [] }
        return peers.map { Post(peer: $0, content: Array(content)) }
    }

    /// Decides who grants what and tells the dispatcher; the lock keeps decisions in order, and the dispatcher never
    /// calls back.
    /// - Returns: what is in hand after the dispatcher was told.
    @discardableResult
    private func settle(_ state: inout State) -> LoadReport {
        let load = dataPlane.currentLoad()
        let ownership = state.handover.decide(load.functions, at: clock.now())
        if state.handover.isFinishing { finishing.raise() }
        guard ownership != state.ownership || !state.isApplied else { return load }
        state.ownership = ownership
        state.isApplied = true
        dataPlane.apply(ownership)
        return dataPlane.currentLoad()
    }

    private func carryOut(_ post: Post) async {
        let isHeard: Bool
        do {
            _ = try await directory.post("/load", post.content, to: post.peer, timeout: Self.postTimeout)
            isHeard = true
        } catch {
            isHeard = false
            if !Task.isCancelled { complain(of: post.peer, error) }
        }
        let isOwed = state.withLock { state in
            state.posting.remove(post.peer.id)
            if isHeard {
                state.deaf.remove(post.peer.id)
                state.distrusting.remove(post.peer.id)
            }
            return state.owed.contains(post.peer.id)
        }
        if isOwed { wake.raise() }
    }

    /// One that has just started or is about to end does not listen, and that is no news.
    private func complain(of peer: Peer, _ error: any Error) {
        metrics.countFailure()
        let isNews = state.withLock { state in
            // A process that has gone meanwhile is forgotten.
            guard state.peers.others.contains(where: { $0.id == peer.id }) else { return false }
            if case PeerError.refused(_, 403) = error { state.distrusting.insert(peer.id) }
            return state.deaf.insert(peer.id).inserted
        }
        if isNews, peer.isReady {
            logger.warning("Another F2S process does not take a report; it gets the next one: \(error)")
        }
    }

    private func tick() async {
        while !Task.isCancelled {
            do { try await clock.sleep(for: Self.interval) } catch { return }
            wake.raise()
        }
    }

    /// The end of the last invocation of a function raises no signal of its own.
    private func watchFinishing() async {
        for await _ in finishing.arrivals() {
            guard state.withLock({ $0.handover.isFinishing }) else { continue }
            do { try await clock.sleep(for: Self.finishingPause) } catch { return }
            // Looking raises the signal again as long as there is something to wait for.
            wake.raise()
        }
    }

    private func followPeers() async {
        while !Task.isCancelled {
            do {
                try await directory.withPeers { snapshots in
                    for await _ in snapshots { self.lookAround() }
                }
            } catch {
                if !Task.isCancelled { logger.warning("The F2S processes cannot be followed; trying again: \(error)") }
            }
            do { try await clock.sleep(for: .seconds(1)) } catch { return }
        }
    }

    private func lookAround() {
        state.withLock { state in
            lookAround(&state)
            settle(&state)
        }
        wake.raise()
    }

    /// Takes the directory's newest state.
    private func lookAround(_ state: inout State) {
        let peers = directory.currentPeers
        guard peers != state.peers else { return }
        let now = clock.now()
        state.peers = peers
        state.handover.take(peers, at: now)
        let known = Set(peers.others.map(\.id))
        state.loads.keep(only: known, at: now)
        state.owed.formIntersection(known)
        state.deaf.formIntersection(known)
        state.distrusting.formIntersection(known)
    }

    private static func shown(_ state: State) -> PeerMetrics.Shown {
        PeerMetrics.Shown(
            peers: state.peers.others.count { $0.isAlive }, elsewhere: state.ownership.elsewhere.count,
            held: state.ownership.held.count)
    }
}

// MARK: - What only the process that leads knows

extension PeerLink {
    /// The newest decisions of the process that leads; `nil`: no other process leads, or it cannot be asked.
    /// - Parameter function: the only one that is wanted; `nil`: all.
    func fetchExplanations(of function: Function.ID?) async -> [Function.ID: ScaleExplanation]? {
        let (leader, others) = state.withLock { ($0.leader, $0.peers.others.filter(\.isAlive)) }
        guard let question = try? JSONEncoder().encode(LeaderView.Question(function: function)) else { return nil }
        // The one that has said so last comes first; after a fail-over another one may lead.
        for peer in others.filter({ $0.id == leader }) + others.filter({ $0.id != leader }) {
            guard
                let answer = try? await directory.post(
                    "/leader", Array(question), to: peer, timeout: Self.questionTimeout),
                let view = try? JSONDecoder().decode(LeaderView.self, from: Data(answer)), view.isLeader
            else { continue }
            return view.explanations
        }
        return nil
    }

    /// Lets the others hear soon that something has happened.
    private func tellOfEvents() async {
        for await _ in events.arrivals() {
            do { try await clock.sleep(for: Self.eventPause) } catch { return }
            wake.raise()
        }
    }

    /// Fetches the events that another process has told of. What fails is tried again with that process's next report.
    private func fetchEvents() async {
        for await _ in eventNews.arrivals() {
            let newest = events.newestSequence
            let source = state.withLock { state in
                state.newestEvent.flatMap { news in
                    news.sequence > newest ? state.peers.others.first { $0.id == news.peer } : nil
                }
            }
            guard let source, let question = try? JSONEncoder().encode(EventQuestion(after: newest)),
                let answer = try? await directory.post(
                    "/events", Array(question), to: source, timeout: Self.postTimeout),
                let missing = try? JSONDecoder().decode([Event].self, from: Data(answer))
            else { continue }
            events.take(missing)
        }
    }
}
