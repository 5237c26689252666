public import F2SMetrics
public import F2SModel
public import Logging
public import ServiceLifecycle
import Synchronization

/// Makes the platform run what is declared, as much of it as is called for: desired against observed, once a second and
/// at once when something changes.
///
/// It is level-triggered: every wake-up looks at the latest declarations, replicas and load, never at what woke it, so
/// a missed or merged wake-up is harmless. Only the leader changes anything, by the load of all processes; every
/// process hands the replicas down to its dispatcher.
public final class Operator: Service, OperatorInspector {
    private let platform: Platform
    private let dataPlane: any DataPlane
    private let link: PeerLink?
    private let metrics: OperatorMetrics
    private let logger: Logger
    private let clock: any OperatorClock
    private let requestTimeout: @Sendable () -> Duration
    private let drainTimeout: @Sendable () -> Duration
    private let state: Mutex<OperatorState>
    /// Held while replicas are handed down, so that the dispatcher gets them in the order in which they were worked
    /// out.
    private let handingDown = Mutex(())
    private let wake = Signal()
    /// True once a second has passed since the last pass that looked at what only time changes.
    private let isTickDue = Mutex(true)
    private let strandings = Signal()

    /// Time that a caller waits for a function without replicas before the platform is asked whether it is there.
    private static let strandedTime = Duration.milliseconds(500)

    /// An operator; it does nothing until ``run()``.
    /// - Parameters:
    ///   - link: knows the load of other processes; `nil`: there are none.
    ///   - requestTimeout: the ceiling of `target.timeout`, read at each pass because settings change.
    ///   - drainTimeout: the time to drain of functions that name none.
    public init(
        platform: Platform, dataPlane: any DataPlane, link: PeerLink? = nil, metrics: MetricRegistry, logger: Logger,
        clock: any OperatorClock = SystemOperatorClock(),
        requestTimeout: @escaping @Sendable () -> Duration = { Timeouts().request },
        drainTimeout: @escaping @Sendable () -> Duration = { Limits().drainTimeout }
    ) {
        self.platform = platform
        self.dataPlane = dataPlane
        self.link = link
        self.metrics = OperatorMetrics(metrics)
        self.logger = logger
        self.clock = clock
        self.requestTimeout = requestTimeout
        self.drainTimeout = drainTimeout
        state = Mutex(
            OperatorState(
                metrics: self.metrics, requestTimeout: requestTimeout(), drainTimeout: drainTimeout(),
                retirement: platform.replicas.retirement))
        self.metrics.show { [weak self] in self?.state.withLock { $0.shown() } ?? [] }
        self.metrics.showLeader { [election = platform.election] in election.isLeader }
    }

    /// Works until it is cancelled or a graceful shutdown begins. Replicas go on running: to end them is the
    /// platform's.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.followFunctions() }
                group.addTask { await self.followReplicas() }
                group.addTask { await self.tick() }
                group.addTask { await self.watchOutage() }
                let signals = [self.wake, self.dataPlane.changes, self.platform.election.changes]
                for await _ in Signal.arrivals(of: signals + [self.link?.changes].compactMap(\.self)) {
                    for call in self.pass() { group.addTask { await self.carryOut(call) } }
                }
                group.cancelAll()
            }
        }
    }

    /// The newest decision of every function.
    public func currentExplanations() -> [Function.ID: ScaleExplanation] { state.withLock { $0.explanations() } }

    /// The newest decisions as the process that leads has taken them, whichever that is.
    public func fetchExplanations(of function: Function.ID?) async -> [Function.ID: ScaleExplanation] {
        if !platform.election.isLeader, let link, let explanations = await link.fetchExplanations(of: function) {
            return explanations
        }
        return state.withLock { $0.explanations(of: function) }
    }

    /// What the other processes are told of it.
    func leaderView(of function: Function.ID?) -> LeaderView {
        let isLeader = platform.election.isLeader
        return LeaderView(
            isLeader: isLeader, explanations: isLeader ? state.withLock { $0.explanations(of: function) } : [:])
    }

    /// Replicas as the dispatcher sees them.
    public func currentReplicas() -> ReplicaSnapshot { state.withLock { $0.published } ?? ReplicaSnapshot() }

    /// Longest time that a replica of a function drains.
    public func drainLimit(of id: Function.ID) -> Duration { state.withLock { $0.drainLimit(of: id) } }

    /// Takes replicas out of use at once, for as long as they exist. When this returns the dispatcher knows.
    func withdraw(_ ids: [Replica.ID]) {
        handingDown.withLock { _ in
            if let published = state.withLock({ $0.withdraw(ids, at: clock.now()) }) { dataPlane.apply(published) }
        }
        wake.raise()
    }

    /// Whether anything may run for a function, as far as is known here.
    func mayRun(_ id: Function.ID) -> Bool { state.withLock { $0.mayRun(id) } }

    /// One look at what has changed or, once a second, at all that is active.
    /// - Returns: what to ask the platform for.
    private func pass() -> [OperatorCall] {
        let now = clock.now()
        let isLeader = platform.election.isLeader
        let isTick = isTickDue.withLock { isDue in
            defer { isDue = false }
            return isDue
        }
        let reported = functionsToReport(isTick: isTick, isLeader: isLeader)
        let own = currentLoad(of: reported)
        let load = sum(with: own)
        let (outcome, draining) = handingDown.withLock { _ in
            let (outcome, draining) = state.withLock { state in
                state.requestTimeout = requestTimeout()
                state.noteStranded(own, of: reported)
                if !state.stranded.isEmpty { strandings.raise() }
                state.drainTimeout = drainTimeout()
                let outcome = state.plan(
                    load.load, of: reported, isComplete: load.isComplete, isTick: isTick, at: now,
                    wall: clock.secondsSince1970(), isLeader: isLeader)
                return (outcome, state.ledger.draining.isEmpty ? [] : state.draining)
            }
            if let published = outcome.published { dataPlane.apply(published) }
            return (outcome, draining)
        }
        for event in outcome.events { tell(event) }
        guard isLeader else { return [] }
        // A replica that drains may be stopped only by what is in flight after the dispatcher was told.
        let after = draining.isEmpty ? LoadReport() : sum(with: currentLoad(of: link == nil ? draining : nil)).load
        let (calls, cuts) = state.withLock { state in
            let calls = state.calls(after, at: now)
            return (calls, state.takeCuts())
        }
        for event in cuts { tell(event) }
        return calls
    }

    /// The functions whose load a pass needs; `nil`: all of them, because time has passed, because this process was
    /// not the leader, or because other processes tell of all of theirs.
    private func functionsToReport(isTick: Bool, isLeader: Bool) -> Set<Function.ID>? {
        let changed = dataPlane.takeChangedFunctions()
        guard link == nil else { return nil }
        return state.withLock { $0.loadWanted(isTick: isTick, isLeader: isLeader) }?.union(changed)
    }

    /// - Parameter functions: `nil`: all.
    private func currentLoad(of functions: Set<Function.ID>?) -> LoadReport {
        functions.map { dataPlane.currentLoad(of: $0) } ?? dataPlane.currentLoad()
    }

    /// What all processes have in hand.
    private func sum(with own: LoadReport) -> PeerLoads.Sum {
        link?.sum(with: own) ?? PeerLoads.Sum(load: own, isComplete: true)
    }

    private func carryOut(_ call: OperatorCall) async {
        do {
            // Another process may have begun to lead since the call was thought of.
            guard platform.election.isLeader else { throw CancellationError() }
            switch call {
            case .apply(let function, let count, let retiring):
                try await platform.replicas.apply(function, count: count, retiring: retiring)
            case .replace(let replicas, let id):
                try await platform.replicas.replace(replicas, of: id)
            case .remove(let id):
                try await platform.replicas.remove(id)
            case .setStatus(let status, let id):
                try await platform.functions.setStatus(status, of: id)
            }
            if state.withLock({ $0.end(call, isSuccess: true, at: clock.now()) }) {
                logger.info("The platform does what it is asked again", metadata: call.metadata)
            }
        } catch {
            let isNews = state.withLock { $0.end(call, isSuccess: false, at: clock.now()) }
            if error is CancellationError { return }
            metrics.countFailure(of: call)
            if isNews {
                logger.warning(
                    "The platform did not do what it was asked; it is asked again: \(error)", metadata: call.metadata)
            }
        }
        wake.raise()
    }

    private func tell(_ event: Event) {
        platform.events.record(event)
        let level: Logger.Level = event.isWarning ? .warning : .info
        logger.log(
            level: level, "\(event.message)", metadata: ["function": "\(event.function)", "reason": "\(event.reason)"])
    }

    private func tick() async {
        while !Task.isCancelled {
            do { try await clock.sleep(for: .seconds(1)) } catch { return }
            isTickDue.withLock { $0 = true }
            wake.raise()
        }
    }

    /// Asks the platform whether it is there while a caller waits for a function without replicas, so that the caller
    /// hears soon what cannot come. Without a waiting caller nothing is asked.
    private func watchOutage() async {
        for await _ in strandings.arrivals() {
            do { try await clock.sleep(for: Self.strandedTime) } catch { return }
            guard state.withLock({ !$0.stranded.isEmpty }) else { continue }
            let outage = await platform.replicas.fetchOutage()
            let (before, wasTold) = state.withLock { state in
                let before = state.outage
                state.take(outage: outage, wall: clock.secondsSince1970())
                return (before, before != nil)
            }
            if let outage, !wasTold { logger.warning("\(outage)") }
            if outage != nil || before != nil { wake.raise() }
        }
    }

    private func followFunctions() async {
        await follow("functions") {
            try await self.platform.functions.withSnapshots { snapshots in
                for await snapshot in snapshots {
                    self.state.withLock { $0.take(snapshot) }
                    self.wake.raise()
                }
            }
        }
    }

    private func followReplicas() async {
        await follow("replicas") {
            try await self.platform.replicas.withReplicas { snapshots in
                for await snapshot in snapshots {
                    self.state.withLock { $0.take(snapshot, at: self.clock.now()) }
                    self.wake.raise()
                }
            }
        }
    }

    /// A stream that ends is asked for again; meanwhile the last state counts, and nothing is taken for deleted.
    private func follow(_ what: String, _ body: () async throws -> Void) async {
        var failures = 0
        while !Task.isCancelled {
            do {
                try await body()
            } catch {
                if failures == 0, !Task.isCancelled {
                    logger.warning("The platform's \(what) cannot be followed; trying again: \(error)")
                }
                failures += 1
            }
            do { try await clock.sleep(for: .seconds(1)) } catch { return }
        }
    }
}

extension OperatorCall {
    fileprivate var metadata: Logger.Metadata {
        let subject =
            switch self {
            case .apply(let function, _, _): function.name.text
            case .replace(_, let id), .remove(let id), .setStatus(_, let id): id.text
            }
        return ["call": "\(kind.rawValue)", "function": "\(subject)"]
    }
}
