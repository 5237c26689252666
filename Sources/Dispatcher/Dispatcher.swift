import CLinux
public import F2SMetrics
public import F2SModel
import F2SSystem
import Glibc
import Synchronization

/// The data plane: listens, routes, queues and forwards. It runs on event loops. The control plane knows it only as
/// ``DataPlane`` and ``DispatcherInspector``.
public final class Dispatcher: DataPlane, DispatcherInspector, FunctionActivitySource, Sendable {
    /// Raised when a cold function gets an invocation, when a replica has accepted its first connection, and when a
    /// draining replica has nothing left in flight.
    public var changes: Signal { shared.changes }

    let shared: SharedState
    private let settings: DispatcherSettings
    private let threads: Mutex<[LoopThread]>
    let directory: LoopDirectory
    private let state: Mutex<DispatcherState>
    private let startRequests = Mutex(StartRequests())
    /// The number of calls of this process.
    private let callCount = Atomic<Int>(0)
    private let active = ActiveFunctions()
    private let address = Mutex<SocketAddress?>(nil)
    private let managementAddress = Mutex<SocketAddress?>(nil)
    private let consoleAddress = Mutex<SocketAddress?>(nil)
    private let internalAddress = Mutex<SocketAddress?>(nil)
    /// Listeners that do not accept connections yet.
    private let held = Mutex<[(descriptor: Int32, kind: ListenerKind)]>([])
    /// The limits in force, for the metrics.
    private let limits: Latest<Limits>

    /// Starts the loops. Nothing listens yet.
    /// - Throws: An error if the path of a socket of the API server is too long for a Unix socket, or if the system
    ///   cannot create a loop.
    public init(_ settings: DispatcherSettings, metrics: MetricRegistry) throws {
        self.settings = settings
        let shared = SharedState(registry: metrics, descriptors: settings.descriptors, tls: settings.tls)
        let loops = settings.loops
        let api = try OwnUpstream.api.handle(path: settings.apiSocketPath, loops: loops)
        let console = try settings.console.map { try OwnUpstream.console.handle(path: $0.socketPath, loops: loops) }
        let peers = try settings.internal.map { settings in
            InternalUpstream(
                token: PeerTokenVerifier(settings.tokens),
                hooks: try OwnUpstream.hooks.handle(path: settings.socketPath, loops: loops))
        }
        let directory = LoopDirectory(mailboxes: try (0..<settings.loops).map { _ in try Mailbox<Message>() })
        let (authenticator, logins) = (settings.authenticator, settings.logins)
        let logs = RequestLogs(access: settings.accessLog, audit: settings.auditLog)
        let tls = settings.tls
        var threads: [LoopThread] = []
        for index in 0..<settings.loops {
            let poll = try Poll()
            let tuning = settings.tuning
            let thread = try LoopThread(name: "f2s-loop-\(index)") {
                // A request does not wait until the control plane or a function on the same processor pauses.
                f2s_shorten_slices()
                Worker(
                    index: index, poll: poll, directory: directory, shared: shared, api: api, console: console,
                    peers: peers, authenticator: authenticator, logins: logins, logs: logs, tls: tls, tuning: tuning
                ).run()
            }
            threads.append(thread)
        }
        limits = Latest(settings.tuning.limits)
        self.shared = shared
        self.threads = Mutex(threads)
        self.directory = directory
        state = Mutex(
            DispatcherState(
                queueLengthMax: settings.tuning.limits.queueLengthMax, timeouts: settings.tuning.timeouts,
                loops: settings.loops, mayForward: peers?.token.isSet ?? false, active: active))
        registerObservations(in: metrics, limits: limits)
    }

    /// Opens the public listener, and the listeners for management, for the console and for other processes if they are
    /// configured: all of them or none.
    /// - Returns: The public port, which matters if the configured port is 0.
    /// - Throws: The system's error, for example if the address is in use.
    public func start() throws -> Int {
        var opened: [(descriptor: Int32, kind: ListenerKind)] = []
        do {
            let kind = settings.management == nil ? ListenerKind.everything : .invocations
            let inherited = settings.inherited
            opened.append((try listener(settings.host, settings.port, inherited?.main), kind))
            if let management = settings.management {
                opened.append((try listener(management.host, management.port, inherited?.management), .management))
            }
            if let console = settings.console {
                opened.append((try listener(console.host, console.port, inherited?.console), .console))
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
            case .console: consoleAddress.withLock { $0 = bound }
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

    /// Accepts the waiting connections and those that come from now on. A second call has no effect.
    public func beginAccepting() {
        let listeners = held.withLock { held in
            defer { held = [] }
            return held
        }
        for (descriptor, kind) in listeners { directory.mailboxes[0].post(.listen(descriptor, kind)) }
    }

    /// The port of the management listener; `nil` if it is not open.
    public var managementPort: Int? { managementAddress.withLock { $0 }?.port }

    /// The port of the console's listener; `nil` if it is not open.
    public var consolePort: Int? { consoleAddress.withLock { $0 }?.port }

    /// The port of the internal listener; `nil` if it is not open.
    public var internalPort: Int? { internalAddress.withLock { $0 }?.port }

    /// Asks clients to use another process: every response ends its connection. Connections are still accepted, and
    /// idle ones stay open, because their clients may just be sending. This phase ends with ``beginDraining()``.
    public func beginLeaving() { shared.beginLeaving() }

    /// Stops accepting connections and lets the invocations in flight end: see ``currentReport()``. Hooks and queries
    /// of other F2S processes are still answered; the invocations that they forward are sent back to them. When this
    /// returns, the public listener rejects connections. After ``stop()`` it has no effect.
    public func beginDraining() async {
        beginAccepting()
        shared.beginEnding()
        await withCheckedContinuation { drained in
            // Posts under the lock, so that no loop is stopped before it has read this message.
            let isRunning = threads.withLock { threads in
                if !threads.isEmpty { postDrain(listenerClosed: drained) }
                return !threads.isEmpty
            }
            if !isRunning { drained.resume() }
        }
    }

    /// Posts the drain to every loop. The first loop owns the listeners.
    private func postDrain(listenerClosed: CheckedContinuation<Void, Never>?) {
        for (index, mailbox) in directory.mailboxes.enumerated() {
            mailbox.post(.drain(listenerClosed: index == 0 ? listenerClosed : nil))
        }
    }

    /// The number of invocations that have begun and not ended, and of hooks that are being answered. A shutdown waits
    /// for them.
    public var currentInvocations: Int { shared.invocations.load(ordering: .relaxed) }

    /// Closes everything that is left and ends the loops. Blocks until they have ended, so it must not be called on an
    /// event loop or in an async function.
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

    // MARK: Calls of this process

    /// Returns the loops in turn.
    func nextLoop() -> Int {
        let count = callCount.wrappingAdd(1, ordering: .relaxed).newValue
        return Int(UInt(bitPattern: count) % UInt(directory.mailboxes.count))
    }

    /// Begins a call.
    /// - Returns: False if F2S is shutting down.
    func begin(_ call: InProcessCall, on loop: Int) -> Bool {
        // Posts under the lock, so that no loop is stopped before it has read this message.
        threads.withLock { threads in
            guard !threads.isEmpty, !shared.isEnding else { return false }
            directory.mailboxes[loop].post(.invoke(call))
            return true
        }
    }

    // MARK: Snapshots of the control plane

    /// Replaces limits and timeouts. Connections and queues use them at once.
    public func apply(_ tuning: DispatcherSettings.Tuning) {
        limits.publish(tuning.limits)
        directory.post(.tune(tuning))
        publish { $0.update(tuning: tuning, now: SystemClock.monotonicNanoseconds()) }
    }

    /// Replaces the functions that can be routed.
    public func apply(_ functions: FunctionSnapshot) {
        publish { $0.update(functions, now: SystemClock.monotonicNanoseconds()) }
    }

    /// Returns when every loop routes by the snapshots that were applied before. After ``stop()`` it returns at once.
    public func waitForLoops() async {
        await withCheckedContinuation { reached in
            // Posts under the lock, so that no loop is stopped before it has read this message.
            let isRunning = threads.withLock { threads in
                guard !threads.isEmpty else { return false }
                directory.post(.countDown(LoopCountdown(loops: threads.count) { reached.resume() }))
                return true
            }
            if !isRunning { reached.resume() }
        }
    }

    /// Replaces the replicas that can serve invocations.
    public func apply(_ replicas: ReplicaSnapshot) {
        publish { $0.update(replicas, now: SystemClock.monotonicNanoseconds()) }
    }

    /// Replaces the certificate, and the choice of listeners with TLS. New connections use them, and open connections
    /// keep theirs. `nil` turns TLS off for new connections.
    public func apply(_ tls: ListenerTLS?) {
        shared.certificateExpiry.store(tls?.expiry ?? 0, ordering: .relaxed)
        directory.post(.useTLS(tls))
    }

    /// Replaces the tokens that this process shows to other F2S processes and requires of them.
    public func trust(_ tokens: PeerTokens) {
        guard settings.internal != nil else { return }
        directory.post(.trust(PeerTokenVerifier(tokens)))
        publish { $0.update(mayForward: tokens.isSet, now: SystemClock.monotonicNanoseconds()) }
    }

    /// Replaces the IP addresses that may use neither the management listener nor that of the console: those of
    /// functions, if functions have addresses of their own.
    public func refuse(atManagement addresses: Set<String>) { shared.setFunctionAddresses(addresses) }

    /// Replaces the functions whose invocations other processes admit.
    public func apply(_ ownership: Ownership) {
        publish { $0.update(ownership, now: SystemClock.monotonicNanoseconds()) }
    }

    /// Requests a replica of a function without a replica that accepts invocations.
    public func requestStart(of function: Function.ID) {
        let now = Duration.nanoseconds(Int64(clamping: SystemClock.monotonicNanoseconds()))
        if startRequests.withLock({ $0.request(function, at: now) }) { shared.noteChange(of: function) }
    }

    /// Every function that can be routed and has been invoked, with its name.
    var calledFunctions: [FunctionQueues] { state.withLock { $0.calledFunctions } }

    private func publish(_ change: (inout sending DispatcherState) -> DispatcherState.Effects) {
        // The lock covers only the posting of tables, which must reach the loops in the order in which they were made.
        let effects = state.withLock { state in
            let effects = change(&state)
            if let tables = effects.tables { directory.post(.route(tables)) }
            return effects
        }
        for (handle, handoffs) in effects.handoffs { directory.deliver(handoffs, of: handle) }
        for (entry, waiters) in effects.moves { directory.move(waiters, to: entry) }
        for (error, waiters) in effects.failures { directory.deliver(error, to: waiters) }
        for replica in effects.retired {
            replica.retire()
            directory.post(.forget(replica))
        }
        for (replica, handle, loop) in effects.dials {
            directory.mailboxes[loop ?? replica.number % directory.mailboxes.count].post(.dial(replica, handle))
        }
    }

    // MARK: Load reports

    /// Returns the load of every function that has replicas or was invoked lately.
    public func currentLoad() -> LoadReport {
        let now = SystemClock.monotonicNanoseconds()
        // Both lists are read under one lock: a function that is removed in between would be in neither of them.
        let (loads, departing) = state.withLock { (active.currentLoads(now: now), $0.departingHandles()) }
        return report(
            of: loads, departing: departing, startRequests: startRequests.withLock { $0.functions }, now: now)
    }

    /// Returns the load of some functions.
    public func currentLoad(of functions: Set<Function.ID>) -> LoadReport {
        let now = SystemClock.monotonicNanoseconds()
        // As above.
        let (loads, departing) = state.withLock { state in
            (
                active.currentLoads(of: functions.compactMap { state.handle(of: $0) }, now: now),
                functions.compactMap { state.departingHandle(of: $0) }
            )
        }
        return report(
            of: loads, departing: departing,
            startRequests: startRequests.withLock { $0.functions.filter(functions.contains) }, now: now)
    }

    /// Returns the invocations that have ended since the last call, per function, and those in flight. Invocations that
    /// went to another F2S process are counted there.
    public func collectActivity() -> [FunctionActivity] { active.collectActivity() }

    /// Returns and removes the functions for which ``changes`` was raised.
    public func popChangedFunctions() -> Set<Function.ID> { shared.popChanged() }

    private func report(
        of loads: [ActiveFunctions.Load], departing: [FunctionHandle], startRequests: [Function.ID], now: UInt64
    ) -> LoadReport {
        var report = LoadReport()
        for load in loads {
            report.functions[load.handle.id] = load.function
            for (replica, load) in load.replicas { report.add(load, of: replica) }
        }
        note(startRequests, in: &report, now: now)
        for handle in departing {
            for (replica, load) in handle.withQueue({ $0.currentReplicas() }) where load.inFlight > 0 {
                report.add(load, of: replica)
            }
        }
        return report
    }

    private func note(_ requests: [Function.ID], in report: inout LoadReport, now: UInt64) {
        for id in requests {
            let state = state.withLock { $0.handle(of: id) }?.withQueue {
                (load: $0.load(now: now), isAccepting: $0.isAccepting)
            }
            let moment = Duration.nanoseconds(Int64(clamping: now))
            // Checked in any case, so that the request for a deleted function ends too.
            let isHeld = startRequests.withLock { $0.holds(id, isAccepting: state?.isAccepting ?? false, at: moment) }
            guard let state, isHeld else { continue }
            report.functions[id, default: state.load].wantsActivation = true
        }
    }

    /// Returns the current state.
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
    /// Adds the load of one queue on a replica. A queue may still have invocations at an earlier address of the same
    /// replica.
    fileprivate mutating func add(_ load: ReplicaLoad, of replica: ReplicaHandle) {
        var load = load
        load.hasFewThreads = replica.withConnections { $0.hasFewThreads }
        replicas[replica.id, default: ReplicaLoad()].add(load)
    }
}
