import F2SModel
import Logging
import Synchronization

/// Runs replicas as processes that a launcher starts and ends.
///
/// What to do is decided by ``ReplicaBook``; this is the shell that does it. A function without replicas costs an entry
/// in a dictionary: no thread, no task, no descriptor.
final class ChildProcesses: ReplicaRuntime {
    /// What a running child is told.
    enum Order: Sendable {
        /// Send SIGTERM to the process group.
        case terminate
        /// Kill everything.
        case kill
        /// Wait no longer for what cannot be killed.
        case abandon
    }

    /// What ``run()`` has to begin.
    private enum Work: Sendable {
        case host(Replica.ID, Launch, AsyncStream<Order>)
        case probe(Replica.ID, ReadinessCheck)
        case watchListeners
        case watchRepairs
        case watchPorts
        case wake(at: Duration)
    }

    private struct State {
        var book: ReplicaBook
        var ports: PortPool
        var orders: [Replica.ID: AsyncStream<Order>.Continuation] = [:]
        /// Waits for ``ChildProcesses/run()``; bounded by what is wished.
        var work: [Work] = []
        /// Version of the book that is published.
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
    let listeners = ListenerTable()
    let files = FileThread()
    private let events: any Events
    private let logger: Logger
    private let state: Mutex<State>
    private let latest = Latest(ReplicaSnapshot())
    private let hasWork = Signal()

    /// - Throws: ``SystemFailure`` when not even the first descriptors can be had.
    init(_ options: LocalOptions, ports: PortPool, events: any Events, logger: Logger) throws(SystemFailure) {
        children = try ChildLoop(program: options.launcher, arguments: options.launcherArguments) { trouble in
            switch trouble {
            case .ended(let status):
                logger.warning(
                    "The launcher was ended, and every replica with it. Another one starts them again.",
                    metadata: ["status": "\(status)"])
            case .processesLeft(let count):
                logger.error(
                    "Processes of a launcher that was ended cannot be killed. F2S goes on trying.",
                    metadata: ["processes": "\(count)"])
            }
        }
        self.options = options
        self.events = events
        self.logger = logger
        logs = ReplicaLogs(
            linesMax: options.logLinesMax, bytesMax: options.logBytesMax, goneMax: options.goneLogsMax)
        var policy = LifePolicy()
        policy.startTimeout = options.startTimeout
        state = Mutex(State(book: ReplicaBook(policy: policy), ports: ports))
    }

    // MARK: The port

    func apply(_ function: Function, count: Int, retiring: [Replica.ID]) async throws {
        reportSecrets(of: function)
        let launch = Launch(function, stopTimeout: options.stopTimeout)
        change { book, moment in book.apply(launch, count: count, retiring: retiring, at: moment) }
    }

    func remove(_ id: Function.ID) async throws {
        state.withLock { _ = $0.secretsReported.remove(id) }
        change { book, moment in book.remove(id, at: moment) }
    }

    func withReplicas<Result: Sendable>(
        _ body: @Sendable (Latest<ReplicaSnapshot>.Values) async throws -> Result
    ) async throws -> Result {
        try await body(latest.values())
    }

    func logs(of id: Function.ID, tail: Int, follow: Bool) -> AsyncStream<LogLine> {
        logs.lines(of: id, tail: tail, follow: follow)
    }

    // MARK: Life

    /// Does what is decided until ``close()`` and the end of the last child, or until the task is cancelled: then every
    /// child is killed, and this returns when everything is dead.
    func run() async {
        children.open()
        await withDiscardingTaskGroup { group in
            for await _ in hasWork.arrivals() {
                let (work, isOver) = state.withLock { state in
                    defer { state.work = [] }
                    return (state.work, state.book.isClosed && state.book.isEmpty)
                }
                for item in work { group.addTask { await self.perform(item) } }
                if isOver, work.isEmpty { break }
            }
            // Nothing may be started any more; children that still run are ended by the cancellation.
            change { book, moment in book.close(at: moment) }
            group.cancelAll()
        }
        await children.close()
    }

    /// Asks every child to end and starts no new one. Returns at once; ``run()`` returns when they have ended.
    func close() {
        change { book, moment in book.close(at: moment) }
        hasWork.raise()
    }

    /// Runs one event through the book and begins what it asks for.
    func change(_ event: (inout ReplicaBook, Moment) -> [ReplicaAction]) {
        let moment = Moment.now
        let reports: [Event] = state.withLock { state in
            let reports = event(&state.book, moment).compactMap { begin($0, in: &state, at: moment) }
            scheduleWake(in: &state)
            publish(in: &state)
            if !state.work.isEmpty || state.book.isClosed { hasWork.raise() }
            return reports
        }
        for report in reports {
            logger.warning("\(report.message)", metadata: ["function": "\(report.function)"])
            events.record(report)
        }
    }

    /// Processes that run and do not listen yet; empty ends the watch.
    func silentReplicas() -> [ReplicaLife] {
        state.withLock { state in
            let silent = state.book.silentReplicas
            state.isWatching = !silent.isEmpty
            return silent
        }
    }

    /// Processes that listen; empty ends the watch of their ports.
    func listeningReplicas() -> [ReplicaLife] {
        state.withLock { state in
            let listening = state.book.listeningReplicas
            state.isWatchingPorts = !listening.isEmpty
            return listening
        }
    }

    /// Folders of functions that wait for their next attempt; empty ends the watch.
    func foldersToRepair() -> [Function.ID: String] {
        state.withLock { state in
            let folders = state.book.repairFolders
            state.isWatchingRepairs = !folders.isEmpty
            return folders
        }
    }

    /// A port for a replica, or `nil` when all are taken.
    func takePort(isFree: (Int) throws(SystemFailure) -> Bool) throws(SystemFailure) -> Int? {
        try state.withLock { state throws(SystemFailure) in try state.ports.take(isFree: isFree) }
    }

    /// Takes a port back from a replica that has ended.
    func giveBack(_ port: Int) { state.withLock { $0.ports.giveBack(port) } }

    private func begin(_ action: ReplicaAction, in state: inout State, at moment: Moment) -> Event? {
        switch action {
        case .start(let id, let launch):
            // Orders may come before the process runs, and are kept for it. There are three of them in a life.
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
        guard state.book.version != state.publishedVersion else { return }
        state.publishedVersion = state.book.version
        if !state.isWatching, state.book.hasSilentReplicas {
            state.isWatching = true
            state.work.append(.watchListeners)
        }
        if !state.isWatchingRepairs, !state.book.repairFolders.isEmpty {
            state.isWatchingRepairs = true
            state.work.append(.watchRepairs)
        }
        if !state.isWatchingPorts, state.book.hasListeningReplicas {
            state.isWatchingPorts = true
            state.work.append(.watchPorts)
        }
        let snapshot = state.book.snapshot
        // Publishing under the lock keeps the order of concurrent changes; it never waits.
        if snapshot != latest.current { latest.publish(snapshot) }
    }

    private func scheduleWake(in state: inout State) {
        guard let deadline = state.book.nextDeadline else { return }
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
        change { book, moment in
            book.advance(at: moment) { life in
                logs.tail(of: life.id, of: life.launch.function, count: StartFailure.logLinesMax)
            }
        }
    }

    /// Asks often at first, because a cold start waits for it, and then now and then.
    private func probe(_ id: Replica.ID, _ check: ReadinessCheck) async {
        let began = Moment.now.steady
        while !Task.isCancelled, state.withLock({ $0.book.isAwaitingReadiness(id) }) {
            if await check.isAnswered() {
                change { book, moment in book.answers(id, at: moment) }
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
