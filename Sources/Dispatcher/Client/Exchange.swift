import F2SModel

/// One request on its way: routed, admitted, given a slot and a connection, answered. It knows what an invocation is
/// and nothing of where bytes begin and end; reused for every request of a client connection.
final class Exchange {
    enum State {
        /// Nothing is going on.
        case idle
        /// Routed, not admitted yet.
        case routed
        /// In the function's queue.
        case waiting
        /// A slot is held, a connection is being opened.
        case connecting
        /// Sent to a replica, whose answer has not begun.
        case sent
        /// The answer is on its way to the client.
        case responding
        /// HTTP is over.
        case tunnel
    }

    // Safe: the client connection owns its exchange, and hands it to nobody who outlives it.
    unowned(unsafe) let client: ClientConnection
    let worker: Worker
    var state = State.idle
    var upstream: UpstreamConnection?
    /// The request's head as it goes to the replica, and a small body behind it: what can be sent again.
    var request: Buffer?
    private(set) var isWhole = true
    /// Whether content waits until the process that the request was forwarded to has a slot for it.
    var isAwaitingContinue = false
    var facts = ExchangeFacts()
    var entry: RouteTable.Entry?
    var grant: InvocationQueue.Grant?
    var sequence: UInt64?
    var generation: UInt64 = 0
    var times = ExchangeTimes()
    var attempts = Attempts()
    var tunnelEnds: TunnelEnds = []
    var failedReplica: ReplicaCell?
    /// Whether it counts as work in hand: the API's streams do not, they may last for ever.
    var isInvocation = false

    /// Bodies up to this size are held with the head, for one write and for a retry.
    static let heldBodyBytesMax = 4096
    /// Content up to this size is copied behind its head: cheaper than two parts of one write.
    static let joinedContentBytesMax = 1024

    init(client: ClientConnection, worker: Worker) {
        self.client = client
        self.worker = worker
    }

    // MARK: What the client connection tells

    /// A head has arrived: decides where it goes and what is sent there.
    func begin(_ head: RequestHead, _ bytes: Span<UInt8>) {
        generation = worker.nextGeneration()
        times = ExchangeTimes(now: worker.now())
        attempts = Attempts()
        facts = ExchangeFacts(head)
        isWhole = head.framing == .none
        isAwaitingContinue = false
        sequence = nil
        failedReplica = nil
        entry = nil
        state = .routed
        guard !head.isServerWide else { return answerServerWide() }
        do throws(InvocationError) {
            let isInternal = client.isInternal
            let destination = try isInternal ? routeInternal(head, bytes) : route(head, bytes)
            let request = worker.loop.buffers.take()
            self.request = request
            let origin = origin(bytes)
            HeadComposer.request(
                bytes, head, fields: worker.scanner.fields, to: destination, from: origin,
                identity: worker.identities.next(), into: request)
            if let entry, entry.isForward { addPeerFields(to: request) }
            request.append("\r\n")
        } catch {
            // Two readers might take a malformed request differently, so nothing behind it on the connection counts.
            if case .malformedRequest = error { refuse(error) } else { fail(error) }
        }
    }

    /// Whether the request still goes somewhere.
    var isOpen: Bool { state != .idle }

    /// Whether a replica of a function answers, and not F2S itself.
    var isForFunction: Bool { entry.map { !$0.isForward } ?? false }

    /// Whether content can be passed on.
    var isTakingBody: Bool { (state == .sent || state == .responding) && upstream != nil && !isAwaitingContinue }

    var isUpstreamWritable: Bool { upstream?.isWritable ?? true }

    /// The rest of a small request.
    func hold(_ body: Span<UInt8>) {
        request?.append(body)
        isWhole = true
        if isAwaitingContinue {
            isAwaitingContinue = false
            upstream?.write(body)
        }
    }

    /// It will not be sent again.
    func forgetRequest() {
        guard let request else { return }
        self.request = nil
        worker.loop.buffers.put(request)
    }

    /// The head, and a small body, are there: looks for a slot.
    func start() {
        guard state == .routed else { return }
        guard let entry else { return relay() }
        entry.cell.meters.count(.incoming)
        isInvocation = true
        worker.shared.invocationBegan()
        times.deadline = times.began &+ entry.declaration.timeout
        admit(entry)
    }

    func passUpstream(_ bytes: Span<UInt8>) {
        upstream?.write(bytes)
        noteActivity()
    }

    func clientWritabilityChanged(isWritable: Bool) {
        upstream?.setReading(isWritable)
        noteActivity()
    }

    /// The client has left: its place or its slot is free at once.
    func clientGone() {
        guard state != .idle else { return }
        if state != .tunnel { entry?.cell.meters.count(.abandoned) }
        leaveQueue()
        end()
    }

    // MARK: Slots

    func isWaiting(generation: UInt64) -> Bool { state == .waiting && self.generation == generation }

    func granted(_ grant: InvocationQueue.Grant) {
        self.grant = grant
        times.granted = worker.coarseNow
        times.firstReplica = grant.acceptingSince
        connect(grant.replica)
    }

    /// - Parameter isMoved: whether it waited in another queue of the function until now.
    func admit(_ entry: RouteTable.Entry, isMoved: Bool = false) {
        let waiter = InvocationQueue.Waiter(loop: worker.index, entry: client.entry, generation: generation)
        let now = worker.coarseNow
        let wallClock = worker.wallClock
        let (avoided, place) = (failedReplica, sequence)
        // What another process forwards was counted there, where the caller is known.
        let caller =
            entry.declaration.countsCallers && !client.isInternal && !isMoved ? facts.caller ?? client.caller : nil
        let admission = entry.cell.withActiveQueue(now: now) {
            $0.admit(
                waiter, from: caller, avoiding: avoided, sequence: place, isMoved: isMoved, now: now,
                wallClock: wallClock)
        }
        switch admission {
        case .granted(let grant, let sequence):
            self.sequence = sequence
            granted(grant)
        case .waiting(let sequence, let isCold, let activate):
            self.sequence = sequence
            state = .waiting
            times.isCold = times.isCold || isCold
            // From now on, not from the beginning: who comes back to the queue waits for another first replica.
            let scaling = now &+ max(worker.times.scaling, entry.declaration.startTimeout)
            client.setDeadline(at: isCold ? min(times.deadline, scaling) : times.deadline)
            if activate {
                // One that is there and is being tried again is no first one.
                if !entry.cell.withQueue({ $0.isStarting }) { entry.cell.meters.count(.activated) }
                worker.shared.noteChange(of: entry.cell.id)
            }
            client.updateReading()
        case .full(let limit): fail(.queueFull(limit: limit))
        case .limited(let wait):
            entry.cell.meters.count(.limited)
            fail(.rateExceeded(retryAfter: .nanoseconds(Int64(clamping: wait))))
        case .closed: fail(.functionNotFound(path: entry.declaration.route.path))
        case .moved: turnAway(entry)
        case .failed(let trouble): fail(.startFailed(trouble))
        }
    }

    func leaveQueue() {
        guard state == .waiting, let entry, let sequence else { return }
        let now = worker.now()
        // Where the place is gone already, a slot is on its way; the worker gives it back when it finds nobody.
        _ = entry.cell.withQueue { $0.leave(sequence, now: now) }
    }

    func releaseSlot() {
        guard let grant, let entry else { return }
        self.grant = nil
        worker.giveBack(grant, of: entry.cell)
    }

    // MARK: Connections

    func connect(_ replica: ReplicaCell) {
        // A request that cannot be repeated must not meet a connection that its replica is closing.
        let isRepeatable = facts.isIdempotent && isWhole
        let wish = IdleWish(isFresh: !isRepeatable, isUnused: attempts.hasSentAgain)
        let search = worker.takeIdle(replica, wish)
        if case .found(let upstream) = search { return attach(upstream) }
        state = .connecting
        client.setDeadline(
            at: entry == nil ? worker.coarseNow &+ worker.times.http : times.deadline)
        let expected = generation
        let own = client
        let connected = { [worker] (result: Result<UpstreamConnection, SystemError>) in
            let exchange = own.exchange
            let isWanted = exchange.generation == expected && exchange.isConnecting
            switch result {
            case .success(let upstream) where !isWanted: worker.keepIdle(upstream)
            case .success(let upstream): exchange.attach(upstream)
            case .failure(let error): if isWanted { exchange.connectFailed(replica, error) }
            }
        }
        if case .lender(let loop) = search {
            worker.borrow(replica, from: loop, wish, then: connected)
        } else {
            worker.connect(replica, then: connected)
        }
    }

    var isConnecting: Bool {
        if case .connecting = state { true } else { false }
    }

    private func attach(_ upstream: UpstreamConnection) {
        self.upstream = upstream
        state = .sent
        upstream.begin(self)
        request?.withBytes { upstream.write($0) }
        noteActivity()
        if !isWhole { passContentOn() }
    }

    private func connectFailed(_ replica: ReplicaCell, _ error: SystemError) {
        let isOutOfDescriptors = ConnectFailure.isOutOfDescriptors(error)
        guard let entry else { return fail(isOutOfDescriptors ? .outOfDescriptors : .apiUnavailable) }
        // One that does not exist any more is no attempt.
        let isGone = replica.isRetired
        if ConnectFailure.isRefusal(error), entry.cell.withQueue({ $0.refused(replica) }) {
            worker.dial(replica, of: entry.cell)
            worker.shared.noteChange(of: entry.cell.id)
        }
        releaseSlot()
        failedReplica = replica
        guard !isOutOfDescriptors else { return fail(.outOfDescriptors) }
        guard isGone || attempts.mayConnectAgain() else { return fail(.connectFailed) }
        entry.cell.meters.count(.retried)
        admit(entry)
    }
}

extension Exchange {
    /// Where the request came from: what the client's connection says, a trusted proxy, or another F2S process.
    private func origin(_ bytes: Span<UInt8>) -> HeadComposer.Origin {
        if client.isInternal, entry != nil { return .init(forwarding: .kept) }
        var origin = HeadComposer.Origin(
            forwarding: client.forwarding, prefix: entry?.declaration.publicPath ?? [])
        guard worker.trusts(client.ip) else { return origin }
        let trusted = worker.scanner.takeOrigin(bytes)
        origin.trusted = trusted
        if entry?.declaration.countsCallers == true {
            let sender = ForwardedClient(bytes, worker.scanner.fields, trusted)
            facts.caller = UInt64(
                truncatingIfNeeded: sender.hash(bytes, peer: client.ip) { worker.trusts($0) })
        }
        return origin
    }

    /// The path on the replica, or on the other process.
    func destination(
        of entry: RouteTable.Entry, _ span: Span<UInt8>, _ head: RequestHead, _ rest: Int
    ) throws(InvocationError) -> HeadComposer.Destination {
        // A path of one byte is all of the replica.
        if let path = entry.declaration.path, path.count > 1,
            PathCheck.hasDotSegment(span, ByteRange(rest, head.path.upper))
        {
            throw .malformedRequest(reason: "The path holds '.' or '..', which would lead out of target.endpoint")
        }
        // Another process gets the path in its usual spelling, by which it can be sent elsewhere.
        let publicPath = entry.isForward && head.hasEscapes ? RouteTable.publicPath(entry.declaration.route) : nil
        return .init(path: entry.declaration.path ?? publicPath, rest: rest)
    }

    /// Which function or the API server, and the path there.
    private func route(_ head: RequestHead, _ span: Span<UInt8>) throws(InvocationError) -> HeadComposer.Destination {
        if client.kind == .management { try refuseFunction() }
        guard RouteTable.isInvocation(span, head) else { return try routeToAPI(head, span) }
        guard let table = worker.table else { throw .starting }
        switch table.match(span, head) {
        case .found(let entry, let rest):
            try checkFunction(head, span, entry)
            self.entry = entry
            return try destination(of: entry, span, head, rest)
        case .methodNotAllowed(let allowed, let entry):
            try checkFunction(head, span, entry)
            self.entry = entry
            throw .methodNotAllowed(allowed: allowed)
        case .notFound:
            let path = span.text(head.path)
            guard !PathCheck.isAmbiguous(path) else {
                throw .malformedRequest(
                    reason: "The path holds '.', '..' or an encoded slash where a route is looked for")
            }
            throw .functionNotFound(path: String(path.dropFirst(RouteTable.prefix.utf8CodeUnitCount)))
        }
    }

    /// Refuses a request that names another function than the one that its route belongs to.
    private func checkFunction(
        _ head: RequestHead, _ span: Span<UInt8>, _ entry: RouteTable.Entry
    ) throws(InvocationError) {
        guard let field = head.facts.function else { return }
        let named = span.text(field)
        let routed = entry.declaration.name.text
        guard named == routed else { throw .otherFunction(named: String(named.prefix(80)), routed: routed) }
    }
}
