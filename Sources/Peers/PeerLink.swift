public import F2SMetrics
public import F2SModel
import FoundationEssentials
public import Logging
public import ServiceLifecycle
import Synchronization

/// Exchanges load reports with the other F2S processes, and informs the dispatcher of the functions whose slots it may
/// grant.
///
/// ``OwnershipTransfer`` and ``PeerLoads`` make the decisions; the link performs the I/O around them. A process without
/// peers owns every function and posts nothing.
public final class PeerLink: Service, PeerLoadSource {
    private struct State {
        var transfer: OwnershipTransfer
        var loads = PeerLoads()
        var peers: PeerSnapshot
        var ownership = Ownership()
        /// True once the dispatcher has received an ownership.
        var isApplied = false
        var loadDelta = LoadDelta()
        var reportedAt: Duration?
        /// Processes to which a report is in flight.
        var posting: Set<String> = []
        /// Processes that need a newer report when the one in flight has arrived.
        var owed: Set<String> = []
        /// Processes that the last report did not reach.
        var deaf: Set<String> = []
        /// The process that was the last to report that it leads.
        var leader: String?
        /// The newest event that another process has announced, and the identifier of that process.
        var newestEvent: (sequence: UInt64, peer: String)?
        /// The newest event that a report of this process has announced.
        var toldEvent: UInt64 = 0
        /// The processes in ``deaf`` that reject this process's token.
        var distrusting: Set<String> = []
        /// The declarations that were applied last.
        var functions = FunctionSnapshot()
        /// True once declarations were applied.
        var hasFunctions = false
    }

    /// A report for one peer.
    private struct Post: Sendable {
        let peer: Peer
        let content: [UInt8]
    }

    /// Raised when an invocation waits for a cold function in another process.
    public let changes = Signal()

    private let directory: any PeerDirectory
    private let election: any LeaderElection
    private let events: any Events
    private let dataPlane: any DataPlane
    private let metrics: PeerMetrics
    private let logger: Logger
    private let clock: any ControlClock
    private let state: Mutex<State>
    private let wake = Signal()
    private let finishing = Signal()
    private let eventsAdded = Signal()

    /// The interval between two reports if nothing changes.
    static let interval = Duration.seconds(1)
    /// The interval of the checks for functions that this process must finish before another one may take over.
    private static let finishingPause = Duration.milliseconds(50)
    /// The timeout of a report.
    private static let postTimeout = Duration.seconds(2)
    /// The timeout of a question to the leader about its decisions.
    private static let questionTimeout = Duration.seconds(1)
    /// The pause before new events are announced. Events follow each other closely and are announced together.
    private static let eventPause = Duration.milliseconds(50)

    /// Creates a link. It sends nothing until ``run()``, but it accepts declarations and reports.
    public init(
        platform: Platform, dataPlane: any DataPlane, metrics: MetricRegistry, logger: Logger,
        clock: any ControlClock
    ) {
        directory = platform.peers
        election = platform.election
        events = platform.events
        self.dataPlane = dataPlane
        self.metrics = PeerMetrics(metrics)
        self.logger = logger
        self.clock = clock
        let peers = directory.currentPeers
        var transfer = OwnershipTransfer(own: peers.own, sequence: UInt64(max(0, clock.secondsSince1970() * 1e6)))
        transfer.apply(peers, at: clock.now())
        state = Mutex(State(transfer: transfer, peers: peers))
        self.metrics.show { [weak self] in self?.state.withLock { Self.shown($0) } ?? PeerMetrics.Shown() }
    }

    /// Sends reports each second, and at once when a change is urgent, until shutdown.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.followPeers() }
                group.addTask { await self.tick() }
                group.addTask { await self.watchFinishing() }
                group.addTask { await self.forwardEvents() }
                group.addTask { await self.fetchEvents() }
                for await _ in Signal.arrivals(of: [self.wake, self.dataPlane.changes]) {
                    for post in self.reconcile() { group.addTask { await self.carryOut(post) } }
                }
                group.cancelAll()
            }
        }
    }

    /// Applies the newest declarations, and sends the dispatcher their ownership. The dispatcher must receive the
    /// ownership before the functions, because it grants the slots of unknown functions at once.
    public func apply(_ functions: FunctionSnapshot) {
        let isChange = state.withLock { state in
            let changes = functions.changes(since: state.functions)
            let isFirst = !state.hasFunctions
            (state.functions, state.hasFunctions) = (functions, true)
            // Statuses change far more often than declarations.
            guard isFirst || !(changes.declared.isEmpty && changes.removed.isEmpty) else { return false }
            let isLimited = { (function: Function) in function.target.concurrency != nil }
            state.transfer.remove(changes.removed.map(\.id))
            state.transfer.remove(changes.declared.filter { !isLimited($0) }.map(\.id))
            state.transfer.add(limited: changes.declared.filter(isLimited).map(\.id))
            // The directory may have changed since this process last read it. A process must not grant slots because it
            // has not noticed a new peer.
            applyPeers(&state)
            state.loads.forget(changes.removed.map(\.id))
            assignOwners(&state)
            return true
        }
        if isChange { wake.raise() }
    }

    /// Receives another process's report.
    func receive(_ report: PeerReport) {
        let isUrgent = state.withLock { state in
            let now = clock.now()
            guard report.peer != state.peers.own.id else { return false }
            state.transfer.record(report, at: now)
            let functions = state.hasFunctions ? state.functions : nil
            let isUrgent = state.loads.record(report, at: now) {
                functions?.function(of: $0) != nil || functions == nil
            }
            if report.isLeader == true { state.leader = report.peer }
            if let newest = report.newestEvent { state.newestEvent = (newest, report.peer) }
            assignOwners(&state)
            return isUrgent
        }
        if isUrgent { changes.raise() }
        if report.newestEvent ?? 0 > events.newestSequence { eventsAdded.raise() }
        wake.raise()
    }

    /// Announces that this process is shutting down. The others take over its functions when their invocations have
    /// finished here.
    public func leave() {
        state.withLock { state in
            state.transfer.leave()
            assignOwners(&state)
        }
        wake.raise()
    }

    /// The names of the other processes that reject this process's token, in alphabetical order.
    public var distrustingPeers: [String] { state.withLock { $0.distrusting.sorted() } }

    /// Returns the load of all processes.
    public func sum(with own: LoadReport) -> TotalLoad {
        state.withLock { $0.loads.sum(with: own, $0.peers.others, at: clock.now()) }
    }

    // MARK: Reconciliation

    /// Decides the ownership, and creates a report if one is due.
    /// - Returns: The reports to post.
    private func reconcile() -> [Post] {
        let (report, peers) = state.withLock { state -> (PeerReport?, [Peer]) in
            let load = assignOwners(&state)
            let now = clock.now()
            let listeners = state.peers.others.filter { $0.isAlive && $0.address != nil }
            let isTime = state.reportedAt.map { now - $0 >= Self.interval } ?? true
            let newestEvent = events.newestSequence
            if isTime || state.transfer.isReportDue || state.loadDelta.isUrgent(load) || newestEvent > state.toldEvent {
                state.owed = Set(listeners.map(\.id))
            }
            let free = listeners.filter { state.owed.contains($0.id) && !state.posting.contains($0.id) }
            guard !free.isEmpty else { return (nil, []) }
            if isTime { state.reportedAt = now }
            state.owed.subtract(free.map(\.id))
            state.posting.formUnion(free.map(\.id))
            var report = state.transfer.report(state.loadDelta.part(of: load, at: now))
            report.isLeader = election.isLeader
            report.newestEvent = newestEvent
            state.toldEvent = newestEvent
            return (report, free)
        }
        guard let report, let content = try? JSONEncoder().encode(report) else { return [] }
        return peers.map { Post(peer: $0, content: Array(content)) }
    }

    /// Decides which process grants the slots of each function, and sends the ownership to the dispatcher. The lock
    /// keeps the decisions in order, and the dispatcher never calls back.
    /// - Returns: The load after the dispatcher applied the ownership.
    @discardableResult
    private func assignOwners(_ state: inout State) -> LoadReport {
        let load = dataPlane.currentLoad()
        let ownership = state.transfer.decide(load.functions, at: clock.now())
        if state.transfer.isFinishing { finishing.raise() }
        guard ownership != state.ownership || !state.isApplied else { return load }
        state.ownership = ownership
        state.isApplied = true
        dataPlane.apply(ownership)
        return dataPlane.currentLoad()
    }

    private func carryOut(_ post: Post) async {
        let isHeard: Bool
        do {
            _ = try await directory.post(.load, post.content, to: post.peer, timeout: Self.postTimeout)
            isHeard = true
        } catch {
            isHeard = false
            if !Task.isCancelled { warn(of: post.peer, error) }
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

    /// Handles a failed report. A process that has just started or is shutting down does not listen, so its failure is
    /// not logged.
    private func warn(of peer: Peer, _ error: any Error) {
        metrics.countFailure()
        let isChange = state.withLock { state in
            // A process that has ended in the meantime is forgotten.
            guard state.peers.others.contains(where: { $0.id == peer.id }) else { return false }
            if case PeerError.refused(_, 403) = error { state.distrusting.insert(peer.id) }
            return state.deaf.insert(peer.id).inserted
        }
        if isChange, peer.isReady {
            logger.warning("A report did not reach another F2S process; the next one will be sent: \(error)")
        }
    }

    private func tick() async {
        while !Task.isCancelled {
            do { try await clock.sleep(for: Self.interval) } catch { return }
            wake.raise()
        }
    }

    /// Polls while functions are being finished, because the end of a function's last invocation raises no signal of
    /// its own.
    private func watchFinishing() async {
        for await _ in finishing.arrivals() {
            guard state.withLock({ $0.transfer.isFinishing }) else { continue }
            do { try await clock.sleep(for: Self.finishingPause) } catch { return }
            // The next decision raises the signal again if there is still something to finish.
            wake.raise()
        }
    }

    private func followPeers() async {
        while !Task.isCancelled {
            do {
                try await directory.withPeers { snapshots in
                    for await _ in snapshots { self.applyPeers() }
                }
            } catch {
                if !Task.isCancelled { logger.warning("Cannot watch the F2S processes. Trying again: \(error)") }
            }
            do { try await clock.sleep(for: .seconds(1)) } catch { return }
        }
    }

    private func applyPeers() {
        state.withLock { state in
            applyPeers(&state)
            assignOwners(&state)
        }
        wake.raise()
    }

    /// Applies the directory's newest state.
    private func applyPeers(_ state: inout State) {
        let peers = directory.currentPeers
        guard peers != state.peers else { return }
        let now = clock.now()
        state.peers = peers
        state.transfer.apply(peers, at: now)
        let known = Set(peers.others.map(\.id))
        state.loads.keep(only: known, at: now)
        state.owed.formIntersection(known)
        state.deaf.formIntersection(known)
        state.distrusting.formIntersection(known)
    }

    private static func shown(_ state: State) -> PeerMetrics.Shown {
        PeerMetrics.Shown(
            peers: state.peers.others.count { $0.isAlive }, elsewhere: state.ownership.elsewhere.count,
            withheld: state.ownership.withheld.count)
    }
}

// MARK: - Questions to other processes

extension PeerLink {
    /// Returns the leader's newest decisions; `nil` if no other process leads or the leader does not answer.
    /// - Parameter function: The only function to include; `nil` for all.
    func fetchExplanations(of function: Function.ID?) async -> [Function.ID: ScaleExplanation]? {
        let (leader, others) = state.withLock { ($0.leader, $0.peers.others.filter(\.isAlive)) }
        guard let question = try? JSONEncoder().encode(LeaderView.Question(function: function)) else { return nil }
        // The process that was the last to report that it leads is asked first. After a failover another one may lead.
        for peer in others.filter({ $0.id == leader }) + others.filter({ $0.id != leader }) {
            guard
                let answer = try? await directory.post(
                    .leader, Array(question), to: peer, timeout: Self.questionTimeout),
                let view = try? JSONDecoder().decode(LeaderView.self, from: Data(answer)), view.isLeader
            else { continue }
            return view.explanations
        }
        return nil
    }

    /// Announces new events to the other processes soon after they occur.
    private func forwardEvents() async {
        for await _ in events.arrivals() {
            do { try await clock.sleep(for: Self.eventPause) } catch { return }
            wake.raise()
        }
    }

    /// Fetches the events that another process has announced. A failed fetch is repeated after that process's next
    /// report.
    private func fetchEvents() async {
        for await _ in eventsAdded.arrivals() {
            let newest = events.newestSequence
            let source = state.withLock { state in
                state.newestEvent.flatMap { news in
                    news.sequence > newest ? state.peers.others.first { $0.id == news.peer } : nil
                }
            }
            guard let source, let question = try? JSONEncoder().encode(EventQuestion(after: newest)),
                let answer = try? await directory.post(
                    .events, Array(question), to: source, timeout: Self.postTimeout),
                let missing = try? JSONDecoder().decode([Event].self, from: Data(answer))
            else { continue }
            events.emit(missing)
        }
    }
}
