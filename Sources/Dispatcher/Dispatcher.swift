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
    let directory: LoopDirectory
    private let catalog: Mutex<Catalog>
    private let startRequests = Mutex(StartRequests())
    private let active = ActiveFunctions()
    private let address = Mutex<SocketAddress?>(nil)
    private let managementAddress = Mutex<SocketAddress?>(nil)
    private let internalAddress = Mutex<SocketAddress?>(nil)
    /// Listeners from which nothing is accepted yet.
    private let held = Mutex<[(descriptor: Int32, kind: ListenerKind)]>([])
    /// Those in force, for the metrics.
    private let limits: Latest<Limits>

    /// Prepares the loops; nothing listens yet.
    /// - Throws: when a path of the API server's is too long for a Unix socket.
    public init(_ settings: DispatcherSettings, metrics: MetricRegistry) throws {
        self.settings = settings
        let shared = SharedState(registry: metrics, descriptors: settings.descriptors)
        let api = ReplicaCell(
            id: Replica.ID("api"), address: try SocketAddress(unixPath: settings.apiSocketPath), number: 0,
            loops: settings.loops)
        let loops = settings.loops
        let peers = try settings.internal.map { settings in
            InternalUpstream(
                token: InternalToken(settings.tokens),
                hooks: ReplicaCell(
                    id: Replica.ID("hooks"), address: try SocketAddress(unixPath: settings.socketPath),
                    number: InternalUpstream.number, loops: loops))
        }
        let directory = LoopDirectory(mailboxes: try (0..<settings.loops).map { _ in try Mailbox<Message>() })
        var threads: [LoopThread] = []
        for index in 0..<settings.loops {
            let poll = try Poll()
            let tuning = settings.tuning
            let thread = try LoopThread(name: "f2s-loop-\(index)") {
                Worker(
                    index: index, poll: poll, directory: directory, shared: shared, api: api, peers: peers,
                    tuning: tuning
                ).run()
            }
            threads.append(thread)
        }
        limits = Latest(settings.tuning.limits)
        self.shared = shared
        self.threads = Mutex(threads)
        self.directory = directory
        catalog = Mutex(
            Catalog(
                queueLengthMax: settings.tuning.limits.queueLengthMax, timeouts: settings.tuning.timeouts,
                loops: settings.loops, mayForward: peers?.token.isSet ?? false, active: active))
        registerObservations(in: metrics, limits: limits)
    }

    /// Opens the public listener, and those for management and for other processes where they are asked for: all of
    /// them or none.
    /// - Returns: the public port, which matters where 0 was asked for.
    /// - Throws: what the system says, for example that the address is in use.
    public func start() throws -> Int {
        var opened: [(descriptor: Int32, kind: ListenerKind)] = []
        do {
            let kind = settings.management == nil ? ListenerKind.everything : .invocations
            let inherited = settings.inherited
            opened.append((try listener(settings.host, settings.port, inherited?.main), kind))
            if let management = settings.management {
                opened.append((try listener(management.host, management.port, inherited?.management), .management))
            }
            if let peers = settings.internal {
                opened.append((try listener(peers.host, peers.port, inherited?.internal), .peers))
            }
        } catch {
            for listener in opened { close(listener.descriptor) }
            throw error
        }
        for (descriptor, kind) in opened {
            let bound = Socket.localAddress(descriptor)
            switch kind {
            case .everything, .invocations: address.withLock { $0 = bound }
            case .management: managementAddress.withLock { $0 = bound }
            case .peers: internalAddress.withLock { $0 = bound }
            }
        }
        held.withLock { $0 = opened }
        if !settings.holdsConnections { beginAccepting() }
        return address.withLock { $0 }?.port ?? settings.port
    }

    private func listener(_ host: String, _ port: Int, _ inherited: Int32?) throws -> Int32 {
        try inherited ?? Socket.listen(SocketAddress(ip: host, port: port))
    }

    /// Takes the connections that wait, and those that come from now on. Does nothing the second time.
    public func beginAccepting() {
        let listeners = held.withLock { held in
            defer { held = [] }
            return held
        }
        for (descriptor, kind) in listeners { directory.mailboxes[0].post(.listen(descriptor, kind)) }
    }

    /// The management listener's port; `nil`: it is not open.
    public var managementPort: Int? { managementAddress.withLock { $0 }?.port }

    /// The internal listener's port; `nil`: it is not open.
    public var internalPort: Int? { internalAddress.withLock { $0 }?.port }

    /// Asks callers to go elsewhere: every response ends its connection. Connections are still accepted, and those on
    /// which nothing is going on stay, because their clients may just be sending. Ends with ``beginDraining()``.
    public func beginLeaving() { shared.beginLeaving() }

    /// Stops accepting connections and lets what is in hand end: see ``currentReport()``. Hooks and questions of other
    /// F2S processes are still answered; what they forward is sent back to them. Once it returns, the public listener
    /// refuses connections. After ``stop()`` it does nothing.
    public func beginDraining() async {
        beginAccepting()
        shared.beginEnding()
        await withCheckedContinuation { drained in
            // Under the lock, so that no loop is stopped before it has read this message.
            let isRunning = threads.withLock { threads in
                if !threads.isEmpty { postDrain(listenerClosed: drained) }
                return !threads.isEmpty
            }
            if !isRunning { drained.resume() }
        }
    }

    /// The first loop owns the listeners.
    private func postDrain(listenerClosed: CheckedContinuation<Void, Never>?) {
        for (index, mailbox) in directory.mailboxes.enumerated() {
            mailbox.post(.drain(listenerClosed: index == 0 ? listenerClosed : nil))
        }
    }

    /// Invocations that have begun and not ended, and hooks that are being answered: what a shutdown waits for.
    public var currentInvocations: Int { shared.invocations.load(ordering: .relaxed) }

    /// Closes what is left and ends the loops. Blocks until they have ended: not for an event loop or an async
    /// function.
    public func stop() {
        beginAccepting()
        shared.beginEnding()
        let threads = threads.withLock { threads in
            defer { threads = [] }
            postDrain(listenerClosed: nil)
            directory.post(.stop)
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

    /// Returns when every loop routes by what was applied before. After ``stop()`` it returns at once.
    public func waitForLoops() async {
        await withCheckedContinuation { reached in
            // Under the lock, so that no loop is stopped before it has read this message.
            let isRunning = threads.withLock { threads in
                guard !threads.isEmpty else { return false }
                directory.post(.countDown(LoopCountdown(loops: threads.count) { reached.resume() }))
                return true
            }
            if !isRunning { reached.resume() }
        }
    }

    /// Replaces where invocations can go.
    public func apply(_ replicas: ReplicaSnapshot) {
        publish { $0.update(replicas, now: Clock.monotonicNanoseconds()) }
    }

    /// Replaces what other F2S processes are shown and must show.
    public func trust(_ tokens: PeerTokens) {
        guard settings.internal != nil else { return }
        directory.post(.trust(InternalToken(tokens)))
        publish { $0.update(mayForward: tokens.isSet, now: Clock.monotonicNanoseconds()) }
    }

    /// Replaces the IP addresses from which nobody may call the management listener: those of functions, where they
    /// have addresses of their own.
    public func refuse(atManagement addresses: Set<String>) { shared.setFunctionAddresses(addresses) }

    /// Replaces which functions other processes admit invocations of.
    public func apply(_ ownership: Ownership) {
        publish { $0.update(ownership, now: Clock.monotonicNanoseconds()) }
    }

    /// Asks for a replica of a function of which none takes invocations.
    public func requestStart(of function: Function.ID) {
        let now = Duration.nanoseconds(Int64(clamping: Clock.monotonicNanoseconds()))
        if startRequests.withLock({ $0.request(function, at: now) }) { shared.noteChange(of: function) }
    }

    /// Every function that can be routed, by its name.
    var calledCells: [NamedCell] { catalog.withLock { $0.calledCells } }

    private func publish(_ change: (inout sending Catalog) -> Catalog.Effects) {
        // Under the lock only what must be in order: the loops get tables in the order in which they were made.
        let effects = catalog.withLock { catalog in
            let effects = change(&catalog)
            if let tables = effects.tables { directory.post(.route(tables)) }
            return effects
        }
        for (cell, wakes) in effects.wakes { directory.deliver(wakes, of: cell) }
        for (entry, waiters) in effects.moves { directory.move(waiters, to: entry) }
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

    /// What the functions have in flight. One that has nothing, and had nothing lately, is left out.
    public func currentLoad() -> LoadReport {
        let departing = catalog.withLock { $0.departingCells() }
        let now = Clock.monotonicNanoseconds()
        return report(
            of: active.currentLoads(now: now), departing: departing,
            startRequests: startRequests.withLock { $0.functions }, now: now)
    }

    /// The load of some functions.
    public func currentLoad(of functions: Set<Function.ID>) -> LoadReport {
        let (cells, departing) = catalog.withLock { catalog in
            (functions.compactMap { catalog.cell(of: $0) }, functions.compactMap { catalog.departingCell(of: $0) })
        }
        let now = Clock.monotonicNanoseconds()
        return report(
            of: active.currentLoads(of: cells, now: now), departing: departing,
            startRequests: startRequests.withLock { $0.functions.filter(functions.contains) }, now: now)
    }

    /// Takes out the functions that ``changes`` was raised for.
    public func takeChangedFunctions() -> Set<Function.ID> { shared.takeChanged() }

    private func report(
        of loads: [ActiveFunctions.Load], departing: [FunctionCell], startRequests: [Function.ID], now: UInt64
    ) -> LoadReport {
        var report = LoadReport()
        for load in loads {
            report.functions[load.cell.id] = load.function
            for (replica, load) in load.replicas { report.add(load, of: replica) }
        }
        note(startRequests, in: &report, now: now)
        for cell in departing {
            for (replica, load) in cell.withQueue({ $0.currentReplicas() }) where load.inFlight > 0 {
                report.add(load, of: replica)
            }
        }
        return report
    }

    private func note(_ requests: [Function.ID], in report: inout LoadReport, now: UInt64) {
        for id in requests {
            let state = catalog.withLock { $0.cell(of: id) }?.withQueue {
                (load: $0.load(now: now), isAccepting: $0.isAccepting)
            }
            let moment = Duration.nanoseconds(Int64(clamping: now))
            // Asked in any case, so that the request of a function that is gone ends too.
            let isHeld = startRequests.withLock { $0.holds(id, isAccepting: state?.isAccepting ?? false, at: moment) }
            guard let state, isHeld else { continue }
            report.functions[id, default: state.load].wantsActivation = true
        }
    }

    /// The state now.
    public func currentReport() -> DispatcherReport {
        let address = address.withLock { $0 }
        return DispatcherReport(
            address: address.flatMap { address in address.port.map { "\(address.ip ?? settings.host):\($0)" } } ?? "",
            loops: directory.mailboxes.count, connections: shared.connections.load(ordering: .relaxed),
            upstreamConnections: shared.upstreamConnections.load(ordering: .relaxed),
            isDraining: shared.isEnding, load: currentLoad())
    }
}

extension LoadReport {
    /// Adds what one queue has on a replica: it may have work on an earlier address of the same one.
    fileprivate mutating func add(_ load: ReplicaLoad, of replica: ReplicaCell) {
        var load = load
        load.hasFewThreads = replica.withConnections { $0.hasFewThreads }
        replicas[replica.id, default: ReplicaLoad()].add(load)
    }
}
