import F2SModel

/// One request and its response. The exchange routes the request, admits it, acquires a slot and a connection, and
/// passes the response on. It does not know where messages begin and end in the byte stream. It is reused for every
/// request of a client.
final class Exchange {
    // Safe: the client owns its exchange. The exchange does not use the client after ``end(_:)``, which may release it.
    private unowned(unsafe) var owner: (any ExchangeClient)?
    /// The client, which owns this exchange and sets this when it is created. Each use of the property retains the
    /// client, so a method that every request calls reads it once.
    var client: any ExchangeClient {
        get {
            guard let owner else { preconditionFailure("A client sets this before it uses its exchange") }
            return owner
        }
        set { owner = newValue }
    }
    let worker: Worker
    /// The decisions.
    var state = ExchangeState()
    var upstream: UpstreamConnection?
    /// The request's head as it is sent to the replica, and a small body behind it: the part that can be sent again.
    var request: ComposedRequest?
    var entry: RouteTable.Entry?
    /// The protocol for which the client asks to leave HTTP, in lower case.
    private(set) var upgrade: [UInt8]?
    private(set) var lease: InvocationQueue.SlotLease?
    var sequence: UInt64?
    /// The caller that must be verified before the invocation goes to its queue; `nil` if none must.
    var unverified: UnverifiedCaller?
    /// True if the function declares ``Function/CORS``.
    private(set) var hasCORS = false
    /// The field lines for the page of a browser: those that let it read the response, unless the function decides
    /// that, and those that keep the response of a user out of caches; `nil` if there are none.
    var pageFields: [UInt8]?
    /// The record for the access log; `nil` if the request is not recorded.
    var access: PendingAccessRecord?
    /// Differs for every use of the exchange, so that a late message for an earlier one is recognized.
    var generation: UInt64 = 0
    private var failedReplica: ReplicaHandle?

    /// The largest body, in bytes, that is held with the head, for one write and for a retry.
    static let heldBodyBytesMax = 4096

    init(worker: Worker) { self.worker = worker }

    // MARK: Methods that the client calls

    /// Begins the exchange of a request whose head has arrived: routes the request and composes the head for the
    /// upstream.
    /// - Parameter takesChunks: True if the client understands chunks and interim responses. Otherwise it gets plain
    ///   content.
    func begin(_ head: RequestHead, _ bytes: Span<UInt8>, takesChunks: Bool) {
        generation = worker.nextGeneration()
        state.begin(
            RequestTraits(head, takesChunks: takesChunks), isWhole: head.framing == .none, now: worker.now())
        sequence = nil
        entry = nil
        // Comparing costs less than releasing nothing, and most requests have none of these.
        if unverified != nil { unverified = nil }
        if pageFields != nil { pageFields = nil }
        hasCORS = false
        upgrade = head.upgrade.map { bytes.lowercased($0) }
        let client = client
        if worker.tuning.logsAccess { beginAccessRecord(head, bytes) }
        do throws(InvocationError) {
            let principal = try principal(of: client, head, bytes)
            let destination = try client.isInternal ? routeInternal(head, bytes, principal) : route(head, bytes)
            if hasCORS, let fields = try preflight(head, bytes) { return answerPreflight(fields) }
            let caller = try identify(principal, head, bytes)
            if let caller { try check(caller) { audit($0, of: caller, head, bytes) } }
            let origin = admit(principal, at: client.address, bytes)
            if head.known.hasCookies, !client.exchangesConsoleCookies, !isLogin(head, bytes) {
                worker.scanner.dropConsoleCookies(ofRequest: bytes)
            }
            let identity = worker.identities.next()
            access?.name(identity)
            var request = ComposedRequest(
                bytes, head, fields: worker.scanner.fields, to: destination, from: origin, identity: identity,
                into: worker.loop.buffers.acquire())
            if let caller { request.name(caller) }
            endHead(of: &request)
            self.request = request
        } catch {
            notePage(bytes)
            if error.stage == .auth, error != .forbidden(.invoke) { audit(error, of: nil, head, bytes) }
            // Two parsers may read a malformed request differently, so the bytes behind it on the connection are not
            // used.
            if case .malformedRequest = error { failAndClose(error) } else { fail(error) }
        }
    }

    /// True if the request has not ended.
    var isOpen: Bool { state.phase != .idle }

    /// True if a replica of a function responds, and not F2S itself.
    var isForFunction: Bool { if case .replica = state.destination { true } else { false } }

    /// True if content can be passed on.
    var isTakingBody: Bool { state.isTakingBody }

    var isUpstreamWritable: Bool { upstream?.isWritable ?? true }

    /// Adds the body of a small request, which is then complete.
    func hold(_ body: Span<UInt8>) {
        request?.bytes.append(body)
        if state.bodyHeld() { upstream?.write(body) }
    }

    /// Releases the request, which will not be sent again.
    private func forgetRequest() {
        if let request = request.take() { worker.loop.buffers.release(request.bytes) }
    }

    /// Sends the request to its queue, or relays it. Its head, and its body if that is small, have arrived.
    /// - Parameter timeoutMax: The longest time in nanoseconds from the request's head to the response's head that the
    ///   client accepts.
    func start(timeoutMax: UInt64 = .max) {
        guard state.phase == .routed else { return }
        guard let entry else { return relay() }
        entry.handle.meters.count(.incoming)
        state.ready(timeout: entry.declaration.timeout, timeoutMax: timeoutMax)
        worker.shared.invocationBegan()
        if let unverified { verify(unverified.credentials, at: entry) } else { enqueue(entry) }
    }

    func passUpstream(_ bytes: Span<UInt8>) {
        upstream?.write(bytes)
        noteActivity()
    }

    func clientWritabilityChanged(isWritable: Bool) {
        upstream?.setReading(isWritable)
        noteActivity()
    }

    /// Ends the exchange because the client has disconnected. Its position in the queue is free at once; its slot, at
    /// the latest once the replica has finished.
    func clientGone() {
        guard isOpen else { return }
        if state.phase != .tunnel { entry?.handle.meters.count(.abandoned) }
        end(.clientGone)
    }

    // MARK: Slots

    func isWaiting(generation: UInt64) -> Bool { state.phase == .waiting && self.generation == generation }

    func granted(_ lease: InvocationQueue.SlotLease) {
        self.lease = lease
        state.granted(at: worker.coarseNow, acceptingSince: lease.acceptingSince)
        connect(lease.replica)
    }

    /// Takes the invocation to a queue, which grants a slot, lets it wait or rejects it.
    /// - Parameter isMoved: True if the invocation waited in another queue of the function until now.
    func enqueue(_ entry: RouteTable.Entry, isMoved: Bool = false) {
        let waiter = InvocationQueue.Waiter(loop: worker.index, entry: client.entry, generation: generation)
        let now = worker.coarseNow
        let wallClock = worker.wallClock
        let (avoided, position) = (failedReplica, sequence)
        // The first queue has counted an invocation that moves.
        let caller = isMoved ? nil : state.traits.rateKey
        let verdict = entry.handle.withActiveQueue(now: now) {
            $0.admit(
                waiter, from: caller, avoiding: avoided, sequence: position, isMoved: isMoved, now: now,
                wallClock: wallClock)
        }
        switch verdict {
        case .granted(let lease, let sequence):
            self.sequence = sequence
            granted(lease)
        case .waiting(let sequence, let isCold, let activate):
            self.sequence = sequence
            let scaling = now &+ max(worker.times.scaling, entry.declaration.startTimeout)
            client.setDeadline(at: state.queued(isCold: isCold, firstReplica: scaling))
            if activate {
                // A replica that is listed and only tried again is not a first replica.
                if !entry.handle.withQueue({ $0.isStarting }) { entry.handle.meters.count(.activated) }
                worker.shared.noteChange(of: entry.handle.id)
            }
            client.updateReading()
        case .queueFull(let limit): fail(.queueFull(limit: limit))
        case .rateExceeded(let wait):
            entry.handle.meters.count(.limited)
            fail(.rateExceeded(retryAfter: .nanoseconds(Int64(clamping: wait))))
        case .closed: fail(.functionNotFound(path: entry.declaration.route.path))
        case .moved: moveToOwner(entry)
        case .failed(let startFailure): fail(.startFailed(startFailure))
        }
    }

    /// Releases everything that the exchange holds. If its position in the queue is gone, a slot is on its way. The
    /// worker returns that slot when it finds no waiting exchange.
    func release(_ teardown: ExchangeState.Teardown) {
        if teardown.contains(.leaveQueue), let entry, let sequence {
            let now = worker.now()
            _ = entry.handle.withQueue { $0.leave(sequence, now: now) }
        }
        generation = worker.nextGeneration()
        if teardown.contains(.countEnd) { worker.shared.invocationEnded() }
        if let upstream = upstream.take() {
            if teardown.contains(.abandonUpstream) { abandon(upstream) } else { upstream.close() }
        }
        if teardown.contains(.returnSlot) { returnSlot() }
        failedReplica = nil
        if unverified != nil { unverified = nil }
        forgetRequest()
    }

    /// Releases the upstream connection of an invocation that ends before its response did. The slot is held until the
    /// replica has finished: only then can another invocation run there without the function counting two at once.
    private func abandon(_ upstream: UpstreamConnection) {
        guard let lease, let entry else { return upstream.close() }
        self.lease = nil
        upstream.abandon(AbandonedSlot(lease: lease, handle: entry.handle), isRequestComplete: client.isRequestComplete)
    }

    /// Forgets the position in a queue, because the invocation moves to another queue.
    func forgetPosition() {
        sequence = nil
        failedReplica = nil
        generation = worker.nextGeneration()
    }

    private func returnSlot() {
        guard let entry, let lease = lease.take() else { return }
        worker.release(lease, of: entry.handle)
    }

    // MARK: Connections

    func connect(_ replica: ReplicaHandle) {
        let requirement = state.requirement
        let search = worker.leaseIdle(replica, requirement)
        if case .found(let upstream) = search { return attach(upstream) }
        client.setDeadline(at: entry == nil ? worker.coarseNow &+ worker.times.http : state.times.deadline)
        let expected = generation
        let own = client
        let connected = { [worker] (result: Result<UpstreamConnection, SystemError>) in
            let exchange = own.exchange
            let isWanted = exchange.generation == expected && exchange.state.phase == .connecting
            switch result {
            case .success(let upstream) where !isWanted: worker.keepIdle(upstream)
            case .success(let upstream): exchange.attach(upstream)
            case .failure(let error): if isWanted { exchange.connectFailed(replica, error) }
            }
        }
        if case .lender(let loop) = search {
            worker.borrow(replica, from: loop, requirement, then: connected)
        } else {
            worker.connect(replica, then: connected)
        }
    }

    private func attach(_ upstream: UpstreamConnection) {
        self.upstream = upstream
        state.connected()
        upstream.begin(self)
        request?.bytes.withBytes { upstream.write($0) }
        noteActivity()
        if !state.isWhole, !state.isAwaitingContinue { client.resume() }
    }

    private func connectFailed(_ replica: ReplicaHandle, _ error: SystemError) {
        if error.isConnectionRefused { suspend(replica) }
        let recovery = state.connectFailed(
            isOutOfDescriptors: error.isOutOfDescriptors, isReplicaGone: replica.isRetired)
        if case .admitAgain = recovery { entry?.handle.meters.count(.retried) }
        recover(recovery)
    }

    /// Suspends the replica until it accepts a connection again, as a replica that has just started does.
    /// - Parameter delay: Nanoseconds until the first attempt to connect.
    private func suspend(_ replica: ReplicaHandle, for delay: UInt64 = 0) {
        guard let entry, entry.handle.withQueue({ $0.refused(replica) }) else { return }
        worker.dial(replica, of: entry.handle, after: delay)
        worker.shared.noteChange(of: entry.handle.id)
    }

    /// Handles a connection that did not serve the request.
    func recover(_ loss: ExchangeState.Loss) {
        if let delay = loss.suspension, let lease { suspend(lease.replica, for: delay) }
        recover(loss.recovery)
    }

    func recover(_ recovery: ExchangeState.Recovery) {
        switch recovery {
        case .admitAgain:
            guard let entry else { return }
            failedReplica = lease?.replica
            returnSlot()
            generation = worker.nextGeneration()
            enqueue(entry)
        case .reconnect: connect(relayUpstream)
        case .fail(let error): fail(error)
        case .breakOff:
            entry?.handle.meters.countFailure(.function)
            end(.brokenOff(.replicaLost(afterResponseBegan: true)))
        case .closeTunnel: end(.tunnelClosed)
        }
    }
}

extension Exchange {
    /// Returns the principal of the request, or rejects a client that may not use the listener.
    private func principal(
        of client: any ExchangeClient, _ head: RequestHead, _ bytes: Span<UInt8>
    ) throws(InvocationError) -> Admission.Principal {
        try Admission.principal(
            on: client.listener, isInvocation: RouteTable.isInvocation(bytes, head),
            showsToken: worker.peers?.token.isShown(by: worker.scanner.fields, bytes) ?? false,
            functionAddress: functionAddress(of: client))
    }

    /// Admits the request, whose route is known.
    /// - Returns: The origin that F2S reports to the upstream.
    private func admit(
        _ principal: Admission.Principal, at address: ClientAddress, _ bytes: Span<UInt8>
    ) -> HeadComposer.Origin {
        var admission = Admission(
            of: principal, at: address, to: entry, isUnverified: unverified != nil
        ) { worker.trusts($0) }
        if admission.isFromTrustedProxy {
            admission.readOrigin(bytes, &worker.scanner) { worker.trusts($0) }
        }
        if let rateKey = admission.rateKey { state.identified(rateKey: rateKey) }
        return admission.origin
    }

    /// Returns the path on the replica, or on the other process.
    func destination(
        of entry: RouteTable.Entry, _ span: Span<UInt8>, _ head: RequestHead, _ rest: Int
    ) throws(InvocationError) -> HeadComposer.Destination {
        if mayLeave(entry, PathCheck.hasDotSegment(span, ByteRange(rest, head.path.upper))) {
            throw Self.dotSegmentError
        }
        return .init(path: entry.declaration.path, rest: rest)
    }

    /// Returns true if a path may lead out of the target's path.
    func mayLeave(_ entry: RouteTable.Entry, _ hasDotSegment: @autoclosure () -> Bool) -> Bool {
        // A path of one byte stands for the whole replica.
        guard let path = entry.declaration.path, path.count > 1 else { return false }
        return hasDotSegment()
    }

    static let dotSegmentError = InvocationError.malformedRequest(
        reason: "The path contains '.' or '..', which would lead out of target.endpoint")

    func route(to entry: RouteTable.Entry) {
        self.entry = entry
        hasCORS = entry.declaration.cors != nil
        state.routed(to: entry.destination)
    }

    /// Returns the destination of a public request, which is for a function or for the API server.
    private func route(_ head: RequestHead, _ span: Span<UInt8>) throws(InvocationError) -> HeadComposer.Destination {
        guard RouteTable.isInvocation(span, head) else { return try routeToAPI(head, span) }
        guard let table = worker.table else { throw .starting }
        switch table.match(span, head) {
        case .found(let entry, let rest):
            try checkFunction(head, span, entry)
            route(to: entry)
            return try destination(of: entry, span, head, rest)
        case .methodNotAllowed(let allowed, let entry):
            try checkFunction(head, span, entry)
            route(to: entry)
            throw .methodNotAllowed(allowed: allowed)
        case .notFound:
            let path = span.text(head.path)
            guard !PathCheck.isAmbiguous(path) else {
                throw .malformedRequest(
                    reason: "The path matches no route and contains '.', '..' or an encoded slash")
            }
            throw .functionNotFound(path: String(path.dropFirst(RouteTable.prefix.utf8CodeUnitCount)))
        }
    }

    /// Rejects a request that names another function than the one to which its route belongs.
    private func checkFunction(
        _ head: RequestHead, _ span: Span<UInt8>, _ entry: RouteTable.Entry
    ) throws(InvocationError) {
        guard let field = head.known.function else { return }
        let named = span.text(field)
        let routed = entry.declaration.name.text
        guard named == routed else { throw .otherFunction(named: String(named.prefix(80)), routed: routed) }
    }
}

extension RouteTable.Entry {
    var destination: ExchangeState.Destination {
        isForward ? .peer : .replica(holdsSlots: declaration.holdsSlots)
    }
}

// Requests for the management API.
extension Exchange {
    private static let healthPath: StaticString = "/health"
    /// ``FunctionLogin/path`` and ``FunctionLogin/callbackPath``.
    private static let loginPath: StaticString = "/login"
    private static let loginCallbackPath: StaticString = "/login/callback"

    /// Returns the destination on the management API. If the management API has its own listener, the public listener
    /// serves only `/health` of it.
    func routeToAPI(
        _ head: RequestHead, _ bytes: Span<UInt8>
    ) throws(InvocationError) -> HeadComposer.Destination {
        guard
            client.listener != .invocations || bytes.isExactly(Self.healthPath, in: head.path)
                || isLogin(head, bytes)
        else {
            throw .managementElsewhere
        }
        return .init(path: nil, rest: 0)
    }

    /// Returns true if the request is a part of the sign-in at a function, which the API server answers.
    private func isLogin(_ head: RequestHead, _ bytes: Span<UInt8>) -> Bool {
        guard worker.logins != nil, entry == nil else { return false }
        return bytes.isExactly(Self.loginPath, in: head.path) || bytes.isExactly(Self.loginCallbackPath, in: head.path)
    }

    /// The client's address if a function runs there, and otherwise `nil`. It is looked up for each request, because a
    /// replica may have connected before its address was known.
    private func functionAddress(of client: any ExchangeClient) -> String? {
        guard let address = client.address.text, worker.shared.isFunction(at: address) else { return nil }
        return address
    }
}
