import F2SModel

/// The state machine of one request and its response. Each event is a method that returns the action to take, and
/// ``Exchange`` takes it with its connections, its buffers and the function's queue. No I/O, clock or lock.
///
/// A request is `routed`, then `verifying` if its caller is not known yet, `waiting` if no slot is free, `connecting`
/// once it holds one, `sent`, and `responding`. A retry, or a move to another queue, returns it to `routed`. Every end
/// passes through ``end()``, which lists what must be released.
struct ExchangeState {
    enum Phase: CaseIterable {
        /// There is no request.
        case idle
        /// Routed, and not in a queue yet or any more.
        case routed
        /// Waits until the caller's credentials have been verified.
        case verifying
        /// Waits in the function's queue.
        case waiting
        /// A connection is being chosen or opened. An invocation holds a slot.
        case connecting
        /// Sent to the upstream, whose response has not begun.
        case sent
        /// The response is being passed to the client.
        case responding
        /// The connection has left HTTP.
        case tunnel
    }

    /// The destination of a request.
    enum Destination: Equatable {
        /// The management API, or the hooks on the internal listener. It has no queue.
        case management
        /// A replica of a function. If `holdsSlots` is true, the function's slots are limited: the slot of an abandoned
        /// invocation is held until the replica has finished.
        case replica(holdsSlots: Bool)
        /// Another F2S process.
        case peer
    }

    /// The reaction to a connection that failed, was lost or did not serve the request.
    enum Recovery: Equatable {
        /// Return the slot and admit the invocation again, at its position in the queue.
        case admitAgain
        /// Connect to the management API again.
        case reconnect
        /// Respond with an error.
        case fail(InvocationError)
        /// Break the response off, because it has begun.
        case breakOff
        /// Close the tunnel.
        case closeTunnel
    }

    /// The reaction to a lost or unusable upstream connection.
    struct Loss: Equatable {
        /// The time, in nanoseconds, after which the replica is tried again. Until it accepts a connection, it receives
        /// no invocations. `nil` if the replica is not suspended.
        var suspension: UInt64?
        var recovery: Recovery
    }

    /// The reaction to an interim response (1xx).
    enum Interim: Equatable { case ignore, pass, sendContent }

    /// The reaction to an expired deadline.
    enum Expiry: Equatable {
        case closeClient
        /// Break off, unless the client is still reading earlier bytes.
        case failUnlessReading(InvocationError)
        /// Respond and close the connection.
        case failAndClose(InvocationError)
        case fail(InvocationError)
        /// The queue knows the reason: ``waitExpired(_:isAccepting:startFailure:)``.
        case askQueue
    }

    /// The reaction to an expired wait in the queue.
    enum WaitExpiry: Equatable {
        case keepWaiting(until: UInt64)
        case fail(InvocationError)
    }

    /// The way in which F2S responds with an error.
    enum Failure: Equatable {
        case respond(keepAlive: Bool)
        /// A response has begun. No second one may follow.
        case breakOff
    }

    /// The things that the end of an exchange releases.
    struct Teardown: OptionSet {
        let rawValue: UInt8

        static let leaveQueue = Teardown(rawValue: 1)
        /// Count the end of an invocation in flight.
        static let countEnd = Teardown(rawValue: 2)
        static let closeUpstream = Teardown(rawValue: 4)
        /// Hand the connection and its slot over until the replica has finished.
        static let abandonUpstream = Teardown(rawValue: 8)
        static let returnSlot = Teardown(rawValue: 16)
    }

    private(set) var phase = Phase.idle
    private(set) var destination = Destination.management
    private(set) var traits = RequestTraits()
    private(set) var times = ExchangeTimes()
    /// True if the held request can be sent again as a whole.
    private(set) var isWhole = true
    /// True if content waits until the process to which the request was forwarded has a slot for it.
    private(set) var isAwaitingContinue = false
    private(set) var hasSlot = false
    private(set) var hasUpstream = false
    private(set) var tunnelEnds: TunnelEnds = []
    /// True if the exchange counts as an invocation in flight. The API's streams do not count, because they may last
    /// forever.
    private(set) var isInvocation = false
    /// The longest time in nanoseconds from the request's head to the response's head that the client accepts.
    private var timeoutMax = UInt64.max
    private var attempts = Attempts()

    /// The pause in nanoseconds before a replica that broke a connection off is tried again.
    static let lostNanoseconds = Worker.dialIntervalNanoseconds
    /// The pause in nanoseconds before another attempt to forward to a process that does not grant the function's
    /// slots. Either that process's view of the ownership or ours is about to change.
    static let turnedAwayNanoseconds: UInt64 = 50_000_000
    /// The pause in nanoseconds before another attempt to forward to a process that does not know our token. One of the
    /// two processes is about to read the other's token.
    static let distrustedNanoseconds: UInt64 = 250_000_000

    // MARK: The request

    /// A request's head has arrived.
    mutating func begin(_ traits: RequestTraits, isWhole: Bool, now: UInt64) {
        phase = .routed
        destination = .management
        self.traits = traits
        self.isWhole = isWhole
        isAwaitingContinue = false
        tunnelEnds = []
        attempts = Attempts()
        times = ExchangeTimes(now: now)
    }

    /// The route of the request is known.
    mutating func routed(to destination: Destination) { self.destination = destination }

    /// Admission has identified the caller, which is counted.
    mutating func identified(rateKey: UInt64) { traits.rateKey = rateKey }

    /// The body is small and held with the head.
    /// - Returns: True if the upstream must be sent the body at once.
    mutating func bodyHeld() -> Bool {
        isWhole = true
        defer { isAwaitingContinue = false }
        return isAwaitingContinue
    }

    /// The invocation is ready for its queue.
    /// - Parameters:
    ///   - timeout: The function's limit in nanoseconds from the request's head to the response's head.
    ///   - timeoutMax: The client's limit for the same.
    mutating func ready(timeout: UInt64, timeoutMax: UInt64 = .max) {
        isInvocation = true
        self.timeoutMax = timeoutMax
        times.deadline = times.began &+ min(timeout, timeoutMax)
    }

    /// The invocation waits until the caller's credentials have been verified.
    /// - Returns: The time at which the wait expires.
    mutating func verifying() -> UInt64 {
        phase = .verifying
        return times.deadline
    }

    /// The caller's credentials have been verified. They may be wrong.
    mutating func verified() { phase = .routed }

    /// The invocation waits in the queue.
    /// - Parameter firstReplica: The time by which a first replica must accept invocations. It counts from now and not
    ///   from the beginning, because an invocation that returns to the queue waits for another first replica.
    /// - Returns: The time at which the wait expires.
    mutating func queued(isCold: Bool, firstReplica: UInt64) -> UInt64 {
        phase = .waiting
        times.isCold = times.isCold || isCold
        return isCold ? min(times.deadline, firstReplica) : times.deadline
    }

    /// The queue has granted a slot.
    mutating func granted(at now: UInt64, acceptingSince: UInt64) {
        phase = .connecting
        hasSlot = true
        times.granted = now
        times.firstReplica = acceptingSince
    }

    /// The request goes to the management API or to the hooks, which have no queue.
    mutating func relayed(isHook: Bool) {
        phase = .connecting
        isInvocation = isHook
    }

    /// The invocation moves to another queue, which grants the function's slots from now on. No content was passed on.
    mutating func moved(to destination: Destination, timeout: UInt64) {
        phase = .routed
        isAwaitingContinue = false
        self.destination = destination
        times.deadline = times.began &+ min(timeout, timeoutMax)
    }

    /// The requirement for a connection. A request that cannot be repeated must not be sent on a connection that the
    /// replica is closing.
    var requirement: IdleRequirement {
        IdleRequirement(isFresh: !(traits.isIdempotent && isWhole), isUnused: attempts.hasSentAgain)
    }

    /// The request has a connection, and its held part is sent. Content flows at once, unless another process must
    /// first ask for it with a 100 (Continue).
    mutating func connected() {
        phase = .sent
        hasUpstream = true
        isAwaitingContinue = !isWhole && destination == .peer
    }

    /// True if content can be passed on.
    var isTakingBody: Bool { (phase == .sent || phase == .responding) && hasUpstream && !isAwaitingContinue }

    // MARK: Failures of the upstream

    /// No connection could be opened.
    /// - Parameter isReplicaGone: True if the replica no longer exists. Such an attempt does not count.
    mutating func connectFailed(isOutOfDescriptors: Bool, isReplicaGone: Bool) -> Recovery {
        if isOutOfDescriptors { return .fail(.outOfDescriptors) }
        if destination == .management { return .fail(.apiUnavailable) }
        guard isReplicaGone || attempts.mayConnectAgain() else {
            return .fail(destination == .peer ? .ownerUnreachable : .connectFailed)
        }
        return admitAgain()
    }

    /// The upstream connection ended before the response did.
    /// - Parameters:
    ///   - hasBegun: True if a part of the response has arrived.
    ///   - wasStale: True if the connection was idle for so long that the replica most likely closed it for that. That
    ///     is no reason to suspend the replica.
    mutating func upstreamLost(hasBegun: Bool, wasReused: Bool, wasStale: Bool) -> Loss {
        hasUpstream = false
        // A replica that breaks a connection off may be dying, and the kernel may close its connections before its
        // listening socket. Requests that are sent in between would be lost, although another replica could serve them.
        let isSuspended = phase != .tunnel && (hasBegun || !wasStale) && hasSlot
        let suspension = isSuspended ? Self.lostNanoseconds : nil
        switch phase {
        case .tunnel: return Loss(suspension: nil, recovery: .closeTunnel)
        case .responding: return Loss(suspension: suspension, recovery: .breakOff)
        case .sent where !hasBegun && wasReused && isWhole && traits.isIdempotent && attempts.maySendAgain():
            return Loss(suspension: suspension, recovery: admitAgain())
        case .idle, .routed, .verifying, .waiting, .connecting, .sent:
            return Loss(suspension: suspension, recovery: .fail(.replicaLost(afterResponseBegan: hasBegun)))
        }
    }

    /// The response violates HTTP's grammar.
    func upstreamMalformed(_ error: InvocationError) -> Recovery { phase == .responding ? .breakOff : .fail(error) }

    /// Another process does not grant the function's slots. It has passed nothing on.
    mutating func turnedAway() -> Loss {
        hasUpstream = false
        guard isWhole || isAwaitingContinue else { return Loss(recovery: .fail(.moved)) }
        return Loss(suspension: Self.turnedAwayNanoseconds, recovery: admitAgain())
    }

    /// Another process has rejected our token. The client is not at fault: its invocation waits until the other process
    /// knows the token, at most for the scaling timeout, as it waits for a process that cannot be reached.
    /// - Parameter limit: The scaling timeout in nanoseconds.
    mutating func distrusted(at now: UInt64, limit: UInt64) -> Loss {
        hasUpstream = false
        guard isWhole || isAwaitingContinue, now &- times.began <= limit else {
            return Loss(recovery: .fail(.peerUnusable))
        }
        return Loss(suspension: Self.distrustedNanoseconds, recovery: admitAgain())
    }

    private mutating func admitAgain() -> Recovery {
        isAwaitingContinue = false
        guard destination != .management else {
            phase = .connecting
            return .reconnect
        }
        phase = .routed
        hasSlot = false
        return .admitAgain
    }

    // MARK: The response

    /// An interim response has arrived.
    mutating func interimArrived(status: Int) -> Interim {
        guard status != 100 else {
            defer { isAwaitingContinue = false }
            return isAwaitingContinue ? .sendContent : .ignore
        }
        return traits.takesChunks ? .pass : .ignore
    }

    /// The head of the final response has arrived.
    /// - Parameters:
    ///   - isComplete: True if the whole response has arrived.
    ///   - isRequestComplete: True if the whole request has been read.
    ///   - isLeaving: True if this process is about to end.
    mutating func responseBegan(
        status: Int, _ framing: Framing, isComplete: Bool, isRequestComplete: Bool, isLeaving: Bool, at now: UInt64
    ) {
        phase = .responding
        times.responded = now
        traits.status = status
        traits.endContent(framing)
        traits.keepAlive =
            traits.isPersistent && traits.ending != .close && !isLeaving && status != 101
            && (isRequestComplete || !isComplete)
    }

    /// The response is complete. The upstream connection no longer belongs to the exchange.
    mutating func responseCompleted() { hasUpstream = false }

    /// The upstream has switched to another protocol.
    mutating func becameTunnel() {
        phase = .tunnel
        tunnelEnds = []
    }

    /// One direction of a tunnel has ended. The other side may still send.
    mutating func tunnelEnded(_ side: TunnelEnds) { tunnelEnds.insert(side) }

    /// True if both directions of a tunnel have ended.
    var isTunnelOver: Bool { phase == .tunnel && tunnelEnds == [.client, .replica] }

    // MARK: Time

    /// Returns the deadline after a sign of activity; `nil` if it stays. The API's log and event streams may be silent
    /// without a limit.
    func deadline(
        at now: UInt64, _ timeouts: borrowing LoopTimes, isRequestComplete: Bool,
        isClientWritable: @autoclosure () -> Bool
    ) -> UInt64? {
        let silence = now &+ timeouts.http
        switch phase {
        // Once one direction of a tunnel has ended, the other one gets the ordinary limit.
        case .tunnel: return tunnelEnds.isEmpty ? now &+ timeouts.tunnelIdle : silence
        // The function's timeout includes the upload, so that a client that sends slowly does not hold a slot forever.
        case .sent: return isRequestComplete || isAwaitingContinue ? times.deadline : min(silence, times.deadline)
        case .responding:
            return destination == .management && isClientWritable() && isRequestComplete ? .max : silence
        case .idle, .routed, .verifying, .waiting, .connecting: return nil
        }
    }

    /// The deadline has expired.
    func deadlinePassed(_ now: UInt64, isRequestComplete: Bool, isUpstreamWritable: Bool) -> Expiry {
        switch phase {
        case .idle: .closeClient
        case .tunnel, .responding: .failUnlessReading(.requestStalled)
        case .sent where !isRequestComplete && isUpstreamWritable && now < times.deadline:
            .failAndClose(.requestStalled)
        case .waiting: .askQueue
        case .verifying: .fail(.responseTimeout(after: elapsed(now), inStage: .auth))
        case .connecting: .fail(.responseTimeout(after: elapsed(now), inStage: .connect))
        case .routed, .sent: .fail(.responseTimeout(after: elapsed(now), inStage: times.longestStage(now: now)))
        }
    }

    /// The wait in the queue has expired.
    /// - Parameters:
    ///   - isAccepting: True if a replica accepts invocations. All of its slots are taken then, and only the function's
    ///     own timeout applies.
    ///   - startFailure: The reason that no replica starts, if it is known.
    func waitExpired(_ now: UInt64, isAccepting: Bool, startFailure: StartFailure?) -> WaitExpiry {
        if isAccepting, now < times.deadline { return .keepWaiting(until: times.deadline) }
        if isAccepting { return .fail(.queueTimeout(after: elapsed(now))) }
        if let startFailure { return .fail(.startFailed(startFailure)) }
        // A forwarded invocation has one replica, another F2S process, and F2S does not start processes on demand.
        return .fail(destination == .peer ? .ownerUnreachable : .scalingTimeout(after: elapsed(now)))
    }

    private func elapsed(_ now: UInt64) -> Duration { .nanoseconds(Int64(clamping: now &- times.began)) }

    // MARK: Ends

    /// The error of a request that a shutdown cuts off.
    var errorOfShutdown: InvocationError {
        switch phase {
        case .idle, .routed, .verifying, .waiting, .connecting: .draining
        // The function may have executed the request.
        case .sent: .replicaLost(afterResponseBegan: false)
        case .responding, .tunnel: .replicaLost(afterResponseBegan: true)
        }
    }

    /// F2S must respond with an error.
    /// - Parameter mayKeepAlive: True if the connection may stay open for another request.
    mutating func failed(mayKeepAlive: Bool, isRequestComplete: Bool, at now: UInt64) -> Failure {
        guard phase != .responding, phase != .tunnel else { return .breakOff }
        times.end(now: now)
        return .respond(keepAlive: mayKeepAlive && isRequestComplete && traits.isPersistent)
    }

    /// Ends the exchange.
    /// - Returns: The things to release, each exactly once. Nothing if the exchange has already ended.
    mutating func end() -> Teardown {
        var teardown: Teardown = []
        guard phase != .idle else { return teardown }
        if phase == .waiting { teardown.insert(.leaveQueue) }
        if isInvocation { teardown.insert(.countEnd) }
        // A replica that has ended its direction of a tunnel has closed: no later event would show that it is free.
        if hasUpstream, hasSlot, destination == .replica(holdsSlots: true), !tunnelEnds.contains(.replica) {
            teardown.insert(.abandonUpstream)
        } else {
            if hasUpstream { teardown.insert(.closeUpstream) }
            if hasSlot { teardown.insert(.returnSlot) }
        }
        phase = .idle
        isInvocation = false
        hasUpstream = false
        hasSlot = false
        return teardown
    }
}
