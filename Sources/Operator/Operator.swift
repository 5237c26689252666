public import F2SMetrics
public import F2SModel
public import Logging
public import ServiceLifecycle
import Synchronization

/// Makes the platform run what is declared, as much of it as is called for: desired against observed, once a second and
/// at once when something changes.
///
/// It is level-triggered: every wake-up looks at the latest declarations, replicas and load, never at what woke it, so
/// a missed or merged wake-up is harmless. Only the leader changes anything; every process hands the replicas down to
/// its dispatcher.
public final class Operator: Service, OperatorInspector {
    private let platform: Platform
    private let dataPlane: any DataPlane
    private let metrics: OperatorMetrics
    private let logger: Logger
    private let clock: any OperatorClock
    private let requestTimeout: @Sendable () -> Duration
    private let state: Mutex<OperatorState>
    private let wake = Signal()

    /// An operator; it does nothing until ``run()``.
    /// - Parameter requestTimeout: the ceiling of `target.timeout`, read at each pass because settings change.
    public init(
        platform: Platform, dataPlane: any DataPlane, metrics: MetricRegistry, logger: Logger,
        clock: any OperatorClock = SystemOperatorClock(),
        requestTimeout: @escaping @Sendable () -> Duration = { Timeouts().request }
    ) {
        self.platform = platform
        self.dataPlane = dataPlane
        self.metrics = OperatorMetrics(metrics)
        self.logger = logger
        self.clock = clock
        self.requestTimeout = requestTimeout
        state = Mutex(OperatorState(metrics: self.metrics, requestTimeout: requestTimeout()))
        self.metrics.show { [weak self] in self?.state.withLock { $0.shown() } ?? [] }
    }

    /// Works until it is cancelled or a graceful shutdown begins. Replicas go on running: to end them is the
    /// platform's.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.followFunctions() }
                group.addTask { await self.followReplicas() }
                group.addTask { for await _ in self.dataPlane.changes.arrivals() { self.wake.raise() } }
                group.addTask { await self.tick() }
                for await _ in self.wake.arrivals() {
                    for call in self.pass() { group.addTask { await self.carryOut(call) } }
                }
                group.cancelAll()
            }
        }
    }

    /// The newest decision of every function.
    public func currentExplanations() -> [Function.ID: ScaleExplanation] { state.withLock { $0.explanations() } }

    /// Replicas as the dispatcher sees them.
    public func currentReplicas() -> ReplicaSnapshot { state.withLock { $0.published } ?? ReplicaSnapshot() }

    /// One look at everything.
    /// - Returns: what to ask the platform for.
    private func pass() -> [OperatorCall] {
        let now = clock.now()
        let isLeader = platform.election.isLeader
        let load = dataPlane.currentLoad()
        let (outcome, isDraining) = state.withLock { state in
            state.requestTimeout = requestTimeout()
            let outcome = state.plan(load, at: now, wall: clock.secondsSince1970(), isLeader: isLeader)
            return (outcome, !state.ledger.draining.isEmpty)
        }
        if let published = outcome.published { dataPlane.apply(published) }
        for event in outcome.events { tell(event) }
        guard isLeader else { return [] }
        // A replica that drains may be stopped only by what is in flight after the dispatcher was told.
        let after = isDraining ? dataPlane.currentLoad() : load
        return state.withLock { $0.calls(after, at: now) }
    }

    private func carryOut(_ call: OperatorCall) async {
        do {
            switch call {
            case .apply(let function, let count, let retiring):
                try await platform.replicas.apply(function, count: count, retiring: retiring)
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
            wake.raise()
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
                    self.state.withLock { $0.take(snapshot) }
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
            case .remove(let id), .setStatus(_, let id): id.text
            }
        return ["call": "\(kind.rawValue)", "function": "\(subject)"]
    }
}
