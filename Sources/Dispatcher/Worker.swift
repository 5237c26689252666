import F2SModel
import Glibc
import Synchronization

/// One event loop's share of the dispatcher: its clients, its connections to replicas, its clock. Made and used on its
/// loop's thread only; everybody else sends it a ``Message``.
final class Worker {
    let index: Int
    let loop: EventLoop
    let shared: SharedState
    let directory: LoopDirectory
    /// The API server, one more upstream, on a socket of our own.
    let api: ReplicaCell
    /// `nil`: there is no internal listener.
    private(set) var peers: InternalUpstream?
    var tuning: DispatcherSettings.Tuning {
        didSet {
            scanner = HeadScanner(tuning)
            times = LoopTimes(tuning)
        }
    }
    private(set) var times: LoopTimes
    /// `nil` until the declarations have been read: then nobody knows that a path is not a function's.
    private(set) var table: RouteTable?
    /// For what arrives on the internal listener.
    private(set) var homeTable: RouteTable?
    var scanner: HeadScanner
    var identities: IdentityGenerator
    /// What is being put together to be written at once.
    let output = Buffer(capacity: BufferPool.capacityMax)

    /// Runs of the bytes that are being read which are not passed on, and the bytes without them.
    var cuts: [ByteRange] = []
    private let trimmed = Buffer(capacity: BufferPool.capacity)

    /// Seconds since 1970, at most one tick old.
    private(set) var wallClock: Double
    private(set) var date: DateLine
    private var clients: [ClientConnection?] = []
    private var freeEntries: [Int] = []
    /// Idle connections, by the number of their replica.
    var pools: [Int: UpstreamPool] = [:]
    /// Those that wait for another loop's idle connection.
    var borrowing: [UInt64: (ReplicaCell, (Result<UpstreamConnection, SystemError>) -> Void)] = [:]
    /// Connections that carry their first request and have received nothing yet.
    var unserved: [UpstreamConnection] = []
    var connecting: [UpstreamConnection] = []
    /// Those that finish an invocation which was abandoned.
    var abandoned: [AbandonedUpstream] = []
    /// Messages of this loop to itself: they need no lock and no wake-up.
    private var ownMessages: [Message] = []
    private var lastGeneration: UInt64 = 0
    private var nextDeadline = UInt64.max
    var listeners: [Listener] = []
    var nextLoop = 0
    var lingeringRefusals = 0

    /// A connection that was idle for no longer is not likely to be closing.
    static let freshNanoseconds: UInt64 = 1_000_000_000
    /// How late a deadline may be noticed.
    static let tickNanoseconds: UInt64 = 50_000_000

    init(
        index: Int, poll: Poll, directory: LoopDirectory, shared: SharedState, api: ReplicaCell,
        peers: InternalUpstream?, tuning: DispatcherSettings.Tuning
    ) {
        self.index = index
        loop = EventLoop(poll: poll)
        self.directory = directory
        self.shared = shared
        self.api = api
        self.peers = peers
        self.tuning = tuning
        times = LoopTimes(tuning)
        scanner = HeadScanner(tuning)
        var generator = SystemRandomNumberGenerator()
        identities = IdentityGenerator(seed: generator.next())
        wallClock = Clock.secondsSince1970()
        date = DateLine(secondsSince1970: wallClock)
    }

    /// The monotonic clock in nanoseconds when this round began: good enough for what is silent for seconds.
    var coarseNow: UInt64 { loop.now }

    /// The monotonic clock in nanoseconds.
    func now() -> UInt64 { loop.lookAtClock() }

    /// Works until a message says stop.
    func run() {
        let mailbox = directory.mailboxes[index]
        loop.watchMailbox(mailbox.descriptor)
        loop.run(
            tick: Self.tickNanoseconds, mailArrived: { for message in mailbox.takeAll() { take(message) } },
            roundEnded: takeOwnMessages, timePassed: passTime)
    }

    private func takeOwnMessages() {
        // What is posted meanwhile waits for the next turn of this loop, not of the event loop.
        while !ownMessages.isEmpty {
            let messages = ownMessages
            ownMessages = []
            for message in messages { take(message) }
        }
    }

    private func take(_ message: Message) {
        switch message {
        case .listen(let descriptor, let kind): listen(Listener(descriptor: descriptor, kind: kind))
        case .adopt(let descriptor, let peer, let kind): adopt(descriptor, peer, kind)
        case .route(let tables):
            table = tables.open
            homeTable = tables.home
        case .tune(let tuning): self.tuning = tuning
        case .trust(let token): peers = peers.map { InternalUpstream(token: token, hooks: $0.hooks) }
        case .dial(let replica, let cell): dial(replica, of: cell)
        case .forget(let replica): forget(replica)
        case .lend(let replica, let wish, let loop, let ticket): lend(replica, wish, to: loop, ticket: ticket)
        case .lent(let descriptor, let since, let ticket): lent(descriptor, idleSince: since, ticket: ticket)
        case .closeIdle(let replica): closeIdle(replica.number)
        case .wake(let wake, let cell): self.wake(wake, of: cell)
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

    /// Whether the word of an address about where a request came from counts.
    func trusts(_ address: IPAddress?) -> Bool {
        guard !tuning.trustedProxies.isEmpty, let address else { return false }
        return tuning.trustedProxies.contains { $0.contains(address) }
    }

    // MARK: Content

    /// Calls `body` with bytes less ``cuts``, which are forgotten.
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

    /// Gives a client connection its entry, by which waiting invocations are found again. It was counted when it was
    /// accepted.
    func register(_ client: ClientConnection) -> Int {
        if let free = freeEntries.popLast() {
            clients[free] = client
            return free
        }
        clients.append(client)
        return clients.count - 1
    }

    func unregister(_ entry: Int) {
        shared.connections.subtract(1, ordering: .relaxed)
        clients[entry] = nil
        freeEntries.append(entry)
    }

    /// Makes sure that a deadline is looked at in time.
    func arm(_ deadline: UInt64) {
        if deadline < nextDeadline { nextDeadline = deadline }
    }

    /// Closes the connections on which nothing is going on, and lets the others end by themselves. Other processes must
    /// still be able to ask what is in hand here.
    private func drain() {
        for client in clients { client?.closeIfIdle() }
        stopListening { $0 != .peers }
    }

    // MARK: Slots

    /// A number that no other use of any entry has: what is meant for a client that has left must not reach the next
    /// one with its entry.
    func nextGeneration() -> UInt64 {
        lastGeneration &+= 1
        return lastGeneration
    }

    /// A slot for one who waited. If that one has left, the slot goes back at once.
    private func wake(_ wake: InvocationQueue.Wake, of cell: FunctionCell) {
        if let exchange = waiting(wake.waiter) { exchange.granted(wake.grant) } else { giveBack(wake.grant, of: cell) }
    }

    /// `nil`: that one has left.
    private func waiting(_ waiter: InvocationQueue.Waiter) -> Exchange? {
        guard let client = clients[waiter.entry], client.exchange.isWaiting(generation: waiter.generation) else {
            return nil
        }
        return client.exchange
    }

    /// Returns a slot and hands it on.
    func giveBack(_ grant: InvocationQueue.Grant, of cell: FunctionCell) {
        let time = coarseNow
        let (next, isDrained) = cell.withQueue { queue in
            let next = queue.finish(grant, now: time)
            return (next, queue.isDrained(grant.position))
        }
        if let next { deliver(next, of: cell) }
        if isDrained { shared.noteChange(of: cell.id) }
    }

    /// Hands a slot to one who waited for it.
    func deliver(_ wake: InvocationQueue.Wake, of cell: FunctionCell) {
        let message = Message.wake(wake, cell)
        if wake.waiter.loop == index {
            ownMessages.append(message)
        } else {
            directory.mailboxes[wake.waiter.loop].post(message)
        }
    }

    // MARK: Time

    private func passTime() {
        let time = coarseNow
        wallClock = Clock.secondsSince1970()
        date.update(secondsSince1970: wallClock)
        closeStaleUpstreams(time)
        failSlowConnects(time)
        closeIdleInTheWay(time)
        // A copy: each may leave the list.
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

extension HeadScanner {
    fileprivate init(_ tuning: DispatcherSettings.Tuning) {
        self.init(limits: HeadLimits(tuning.limits), upgrades: UpgradeProtocols(tuning.upgradeProtocols))
    }
}
