public import F2SMetrics
public import F2SModel
public import Logging
public import ServiceLifecycle
import Synchronization

/// Makes the platform run the replicas that the declared functions and their load require. The operator reconciles once
/// a second, and at once when something changes.
///
/// It is level-triggered: every pass reads the latest declarations, replicas and load, and never the event that woke
/// it. A missed or merged wake-up is therefore harmless. Only the leader changes anything, based on the load of all
/// processes. Every process publishes the replicas to its own dispatcher.
public final class Operator: Service, OperatorInspector, ReplicaCordoning {
    private let platform: Platform
    private let dataPlane: any DataPlane
    private let peers: (any PeerLoadSource)?
    private let metrics: OperatorMetrics
    private let logger: Logger
    private let clock: any ControlClock
    private let requestTimeout: @Sendable () -> Duration
    private let drainTimeout: @Sendable () -> Duration
    private let state: Mutex<OperatorState>
    /// Held while replicas are published, so that the dispatcher receives the snapshots in the order in which they were
    /// computed.
    private let handingDown = Mutex(())
    private let wake = Signal()
    /// True once a second has passed since the last pass that reconciled all active functions.
    private let isTickDue = Mutex(true)
    private let strandings = Signal()

    /// The time that an invocation waits for a function without replicas before the platform is checked for an outage.
    private static let strandedTime = Duration.milliseconds(500)

    /// Creates an operator. It does nothing until ``run()``.
    /// - Parameters:
    ///   - peers: The source of the other processes' load; `nil` if there are none.
    ///   - requestTimeout: Returns the upper bound of `target.timeout`. It is called at each pass because settings
    ///     change.
    ///   - drainTimeout: Returns the drain time of functions that declare none.
    public init(
        platform: Platform, dataPlane: any DataPlane, peers: (any PeerLoadSource)? = nil, metrics: MetricRegistry,
        logger: Logger,
        clock: any ControlClock,
        requestTimeout: @escaping @Sendable () -> Duration = { Timeouts().request },
        drainTimeout: @escaping @Sendable () -> Duration = { Limits().drainTimeout }
    ) {
        self.platform = platform
        self.dataPlane = dataPlane
        self.peers = peers
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

    /// Runs until it is cancelled or a graceful shutdown begins. Replicas keep running: the platform is responsible for
    /// stopping them.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.followFunctions() }
                group.addTask { await self.followReplicas() }
                group.addTask { await self.tick() }
                group.addTask { await self.watchOutage() }
                let signals = [self.wake, self.dataPlane.changes, self.platform.election.changes]
                for await _ in Signal.arrivals(of: signals + [self.peers?.changes].compactMap(\.self)) {
                    for call in self.pass() { group.addTask { await self.carryOut(call) } }
                }
                group.cancelAll()
            }
        }
    }

    /// Returns the newest decision of every function.
    public func currentExplanations() -> [Function.ID: ScaleExplanation] { state.withLock { $0.explanations() } }

    /// Returns this process's newest decisions. If another process leads, there may be none.
    public func fetchExplanations(of function: Function.ID?) async -> [Function.ID: ScaleExplanation] {
        state.withLock { $0.explanations(of: function) }
    }

    /// Returns the replicas as the dispatcher sees them.
    public func currentReplicas() -> ReplicaSnapshot { state.withLock { $0.published } ?? ReplicaSnapshot() }

    /// Returns the longest time that a replica of the function may drain.
    public func drainLimit(of id: Function.ID) -> Duration { state.withLock { $0.drainLimit(of: id) } }

    /// Cordons replicas at once, for as long as they exist. When this method returns, the dispatcher has applied the
    /// change.
    public func cordon(_ ids: [Replica.ID]) {
        handingDown.withLock { _ in
            if let published = state.withLock({ $0.cordon(ids, at: clock.now()) }) { dataPlane.apply(published) }
        }
        wake.raise()
    }

    /// Returns true if the function may have replicas, as far as this process knows.
    public func mayRun(_ id: Function.ID) -> Bool { state.withLock { $0.mayRun(id) } }

    /// Reconciles the functions that have changed or, once a second, all that are active.
    /// - Returns: The calls to send to the platform.
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
                return (outcome, state.drainState.draining.isEmpty ? [] : state.draining)
            }
            if let published = outcome.published { dataPlane.apply(published) }
            return (outcome, draining)
        }
        for event in outcome.events { emit(event) }
        guard isLeader else { return [] }
        // A draining replica may be stopped only on the basis of a load report that is newer than the dispatcher's
        // snapshot.
        let after = draining.isEmpty ? LoadReport() : sum(with: currentLoad(of: peers == nil ? draining : nil)).load
        let (calls, cuts) = state.withLock { state in
            let calls = state.calls(after, at: now)
            return (calls, state.popCuts())
        }
        for event in cuts { emit(event) }
        return calls
    }

    /// Returns the functions whose load a pass needs. `nil` means all of them: at a tick, after this process has become
    /// the leader, or if other processes report their whole load.
    private func functionsToReport(isTick: Bool, isLeader: Bool) -> Set<Function.ID>? {
        let changed = dataPlane.popChangedFunctions()
        guard peers == nil else { return nil }
        return state.withLock { $0.loadWanted(isTick: isTick, isLeader: isLeader) }?.union(changed)
    }

    /// - Parameter functions: The functions to report; `nil` for all.
    private func currentLoad(of functions: Set<Function.ID>?) -> LoadReport {
        functions.map { dataPlane.currentLoad(of: $0) } ?? dataPlane.currentLoad()
    }

    /// Returns the load of all processes.
    private func sum(with own: LoadReport) -> TotalLoad {
        peers?.sum(with: own) ?? TotalLoad(load: own, isComplete: true)
    }

    private func carryOut(_ call: OperatorCall) async {
        do {
            // Another process may have become the leader since the call was planned.
            guard platform.election.isLeader else { throw CancellationError() }
            switch call {
            case .apply(let function, let count, let retiring):
                try await platform.replicas.apply(function, count, retiring: retiring)
            case .replace(let replicas, let id):
                try await platform.replicas.replace(replicas, of: id)
            case .remove(let id):
                try await platform.replicas.remove(id)
            case .setStatus(let status, let id):
                try await platform.functions.setStatus(status, of: id)
            }
            if state.withLock({ $0.end(call, isSuccess: true, at: clock.now()) }) {
                logger.info("Calls to the platform succeed again", metadata: call.metadata)
            }
        } catch {
            let isChange = state.withLock { $0.end(call, isSuccess: false, at: clock.now()) }
            if error is CancellationError { return }
            metrics.countFailure(of: call)
            if isChange {
                logger.warning(
                    "A call to the platform failed and will be retried: \(error)", metadata: call.metadata)
            }
        }
        wake.raise()
    }

    private func emit(_ event: Event) {
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

    /// Checks the platform for an outage while an invocation waits for a function without replicas, so that its caller
    /// receives the error soon. Without a waiting invocation nothing is checked.
    private func watchOutage() async {
        for await _ in strandings.arrivals() {
            do { try await clock.sleep(for: Self.strandedTime) } catch { return }
            guard state.withLock({ !$0.stranded.isEmpty }) else { continue }
            let outage = await platform.replicas.fetchOutage()
            let (before, wasTold) = state.withLock { state in
                let before = state.outage
                state.set(outage: outage, wall: clock.secondsSince1970())
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
                    self.state.withLock { $0.apply(snapshot) }
                    self.wake.raise()
                }
            }
        }
    }

    private func followReplicas() async {
        await follow("replicas") {
            try await self.platform.replicas.withReplicas { snapshots in
                for await snapshot in snapshots {
                    self.state.withLock { $0.apply(snapshot, at: self.clock.now()) }
                    self.wake.raise()
                }
            }
        }
    }

    /// Reopens a stream that has ended. Meanwhile the last state remains valid and nothing counts as deleted.
    private func follow(_ what: String, _ body: () async throws -> Void) async {
        var failures = 0
        while !Task.isCancelled {
            do {
                try await body()
            } catch {
                if failures == 0, !Task.isCancelled {
                    logger.warning("Cannot watch the platform's \(what). Trying again: \(error)")
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
