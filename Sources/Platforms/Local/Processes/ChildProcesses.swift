import F2SModel
import F2SSystem
import Logging
import Synchronization

/// Runs replicas as processes that a launcher starts and ends.
///
/// ``ReplicaSupervisor`` decides; this class performs the actions. A function without replicas costs an entry in a
/// dictionary, but no thread, task or descriptor.
final class ChildProcesses: ReplicaRuntime {
    /// An order to a running child.
    enum Order: Sendable {
        /// Send SIGTERM to the process group.
        case terminate
        /// Kill all processes.
        case kill
        /// Stop waiting for processes that cannot be killed.
        case abandon
    }

    /// A task for ``run()`` to start.
    private enum Work: Sendable {
        case host(Replica.ID, LaunchSpec, AsyncStream<Order>)
        case probe(Replica.ID, ReadinessCheck)
        case watchListeners
        case watchRepairs
        case watchPorts
        case wake(at: Duration)
    }

    private struct State {
        var supervisor: ReplicaSupervisor
        var ports: PortPool
        var orders: [Replica.ID: AsyncStream<Order>.Continuation] = [:]
        /// The tasks that ``ChildProcesses/run()`` has yet to start. The desired replicas bound their number.
        var work: [Work] = []
        /// The supervisor's version of the published snapshot.
        var publishedVersion = 0
        var isWatching = false
        var isWatchingRepairs = false
        var isWatchingPorts = false
        var nextWake: Duration?
        var secretsReported: Set<Function.ID> = []
    }

    let options: LocalOptions
    let logs: ReplicaLogs
    let children: ChildLoop
    let listeners = ListeningPortTable()
    let files = WorkThread(name: "f2s-files")
    let sources: SourceFolders
    private let events: any Events
    private let logger: Logger
    private let state: Mutex<State>
    private let latest = Latest(ReplicaSnapshot())
    private let hasWork = Signal()

    /// - Throws: ``SystemFailure`` if the process has no free descriptor.
    init(_ options: LocalOptions, ports: PortPool, events: any Events, logger: Logger) throws(SystemFailure) {
        children = try ChildLoop(program: options.launcher, arguments: options.launcherArguments) { startFailure in
            switch startFailure {
            case .ended(let status):
                logger.warning(
                    "The launcher was ended, and every replica with it. A new launcher starts them again.",
                    metadata: ["status": "\(status)"])
            case .processesLeft(let count):
                logger.error(
                    "Processes of a launcher that was ended cannot be killed. F2S keeps trying.",
                    metadata: ["processes": "\(count)"])
            }
        }
        self.options = options
        sources = SourceFolders(root: options.sourcesFolder)
        self.events = events
        self.logger = logger
        logs = ReplicaLogs(
            linesMax: options.logLinesMax, bytesMax: options.logBytesMax, goneMax: options.goneLogsMax)
        var policy = RestartPolicy()
        policy.startTimeout = options.startTimeout
        state = Mutex(State(supervisor: ReplicaSupervisor(policy: policy), ports: ports))
    }

    // MARK: The port

    /// Sets the desired state; see the protocol. No cluster owns a number here, so ``ReplicaCount/byCluster`` means one
    /// replica.
    func apply(_ function: Function, _ count: ReplicaCount, retiring: [Replica.ID]) async throws {
        reportSecrets(of: function)
        let launch = LaunchSpec(function, stopTimeout: options.stopTimeout)
        change { supervisor, moment in
            supervisor.apply(launch, count: count.minimum, retiring: retiring, at: moment)
        }
    }

    func remove(_ id: Function.ID) async throws {
        state.withLock { _ = $0.secretsReported.remove(id) }
        change { supervisor, moment in supervisor.remove(id, at: moment) }
    }

    func withReplicas<Result: Sendable>(
        _ body: @Sendable (Latest<ReplicaSnapshot>.Values) async throws -> Result
    ) async throws -> Result {
        try await body(latest.values())
    }

    func logs(of id: Function.ID, tail: Int, follow: Bool) -> AsyncStream<LogLine> {
        logs.lines(of: id, tail: tail, follow: follow)
    }

    // MARK: Lifecycle

    /// Starts the launcher, so that the first replica need not wait for it.
    func startLauncher() { children.open() }

    /// Performs the supervisor's actions until ``close()`` is called and the last child has ended. If the task is
    /// cancelled, it kills every child and returns when all of them are dead.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await _ in hasWork.arrivals() {
                let (work, isOver) = state.withLock { state in
                    defer { state.work = [] }
                    return (state.work, state.supervisor.isClosed && state.supervisor.isEmpty)
                }
                for item in work { group.addTask { await self.perform(item) } }
                if isOver, work.isEmpty { break }
            }
            // From here on, nothing may be started. The cancellation ends the children that still run.
            change { supervisor, moment in supervisor.close(at: moment) }
            group.cancelAll()
        }
        await children.close()
    }

    /// Terminates every child and starts no new one. It returns at once; ``run()`` returns when they have ended.
    func close() {
        change { supervisor, moment in supervisor.close(at: moment) }
        hasWork.raise()
    }

    /// Applies one event to the supervisor and begins the actions that it returns.
    func change(_ event: (inout ReplicaSupervisor, Moment) -> [ReplicaAction]) {
        let moment = Moment.now
        let reports: [Event] = state.withLock { state in
            let reports = event(&state.supervisor, moment).compactMap { begin($0, in: &state, at: moment) }
            scheduleWake(in: &state)
            publish(in: &state)
            if !state.work.isEmpty || state.supervisor.isClosed { hasWork.raise() }
            return reports
        }
        for report in reports {
            logger.warning("\(report.message)", metadata: ["function": "\(report.function)"])
            events.record(report)
        }
    }

    /// Returns the replicas that run and do not listen yet. An empty result ends the watch.
    func silentReplicas() -> [ReplicaLifecycle] {
        state.withLock { state in
            let silent = state.supervisor.silentReplicas
            state.isWatching = !silent.isEmpty
            return silent
        }
    }

    /// Returns the replicas that listen. An empty result ends the watch of their ports.
    func listeningReplicas() -> [ReplicaLifecycle] {
        state.withLock { state in
            let listening = state.supervisor.listeningReplicas
            state.isWatchingPorts = !listening.isEmpty
            return listening
        }
    }

    /// Returns the folders of functions that wait for their next attempt. An empty result ends the watch.
    func foldersToRepair() -> [Function.ID: String] {
        state.withLock { state in
            let folders = state.supervisor.repairFolders
            state.isWatchingRepairs = !folders.isEmpty
            return folders
        }
    }

    /// Allocates a port for a replica. Returns `nil` if all ports are taken.
    func allocatePort(isFree: (Int) throws(SystemFailure) -> Bool) throws(SystemFailure) -> Int? {
        try state.withLock { state throws(SystemFailure) in try state.ports.allocate(isFree: isFree) }
    }

    /// Makes the pool continue at a random port, because another program uses the ports near the last one.
    func leavePorts() {
        var generator = SystemRandomNumberGenerator()
        state.withLock { $0.ports.jump(using: &generator) }
    }

    /// Frees the port of a replica that has ended.
    func giveBack(_ port: Int) { state.withLock { $0.ports.giveBack(port) } }

    private func begin(_ action: ReplicaAction, in state: inout State, at moment: Moment) -> Event? {
        switch action {
        case .start(let id, let launch):
            // Orders may arrive before the process runs, so they are buffered. A replica gets at most three.
            let (orders, continuation) = AsyncStream.makeStream(of: Order.self, bufferingPolicy: .bufferingOldest(3))
            state.orders[id] = continuation
            state.work.append(.host(id, launch, orders))
        case .terminate(let id): state.orders[id]?.yield(.terminate)
        case .kill(let id): state.orders[id]?.yield(.kill)
        case .abandon(let id): state.orders[id]?.yield(.abandon)
        case .probe(let id, let address, let probe):
            state.work.append(.probe(id, ReadinessCheck(address: address, probe: probe)))
        case .endLog(let id, let function):
            state.orders.removeValue(forKey: id)?.finish()
            logs.end(id, of: function)
        case .forgetLogs(let function): logs.forget(function)
        case .report(let function, let isWarning, let reason, let message):
            return Event(
                time: moment.wall, function: function.text, isWarning: isWarning, reason: reason, message: message)
        }
        return nil
    }

    private func publish(in state: inout State) {
        guard state.supervisor.version != state.publishedVersion else { return }
        state.publishedVersion = state.supervisor.version
        if !state.isWatching, state.supervisor.hasSilentReplicas {
            state.isWatching = true
            state.work.append(.watchListeners)
        }
        if !state.isWatchingRepairs, !state.supervisor.repairFolders.isEmpty {
            state.isWatchingRepairs = true
            state.work.append(.watchRepairs)
        }
        if !state.isWatchingPorts, state.supervisor.hasListeningReplicas {
            state.isWatchingPorts = true
            state.work.append(.watchPorts)
        }
        let snapshot = state.supervisor.snapshot
        // Publishing under the lock keeps the order of concurrent changes. It never blocks.
        if snapshot != latest.current { latest.publish(snapshot) }
    }

    private func scheduleWake(in state: inout State) {
        guard let deadline = state.supervisor.nextDeadline else { return }
        if let next = state.nextWake, next <= deadline { return }
        state.nextWake = deadline
        state.work.append(.wake(at: deadline))
    }

    private func perform(_ work: Work) async {
        switch work {
        case .host(let id, let launch, let orders): await host(id, launch, orders: orders)
        case .probe(let id, let check): await probe(id, check)
        case .watchListeners: await watchListeners()
        case .watchRepairs: await watchRepairs()
        case .watchPorts: await watchPorts()
        case .wake(let deadline): await wake(at: deadline)
        }
    }

    private func wake(at deadline: Duration) async {
        try? await Task.sleep(for: deadline - Moment.now.steady, tolerance: .milliseconds(5))
        state.withLock { if $0.nextWake == deadline { $0.nextWake = nil } }
        let logs = logs
        change { supervisor, moment in
            supervisor.advance(at: moment) { life in
                logs.tail(of: life.id, of: life.launch.function, count: StartFailure.logLinesMax)
            }
        }
    }

    /// Probes a replica until it is ready: often at first, because a cold start waits for it, and later less often.
    private func probe(_ id: Replica.ID, _ check: ReadinessCheck) async {
        let began = Moment.now.steady
        while !Task.isCancelled, state.withLock({ $0.supervisor.isAwaitingReadiness(id) }) {
            if await check.isAnswered() {
                change { supervisor, moment in supervisor.answers(id, at: moment) }
                return
            }
            let isYoung = Moment.now.steady - began < .seconds(5)
            try? await Task.sleep(for: isYoung ? .milliseconds(20) : .milliseconds(250))
        }
    }

    private func reportSecrets(of function: Function) {
        guard !function.target.secrets.isEmpty else { return }
        guard state.withLock({ $0.secretsReported.insert(function.id).inserted }) else { return }
        events.record(
            Event(
                time: Moment.now.wall, function: function.name.text, isWarning: true, reason: "SecretsIgnored",
                message: "target.secrets names Kubernetes Secrets, which do not exist here: \(function.name) starts "
                    + "without them. Use target.env on this machine."))
    }
}
