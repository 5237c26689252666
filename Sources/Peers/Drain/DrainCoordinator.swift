public import F2SMetrics
public import F2SModel
import FoundationEssentials
public import Logging
public import ServiceLifecycle
import Synchronization

/// Answers the hooks of replicas that the platform is stopping, and the cordon requests of other F2S processes. A hook
/// receives its answer when no F2S process sends new invocations to the replica and none is in flight on it.
public final class DrainCoordinator: Service, PeerService {
    private let platform: Platform
    private let dataPlane: any DataPlane
    private let controller: any ReplicaCordoning & OperatorInspector
    private let link: PeerLink
    private let metrics: DrainMetrics
    private let logger: Logger
    private let clock: any ControlClock
    private let rounds = Mutex(DrainRounds())
    private let wake = Signal()

    /// The time that another process may take to answer a cordon request before it is asked again.
    static let questionTime = Duration.milliseconds(500)
    /// The time that a round may take beyond its limit to report its failure.
    private static let roundTimeout = Duration.seconds(30)
    /// The pauses before failed attempts are repeated.
    private static let backoff = Backoff(base: .milliseconds(50), maximum: .seconds(1))
    /// The interval of the checks for ended invocations, in addition to the dispatcher's signals.
    private static let lookInterval = Duration.milliseconds(250)

    /// Creates a coordinator. Hooks wait until ``run()``.
    public init(
        platform: Platform, dataPlane: any DataPlane,
        controller: any ReplicaCordoning & OperatorInspector, link: PeerLink, metrics: MetricRegistry, logger: Logger,
        clock: any ControlClock
    ) {
        self.platform = platform
        self.dataPlane = dataPlane
        self.controller = controller
        self.link = link
        self.metrics = DrainMetrics(metrics)
        self.logger = logger
        self.clock = clock
    }

    /// Runs until shutdown.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for await _ in self.wake.arrivals() {
                    for start in self.rounds.withLock({ $0.begin() }) {
                        group.addTask { await self.carryOut(start) }
                    }
                }
                group.cancelAll()
            }
        }
    }

    // MARK: Requests of hooks and peers

    /// Returns the newest decisions, if this process leads.
    func leaderView(of function: Function.ID?) async -> LeaderView {
        let isLeader = platform.election.isLeader
        return LeaderView(
            isLeader: isLeader, explanations: isLeader ? await controller.fetchExplanations(of: function) : [:])
    }

    /// Returns the remembered events with a higher sequence number.
    func currentEvents(after sequence: UInt64) -> [Event] {
        platform.events.currentEvents(after: sequence)
    }

    /// Returns when no process has an invocation queued or in flight on the function's replicas that are being stopped;
    /// see ``PeerService/drain(_:within:)``.
    func drain(_ function: Function.ID, within limit: Duration) async throws {
        // Requests with invented names must not cost the platform a call each.
        guard controller.mayRun(function) else { return }
        let began = clock.now()
        let round = rounds.withLock { $0.join(function, until: began + limit) }
        wake.raise()
        // The round enforces the limit and knows the reason of its failure. This timeout is for a coordinator that has
        // stopped.
        let outcome = try await clock.finished(within: limit + Self.roundTimeout) {
            for await outcome in round.outcome.values() {
                if let outcome { return outcome }
            }
            throw CancellationError()
        }
        let result = outcome ?? .failure(.unconfirmed("no answer within \(limit.humanText)"))
        metrics.count(result.error, after: clock.now() - began)
        try result.get()
    }

    /// Cordons replicas in this process and returns when nothing is in flight on them; see
    /// ``PeerService/cordon(_:within:)``.
    func cordon(_ replicas: [Replica.ID], within limit: Duration) async throws {
        controller.cordon(replicas)
        let isSilent: Void? = try await clock.finished(within: limit) { try await self.silence(on: replicas) }
        if isSilent == nil { throw DrainError.tooSlow(inFlight: inFlight(on: replicas)) }
    }

    /// Receives the load report of another process.
    func receive(_ report: PeerReport) { link.receive(report) }

    // MARK: One round

    private func carryOut(_ start: DrainRounds.Start) async {
        do {
            let result = try await drained(start)
            if case .failure(let error) = result {
                if case .tooSlow(let inFlight) = error { metrics.countCut(inFlight) }
                logger.warning(
                    "A replica could not be drained: \(error)", metadata: ["function": "\(start.function)"])
            }
            start.round.outcome.publish(result)
        } catch {
            start.round.outcome.publish(.failure(.unconfirmed("this F2S process is shutting down")))
        }
    }

    /// Carries out one round.
    /// - Throws: `CancellationError`.
    private func drained(_ start: DrainRounds.Start) async throws -> Result<Void, DrainError> {
        let obstacle = Latest("the platform has not answered")
        let listed = try await clock.finished(within: start.end - clock.now()) {
            try await self.persistently {
                try await self.platform.replicas.fetchLeaving(start.function)
            } onError: {
                obstacle.publish("the platform cannot list its replicas: \($0)")
            }
        }
        rounds.withLock { $0.listed(start.function) }
        wake.raise()
        guard let replicas = listed else { return .failure(.unconfirmed(obstacle.current)) }
        guard !replicas.isEmpty else { return .success(()) }
        controller.cordon(replicas)
        obstacle.publish("another F2S process has not answered")
        let isDone: Void? = try await clock.finished(within: start.end - clock.now()) {
            async let own: Void = self.silence(on: replicas)
            async let others: Void = self.confirmation(of: replicas) { obstacle.publish("\($0)") }
            _ = try await (own, others)
        }
        if isDone != nil { return .success(()) }
        let left = inFlight(on: replicas)
        return .failure(left > 0 ? .tooSlow(inFlight: left) : .unconfirmed(obstacle.current))
    }

    /// Returns when this process has nothing in flight on replicas that it has cordoned.
    private func silence(on replicas: [Replica.ID]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in self.dataPlane.changes.arrivals() where self.inFlight(on: replicas) == 0 { return }
                throw CancellationError()
            }
            group.addTask {
                repeat { try await self.clock.sleep(for: Self.lookInterval) } while self.inFlight(on: replicas) > 0
            }
            try await group.next()
            group.cancelAll()
        }
    }

    private func inFlight(on replicas: [Replica.ID]) -> Int {
        let load = dataPlane.currentLoad().replicas
        return replicas.reduce(0) { $0 + (load[$1]?.inFlight ?? 0) }
    }

    /// Returns when every other running process has cordoned the replicas and has nothing in flight on them.
    private func confirmation(
        of replicas: [Replica.ID], onError: @escaping @Sendable (any Error) -> Void
    ) async throws {
        let request = CordonRequest(replicas: replicas, milliseconds: Int(Self.questionTime.wholeMilliseconds))
        let content = Array(try JSONEncoder().encode(request))
        var confirmed: Set<String> = []
        while true {
            let asked = platform.peers.currentPeers.others.filter { $0.isAlive && !confirmed.contains($0.id) }
            // A process that has started in the meantime may have read the replicas from an older list than ours.
            guard !asked.isEmpty else { return }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for peer in asked {
                    group.addTask { try await self.ask(peer.id, content, onError: onError) }
                }
                try await group.waitForAll()
            }
            confirmed.formUnion(asked.map(\.id))
        }
    }

    /// Asks a process until it has confirmed or no longer runs.
    private func ask(
        _ id: String, _ content: [UInt8], onError: @Sendable (any Error) -> Void
    ) async throws {
        try await persistently {
            // The address of the process may become known later.
            guard let peer = self.platform.peers.currentPeers.others.first(where: { $0.id == id }), peer.isAlive else {
                return
            }
            _ = try await self.platform.peers.post(
                .cordon, content, to: peer, timeout: Self.questionTime + .seconds(2))
        } onError: {
            onError($0)
        }
    }

    // MARK: Retries

    /// Repeats `body` until it succeeds.
    /// - Throws: `CancellationError`.
    private func persistently<Value: Sendable>(
        _ body: @Sendable () async throws -> Value, onError: @Sendable (any Error) -> Void
    ) async throws -> Value {
        var failures = 0
        while true {
            do {
                return try await body()
            } catch {
                try Task.checkCancellation()
                onError(error)
            }
            failures += 1
            try await clock.sleep(for: Self.backoff.pause(after: failures))
        }
    }
}

extension Result where Success == Void {
    fileprivate var error: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
