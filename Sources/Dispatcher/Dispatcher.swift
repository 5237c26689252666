public import F2SMetrics
public import F2SModel
import Glibc
import Synchronization

/// The data plane: listens, routes, queues, forwards. Event-loop code through and through; what the control plane knows
/// of it is ``DataPlane`` and ``DispatcherInspector``.
public final class Dispatcher: DataPlane, DispatcherInspector, Sendable {
    /// Raised when a cold function is wanted, a replica has accepted, or a draining one has nothing left.
    public var changes: Signal { shared.changes }

    let shared: SharedState
    private let settings: DispatcherSettings
    private let threads: Mutex<[LoopThread]>
    private let directory: LoopDirectory
    private let catalog: Mutex<Catalog>
    private let address = Mutex<SocketAddress?>(nil)
    /// Those in force, for the metrics.
    private let limits: Latest<Limits>

    /// Prepares the loops; nothing listens yet.
    /// - Throws: when the API server's socket path is too long for a Unix socket.
    public init(_ settings: DispatcherSettings, metrics: MetricRegistry) throws {
        self.settings = settings
        let shared = SharedState(registry: metrics)
        let api = ReplicaCell(
            id: Replica.ID("api"), address: try SocketAddress(unixPath: settings.apiSocketPath), number: 0)
        let directory = LoopDirectory(mailboxes: try (0..<settings.loops).map { _ in try Mailbox<Message>() })
        var threads: [LoopThread] = []
        for index in 0..<settings.loops {
            let poll = try Poll()
            let tuning = settings.tuning
            let thread = try LoopThread(name: "f2s-loop-\(index)") {
                Worker(
                    index: index, poll: poll, directory: directory, shared: shared, api: api, tuning: tuning
                ).run()
            }
            threads.append(thread)
        }
        limits = Latest(settings.tuning.limits)
        self.shared = shared
        self.threads = Mutex(threads)
        self.directory = directory
        catalog = Mutex(
            Catalog(queueLengthMax: settings.tuning.limits.queueLengthMax, timeouts: settings.tuning.timeouts))
        registerObservations(in: metrics, limits: limits)
    }

    /// Opens the listener.
    /// - Returns: the port, which matters where 0 was asked for.
    /// - Throws: what the system says, for example that the address is in use.
    public func start() throws -> Int {
        let listener = try Socket.listen(SocketAddress(ip: settings.host, port: settings.port))
        let bound = Socket.localAddress(listener)
        address.withLock { $0 = bound }
        directory.mailboxes[0].post(.listen(listener))
        return bound?.port ?? settings.port
    }

    /// Stops accepting connections and lets what is in hand end: see ``currentReport()``.
    public func beginDraining() {
        shared.isDraining.store(true, ordering: .relaxed)
        directory.post(.drain)
    }

    /// Invocations that have begun and not ended: what a shutdown waits for.
    public var currentInvocations: Int { shared.invocations.load(ordering: .relaxed) }

    /// Closes what is left and ends the loops. Blocks until they have ended: not for an event loop or an async
    /// function.
    public func stop() {
        beginDraining()
        directory.post(.stop)
        let threads = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in threads { thread.join() }
    }

    // MARK: Snapshots from above

    /// Replaces bounds and times; connections and queues take them over at once.
    public func apply(_ tuning: DispatcherSettings.Tuning) {
        limits.publish(tuning.limits)
        directory.post(.tune(tuning))
        publish { $0.update(tuning: tuning, now: Clock.monotonicNanoseconds()) }
    }

    /// Replaces what can be routed.
    public func apply(_ functions: FunctionSnapshot) {
        publish { $0.update(functions, now: Clock.monotonicNanoseconds()) }
    }

    /// Replaces where invocations can go.
    public func apply(_ replicas: ReplicaSnapshot) {
        publish { $0.update(replicas, now: Clock.monotonicNanoseconds()) }
    }

    /// Replaces which functions other processes admit invocations of.
    public func apply(_ ownership: Ownership) {}

    /// Every function that can be routed, by its name.
    var namedCells: [(String, FunctionCell)] { catalog.withLock { $0.namedCells } }

    private func publish(_ change: (inout sending Catalog) -> Catalog.Effects) {
        // Under the lock only what must be in order: the loops get tables in the order in which they were made.
        let effects = catalog.withLock { catalog in
            let effects = change(&catalog)
            if let table = effects.table { directory.post(.route(table)) }
            return effects
        }
        for (cell, wakes) in effects.wakes { directory.deliver(wakes, of: cell) }
        for (error, waiters) in effects.failures { directory.deliver(error, to: waiters) }
        for replica in effects.retired {
            replica.retire()
            directory.post(.forget(replica))
        }
        for (replica, cell, loop) in effects.dials {
            directory.mailboxes[loop ?? replica.number % directory.mailboxes.count].post(.dial(replica, cell))
        }
    }

    // MARK: Counters from below

    /// What every function has in hand.
    public func currentLoad() -> LoadReport {
        let (routed, departing) = catalog.withLock { $0.currentCells() }
        let now = Clock.monotonicNanoseconds()
        var report = LoadReport()
        for cell in routed {
            report.functions[cell.id] = cell.withQueue { $0.load(now: now) }
            for (replica, load) in cell.withQueue({ $0.currentReplicas() }) { report.replicas[replica] = load }
        }
        for cell in departing {
            for (replica, load) in cell.withQueue({ $0.currentReplicas() }) where load.inFlight > 0 {
                report.replicas[replica, default: .init()].inFlight += load.inFlight
            }
        }
        return report
    }

    /// The state now.
    public func currentReport() -> DispatcherReport {
        let address = address.withLock { $0 }
        return DispatcherReport(
            address: address.flatMap { address in address.port.map { "\(address.ip ?? settings.host):\($0)" } } ?? "",
            loops: directory.mailboxes.count, connections: shared.connections.load(ordering: .relaxed),
            upstreamConnections: shared.upstreamConnections.load(ordering: .relaxed),
            isDraining: shared.isDraining.load(ordering: .relaxed), load: currentLoad())
    }
}
