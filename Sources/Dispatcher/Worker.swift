import F2SModel
import F2SSystem
import Glibc
import Synchronization

/// One event loop's share of the dispatcher: its clients, its connections to replicas, its clock. A worker is created
/// and used only on its loop's thread; all other threads send it a ``Message``.
final class Worker {
    let index: Int
    let loop: EventLoop
    let shared: SharedState
    let directory: LoopDirectory
    /// The API server, which is one more upstream, on a Unix socket of F2S.
    let api: ReplicaHandle
    /// The server of the console; `nil` if it has no listener.
    let console: ReplicaHandle?
    /// Identifies the callers of functions; `nil` if there is no authentication.
    let authenticator: (any Authenticator)?
    /// Identifies users who have signed in at a function; `nil` if there is no console.
    let logins: (any FunctionLoginProvider)?
    /// The logs of requests.
    let logs: RequestLogs
    /// The TLS of the listeners; `nil` if none has TLS. It applies to connections that are accepted from now on.
    private(set) var tls: ListenerTLS?
    /// The upstream of the internal listener; `nil` if there is no internal listener.
    private(set) var peers: InternalUpstream?
    var tuning: DispatcherSettings.Tuning {
        didSet {
            scanner = HeadScanner(tuning)
            times = LoopTimes(tuning)
        }
    }
    private(set) var times: LoopTimes
    /// The public routes; `nil` until the declarations have been read. Until then it is unknown whether a path belongs
    /// to a function.
    private(set) var table: RouteTable?
    /// The routes for the internal listener.
    private(set) var localTable: RouteTable?
    var scanner: HeadScanner
    var identities: IdentityGenerator
    /// Bytes that are being composed for one write.
    let output = Buffer(capacity: BufferPool.capacityMax)

    /// Runs of the current bytes that are not passed on. `trimmed` holds the bytes without them.
    var cuts: [ByteRange] = []
    private let trimmed = Buffer(capacity: BufferPool.capacity)

    /// Seconds since 1970, at most one tick old.
    private(set) var wallClock: Double
    private(set) var date: DateLine
    private var clients: [(any ExchangeClient)?] = []
    private var freeEntries: [Int] = []
    private var calls: [ObjectIdentifier: InProcessClient] = [:]
    /// Idle connections, by the number of their replica.
    var pools: [Int: UpstreamPool] = [:]
    /// Requests for an idle connection of another loop, by ticket.
    var borrowing: [UInt64: (ReplicaHandle, (Result<UpstreamConnection, SystemError>) -> Void)] = [:]
    /// Connections that carry their first request and have received nothing yet.
    var unserved: [UpstreamConnection] = []
    var connecting: [UpstreamConnection] = []
    /// Connections that finish an abandoned invocation.
    var abandoned: [AbandonedUpstream] = []
    /// Messages of this loop to itself, which need no lock and no wake-up.
    private var ownMessages: [Message] = []
    private var lastGeneration: UInt64 = 0
    /// True while the process closes the connections that are left.
    private(set) var isStopping = false
    private var nextDeadline = UInt64.max
    var listeners: [ListeningSocket] = []
    var nextLoop = 0
    var lingeringRejections = 0

    /// The longest idle time, in nanoseconds, of a connection that is unlikely to be closing.
    static let freshNanoseconds: UInt64 = 1_000_000_000
    /// The longest delay, in nanoseconds, with which a deadline may be noticed.
    static let tickNanoseconds: UInt64 = 50_000_000

    init(
        index: Int, poll: Poll, directory: LoopDirectory, shared: SharedState, api: ReplicaHandle,
        console: ReplicaHandle?, peers: InternalUpstream?, authenticator: (any Authenticator)?,
        logins: (any FunctionLoginProvider)?, logs: RequestLogs, tls: ListenerTLS?, tuning: DispatcherSettings.Tuning
    ) {
        self.index = index
        loop = EventLoop(poll: poll, closing: shared.closing)
        self.directory = directory
        self.shared = shared
        self.api = api
        self.console = console
        self.peers = peers
        self.authenticator = authenticator
        self.logins = logins
        self.logs = logs
        self.tls = tls
        self.tuning = tuning
        times = LoopTimes(tuning)
        scanner = HeadScanner(tuning)
        var generator = SystemRandomNumberGenerator()
        identities = IdentityGenerator(seed: generator.next())
        wallClock = SystemClock.secondsSince1970()
        date = DateLine(secondsSince1970: wallClock)
    }

    /// The monotonic clock in nanoseconds as it was last read, at the latest when this round began. It is precise
    /// enough for timeouts of seconds.
    var coarseNow: UInt64 { loop.now }

    /// The monotonic clock in nanoseconds.
    func now() -> UInt64 { loop.readClock() }

    /// Runs until ``Message/stop`` arrives.
    func run() {
        let mailbox = directory.mailboxes[index]
        loop.watchMailbox(mailbox.descriptor)
        loop.run(
            tick: Self.tickNanoseconds, mailArrived: { for message in mailbox.removeAll() { handle(message) } },
            roundEnded: handleOwnMessages, timePassed: passTime)
    }

    private func handleOwnMessages() {
        // Messages that are posted meanwhile are handled in the next pass of this `while`, not in the next round of the
        // event loop.
        while !ownMessages.isEmpty {
            let messages = ownMessages
            ownMessages = []
            for message in messages { handle(message) }
        }
    }

    private func handle(_ message: Message) {
        switch message {
        case .listen(let descriptor, let kind): listen(ListeningSocket(descriptor: descriptor, kind: kind))
        case .adopt(let descriptor, let peer, let kind): adopt(descriptor, peer, kind)
        case .route(let tables):
            table = tables.publicRoutes
            localTable = tables.local
        case .tune(let tuning): self.tuning = tuning
        case .trust(let token): peers = peers.map { InternalUpstream(token: token, hooks: $0.hooks) }
        case .useTLS(let tls): self.tls = tls
        case .dial(let replica, let handle): dial(replica, of: handle)
        case .forget(let replica): forget(replica)
        case .lend(let replica, let requirement, let loop, let ticket):
            lend(replica, requirement, to: loop, ticket: ticket)
        case .lent(let descriptor, let since, let ticket): lent(descriptor, idleSince: since, ticket: ticket)
        case .closeIdle(let replica): closeIdle(replica.number)
        case .invoke(let call): InProcessClient(call, worker: self).start()
        case .resume(let call): calls[ObjectIdentifier(call)]?.callChanged()
        case .verified(let waiter, let result): verifying(waiter)?.verified(result)
        case .handOff(let handoff, let handle): accept(handoff, of: handle)
        case .move(let waiter, let entry): waiting(waiter)?.move(to: entry)
        case .fail(let waiter, let error): waiting(waiter)?.fail(error)
        case .countDown(let countdown): countdown.countDown()
        case .drain(let listenerClosed):
            drain()
            listenerClosed?.resume()
        case .stop: stop()
        }
    }

    private func stop() {
        isStopping = true
        stopListening { _ in true }
        for client in clients { client?.close() }
        for number in pools.keys { closeIdle(number) }
        for upstream in connecting { upstream.close() }
        connecting = []
        borrowing = [:]
        for upstream in abandoned { upstream.close() }
        abandoned = []
        loop.stop()
    }

    /// Returns true if the address belongs to a proxy that is trusted to report the origin of a request.
    func trusts(_ address: IPAddress) -> Bool {
        !tuning.trustedProxies.isEmpty && tuning.trustedProxies.contains { $0.contains(address) }
    }

    /// Returns true if a connection from this address must begin with a header of the PROXY protocol.
    func requiresProxyHeader(from address: IPAddress?, on kind: ListenerKind) -> Bool {
        guard tuning.requiresProxyHeader, kind.mayBeProxied, let address else { return false }
        return trusts(address)
    }

    // MARK: Content

    /// Returns an error if a request with so much content is too large.
    func excess(ofContent bytes: Int) -> InvocationError? {
        guard let limit = tuning.limits.bodyBytesMax, bytes > limit else { return nil }
        return .tooLarge(.body(bytesMax: limit))
    }

    /// Calls `body` with the bytes without ``cuts``, and clears ``cuts``.
    func withTrimmed(_ bytes: Span<UInt8>, _ body: (Span<UInt8>) -> Void) {
        guard !cuts.isEmpty else { return body(bytes) }
        trimmed.clear()
        var start = 0
        for cut in cuts {
            trimmed.append(bytes, ByteRange(start, cut.lower))
            start = cut.upper
        }
        trimmed.append(bytes, ByteRange(start, bytes.count))
        cuts.removeAll(keepingCapacity: true)
        trimmed.withBytes(body)
    }

    // MARK: Clients

    /// Returns an entry for a client, by which its waiting invocations are found again.
    func register(_ client: some ExchangeClient) -> Int {
        if let free = freeEntries.popLast() {
            clients[free] = client
            return free
        }
        clients.append(client)
        return clients.count - 1
    }

    /// Returns an entry for the client of a call, by which changes of the call find it too.
    func register(_ client: InProcessClient, for call: InProcessCall) -> Int {
        calls[ObjectIdentifier(call)] = client
        return register(client)
    }

    /// Removes the client of a call that has ended.
    func remove(_ call: InProcessCall, _ entry: Int) {
        calls[ObjectIdentifier(call)] = nil
        unregister(entry)
    }

    func unregister(_ entry: Int) {
        clients[entry] = nil
        freeEntries.append(entry)
    }

    /// Ensures that a deadline is checked in time.
    func arm(_ deadline: UInt64) {
        if deadline < nextDeadline { nextDeadline = deadline }
    }

    /// Closes idle client connections and lets the others end by themselves. The internal listener stays open, because
    /// other processes must still be able to query the invocations in flight here.
    private func drain() {
        for client in clients { client?.closeIfIdle() }
        stopListening { $0 != .peers }
    }

    // MARK: Slots

    /// Returns a number that no other use of any entry has. A message for a client that has disconnected must not reach
    /// the next client with the same entry.
    func nextGeneration() -> UInt64 {
        lastGeneration &+= 1
        return lastGeneration
    }

    /// Gives a slot to a waiting invocation. If the invocation has ended, the slot is returned at once.
    private func accept(_ handoff: InvocationQueue.SlotHandoff, of handle: FunctionHandle) {
        if let exchange = waiting(handoff.waiter) {
            exchange.granted(handoff.lease)
        } else {
            release(handoff.lease, of: handle)
        }
    }

    /// Returns the exchange of a waiting invocation, or `nil` if it has ended.
    private func waiting(_ waiter: InvocationQueue.Waiter) -> Exchange? {
        guard let client = clients[waiter.entry], client.exchange.isWaiting(generation: waiter.generation) else {
            return nil
        }
        return client.exchange
    }

    /// Returns the exchange whose credentials are being verified, or `nil` if it has ended.
    private func verifying(_ waiter: InvocationQueue.Waiter) -> Exchange? {
        guard let client = clients[waiter.entry], client.exchange.isVerifying(generation: waiter.generation) else {
            return nil
        }
        return client.exchange
    }

    /// Returns a slot to its queue and delivers the next handoff.
    func release(_ lease: InvocationQueue.SlotLease, of handle: FunctionHandle) {
        let time = coarseNow
        let (next, isDrained) = handle.withQueue { queue in
            let next = queue.finish(lease, now: time)
            return (next, queue.isDrained(lease.position))
        }
        if let next { deliver(next, of: handle) }
        if isDrained { shared.noteChange(of: handle.id) }
    }

    /// Delivers a slot to a waiting invocation, on the loop of that invocation.
    func deliver(_ handoff: InvocationQueue.SlotHandoff, of handle: FunctionHandle) {
        let message = Message.handOff(handoff, handle)
        if handoff.waiter.loop == index {
            ownMessages.append(message)
        } else {
            directory.mailboxes[handoff.waiter.loop].post(message)
        }
    }

    // MARK: Time

    private func passTime() {
        let time = coarseNow
        wallClock = SystemClock.secondsSince1970()
        date.update(secondsSince1970: wallClock)
        closeStaleUpstreams(time)
        failSlowConnects(time)
        closeIdleInTheWay(time)
        // Iterates over a copy, because each element may remove itself from the list.
        for upstream in abandoned { upstream.timePassed(time) }
        guard time >= nextDeadline else { return }
        var next = UInt64.max
        for client in clients {
            guard let client else { continue }
            if client.deadline <= time { client.deadlinePassed(time) }
            next = min(next, client.deadline)
        }
        nextDeadline = next
    }
}

/// The logs of requests; each is `nil` if there is none.
struct RequestLogs: Sendable {
    var access: (any AccessLog)?
    var audit: (any AuditLog)?
}

extension HeadScanner {
    fileprivate init(_ tuning: DispatcherSettings.Tuning) {
        self.init(limits: HeadLimits(tuning.limits), upgrades: UpgradeProtocols(tuning.upgradeProtocols))
    }
}
