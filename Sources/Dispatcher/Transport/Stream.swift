import Glibc

/// Receives the events of a stream. Its methods are called on the stream's loop, and never from within
/// ``Stream/write(_:)``.
///
/// This and ``ExchangeClient`` are the only existentials of the data plane. It keeps the transport independent of its
/// users, and costs one indirect call per event.
protocol StreamHandler: AnyObject {
    /// Called when the connection that was begun is established.
    func connected()
    /// Called with the received bytes, which follow those that were not consumed before.
    /// - Returns: The number of consumed bytes. The others are offered again with the next ones, or by
    ///   ``Stream/offer()``.
    func received(_ bytes: Span<UInt8>) -> Int
    /// Called when all written bytes have been sent, if they were not sent at once.
    func drained()
    /// Called when the other side has ended its sending direction, when the connection broke, or when the connection
    /// that was begun has failed. No event follows unless the handler calls ``Stream/keepForWriting()``. The handler
    /// must still close the stream. If ``Stream/receivedPlainHTTP`` is true, the handler may first write a response.
    /// This method is then called again when the connection ends.
    func ended(_ failure: SystemError?)
}

/// A connected socket that sends and receives bytes. Its handler interprets them.
final class Stream {
    let descriptor: Int32
    // Safe: the loop holds its streams, and lives until its thread ends.
    private unowned(unsafe) let loop: EventLoop
    private var handler: (any StreamHandler)?
    /// Bytes that were received and not consumed yet.
    private var held: Buffer?
    /// Bytes that were written and not sent yet.
    private var backlog: Buffer?
    private var interest: Readiness
    private var isConnecting: Bool
    private var isReading = true
    private var isOffering = false
    private var isOfferWanted = false
    /// True if sending has failed: written bytes are dropped, and the handler learns of the end as soon as the kernel
    /// reports it.
    private var isBroken = false
    /// True if the other side has ended its sending direction, and written bytes are still sent.
    private var isInputOver = false
    /// True if nothing more will be written.
    private var isFinishing = false
    private(set) var isOpen = true
    private let isAccepted: Bool
    /// The TLS of an accepted connection; `nil` if it has none.
    private var tls: TLSSession?
    /// True if a client that must speak TLS has sent the beginning of an HTTP request. The stream then speaks no TLS.
    private(set) var receivedPlainHTTP = false
    /// True if the loop will read what the TLS session has left.
    private var isReadingScheduled = false
    private var isResetOnClose = false
    /// True if the end of the other side is noticed while the stream is not read. For a client the end means that it
    /// has disconnected. For a replica, and in a tunnel, the bytes that were sent before the end are still in the
    /// kernel and must be read.
    var noticesEndWhilePaused: Bool { didSet { updateInterest() } }

    /// The most bytes that are received at once from a client. They delay the other connections of the loop by some 50
    /// µs at most. A large upload costs a third less with 256 KiB at a time than with 64 (`make bench`, POST 1 MiB).
    static let receiveBytesMax = 256 * 1024
    /// The most bytes that are received at once from a replica. It is less, because the bytes that a slow client does
    /// not accept are held here, and there may be many such clients.
    static let answerBytesMax = 64 * 1024

    /// Creates a stream for an accepted connection.
    init(accepted descriptor: Int32, loop: EventLoop) {
        self.descriptor = descriptor
        self.loop = loop
        isConnecting = false
        isAccepted = true
        noticesEndWhilePaused = true
        interest = .readable
    }

    /// Creates a stream for a connected socket that another loop has handed over.
    init(adopting descriptor: Int32, loop: EventLoop) {
        self.descriptor = descriptor
        self.loop = loop
        isConnecting = false
        isAccepted = false
        noticesEndWhilePaused = false
        interest = .readable
    }

    /// Begins to connect: ``StreamHandler/connected()`` or ``StreamHandler/ended(_:)`` follows.
    /// - Throws: An error if the attempt fails at once.
    init(connectingTo address: SocketAddress, loop: EventLoop) throws(SystemError) {
        descriptor = try Socket.connect(address)
        self.loop = loop
        isConnecting = true
        isAccepted = false
        noticesEndWhilePaused = false
        interest = .writable
    }

    /// Begins to report events to a handler. The stream and the handler retain each other until ``close()`` or
    /// ``detach()``.
    func start(_ handler: some StreamHandler) {
        self.handler = handler
        loop.add(self, interest)
    }

    /// Speaks TLS from now on, as the server. Call it before anything is written.
    /// - Parameter prefix: The bytes of the client's TLS that were received already. The handler consumes them.
    /// - Returns: False if memory is short; the stream must then be closed.
    func startTLS(_ context: TLSContext, prefix: Span<UInt8>) -> Bool {
        tls = TLSSession(context, descriptor: descriptor, prefix: prefix)
        scheduleRead()
        return tls != nil
    }

    /// Reports events to another handler from now on, including the bytes that were not consumed.
    func handOver(to handler: some StreamHandler) {
        guard isOpen else { return }
        self.handler = handler
        offer()
    }

    /// True if all written bytes have been sent.
    var isWritable: Bool { backlog == nil && isOpen }

    /// The number of bytes that were written and not sent yet.
    var backlogBytes: Int { backlog?.count ?? 0 }

    /// True if a handshake of TLS has begun and is not complete.
    var isInHandshake: Bool { tls.map { $0.hasBegun && !$0.isEstablished } ?? false }

    /// True if this process opened the connection.
    var isUpstream: Bool { !isAccepted }

    // MARK: Operations

    /// Sends bytes: as many as the socket accepts at once, and the rest as soon as it accepts more. A caller with many
    /// bytes checks ``isWritable`` before it writes more.
    func write(_ bytes: Span<UInt8>) {
        guard isOpen, !isBroken, !bytes.isEmpty else { return }
        var sent = 0
        if backlog == nil {
            sent = send(bytes)
            if sent == bytes.count { return }
            if sent < 0 {
                guard errno == EAGAIN else { return sendingFailed() }
                sent = 0
            }
        }
        keep(bytes, from: sent)
    }

    func write(_ buffer: Buffer) { buffer.withBytes { write($0) } }

    /// Sends two parts as one, without copying them together first unless the connection has TLS.
    func write(_ first: Buffer, _ second: Span<UInt8>) {
        guard tls == nil else { return writeJoined(first, second) }
        guard isOpen, !isBroken, backlog == nil, !second.isEmpty else {
            write(first)
            return write(second)
        }
        let sent = first.withBytes { Socket.send(descriptor, $0, second) }
        guard sent >= 0 || Self.isPassing(errno) else {
            isBroken = true
            return
        }
        keep(first, from: max(0, sent))
        keep(second, from: max(0, sent - first.count))
    }

    /// Offers the bytes again that were not consumed.
    func offer() {
        guard !isOffering else {
            isOfferWanted = true
            return
        }
        guard let held, isOpen else { return }
        held.drop(deliver(held))
        finishOffers()
    }

    /// Acknowledges the received bytes at once, for a sender that waits for this before it sends the next part.
    func acknowledge() {
        if isOpen { Socket.acknowledge(descriptor) }
    }

    /// Starts or stops reading. Bytes that are not read stay in the kernel, and then at the sender.
    func setReading(_ isOn: Bool) {
        guard isReading != isOn else { return }
        isReading = isOn
        updateInterest()
        scheduleRead()
    }

    /// Keeps the connection for writing after the other side has ended without a failure. From now on only a failure is
    /// reported as an end.
    func keepForWriting() {
        isInputOver = true
        updateInterest()
    }

    /// Ends the sending direction once everything written has been sent.
    func finishWriting() {
        isFinishing = true
        if backlog == nil { shutdownOutput() }
    }

    /// Makes ``close()`` reset the connection, so that the other side learns that something is missing.
    func resetOnClose() {
        isResetOnClose = true
        Socket.resetOnClose(descriptor)
    }

    /// Ends the sending direction at once. Bytes that were not sent yet are dropped.
    func shutdownOutput() {
        guard isOpen else { return }
        if backlog == nil { tls?.sendCloseNotify() }
        shutdown(descriptor, Int32(SHUT_WR))
        guard let backlog else { return }
        loop.buffers.release(backlog)
        self.backlog = nil
        isBroken = true
        updateInterest()
    }

    /// Releases the socket, which stays open for another loop. Its handler gets no further event.
    func detach() -> Int32 {
        isOpen = false
        handler = nil
        if !isOffering { releaseHeld() }
        loop.unwatch(descriptor)
        return descriptor
    }

    /// Closes the connection at once. Its handler gets no further event.
    func close() {
        guard isOpen else { return }
        isOpen = false
        handler = nil
        if backlog == nil, !isResetOnClose { tls?.sendCloseNotify() }
        tls = nil
        if let backlog { loop.buffers.release(backlog) }
        backlog = nil
        if !isOffering { releaseHeld() }
        loop.retire(descriptor)
    }

    // MARK: Events of the loop

    func isReady(_ readiness: Readiness) {
        if isConnecting {
            if !readiness.isDisjoint(with: [.writable, .broken]) { finishConnecting() }
            return
        }
        if readiness.contains(.writable) { becameWritable() }
        guard isOpen, !readiness.isDisjoint(with: [.readable, .ended, .broken]) else { return }
        guard !isInputOver else { return bothEnded(readiness) }
        if readiness.contains(.readable) || !readiness.isDisjoint(with: .broken) {
            receive()
        } else {
            handler?.ended(nil)
        }
    }
}

extension Stream {
    private func keep(_ buffer: Buffer, from sent: Int) { buffer.withBytes { keep($0, from: sent) } }

    /// Handles an event after the other side has ended. Either the whole connection has ended as requested, which would
    /// be reported again and again, or it broke.
    private func bothEnded(_ readiness: Readiness) {
        if isFinishing, !readiness.contains(.failed) {
            loop.unwatch(descriptor)
        } else if !readiness.isDisjoint(with: .broken) {
            end(SystemError(call: "send", code: EPIPE))
        }
    }

    /// Buffers the bytes that the socket did not accept.
    private func keep(_ bytes: Span<UInt8>, from sent: Int) {
        guard sent < bytes.count else { return }
        let backlog = backlog ?? loop.buffers.acquire()
        self.backlog = backlog
        backlog.append(bytes.extracting(droppingFirst: sent))
        updateInterest()
    }

    private func finishConnecting() {
        isConnecting = false
        let code = Socket.pendingError(descriptor)
        guard code == 0 else { return end(SystemError(call: "connect", code: code)) }
        updateInterest()
        handler?.connected()
    }

    private func receive() {
        let scratch = loop.scratch
        scratch.clear()
        let countMax = isAccepted ? Self.receiveBytesMax : Self.answerBytesMax
        let count =
            if let tls {
                scratch.receive(upTo: countMax) { tls.receive($0, upTo: countMax) }
            } else {
                scratch.receive(upTo: countMax) { recv(descriptor, $0, countMax, 0) }
            }
        guard count > 0 else { return receivedNothing(count) }
        if let held {
            scratch.withBytes { held.append($0) }
            held.drop(deliver(held))
        } else {
            let taken = deliver(scratch)
            if taken < count, isOpen { hold(scratch, from: taken) }
        }
        finishOffers()
        if tls != nil {
            // The session may have begun or ceased to wait for output.
            updateInterest()
            scheduleRead()
        }
    }

    private func receivedNothing(_ result: Int) {
        if result == 0 { return end(isBroken ? SystemError(call: "send", code: EPIPE) : nil) }
        guard errno != EAGAIN, errno != EINTR else {
            // A handshake may wait until the socket accepts more bytes.
            return tls == nil ? () : updateInterest()
        }
        let failure = SystemError.last("recv")
        if let tls, tls.receivedPlainHTTP {
            receivedPlainHTTP = true
            self.tls = nil
        }
        end(failure)
    }

    /// Holds the bytes that were not consumed, and no more: a sender of single bytes must not occupy a whole receive
    /// buffer.
    private func hold(_ buffer: Buffer, from taken: Int) {
        let rest = loop.buffers.acquire()
        buffer.withBytes { rest.append($0.extracting(droppingFirst: taken)) }
        held = rest
    }

    private func deliver(_ buffer: Buffer) -> Int {
        guard let handler else { return buffer.count }
        isOffering = true
        defer { isOffering = false }
        return buffer.withBytes { handler.received($0) }
    }

    /// Offers the bytes again if that was requested during an offer, and releases a consumed buffer.
    private func finishOffers() {
        while isOfferWanted, isOpen, let held {
            isOfferWanted = false
            held.drop(deliver(held))
        }
        isOfferWanted = false
        if !isOpen || held?.isEmpty == true { releaseHeld() }
    }

    private func releaseHeld() {
        guard let held else { return }
        self.held = nil
        loop.buffers.release(held)
    }

    @inline(__always)
    private func send(_ bytes: Span<UInt8>) -> Int {
        // Without TLS this is one comparison and no call: see the instructions per request in `make bench`.
        if let tls { tls.send(bytes) } else { Socket.send(descriptor, bytes) }
    }

    private func flush() {
        guard let backlog else { return }
        let sent = backlog.withBytes { send($0) }
        guard sent >= 0 else {
            return Self.isPassing(errno) ? () : sendingFailed()
        }
        backlog.drop(sent)
        guard backlog.isEmpty else { return }
        loop.buffers.release(backlog)
        self.backlog = nil
        if isFinishing { shutdownOutput() }
        updateInterest()
        handler?.drained()
    }

    private func end(_ failure: SystemError?) { handler?.ended(failure) }

    /// Returns true if a failure to send is temporary: the socket or the kernel has no space at the moment.
    static func isPassing(_ code: Int32) -> Bool { [EAGAIN, EINTR, ENOBUFS, ENOMEM].contains(code) }

    private func updateInterest() {
        var wanted: Readiness = isReading ? .readable : noticesEndWhilePaused ? .ended : []
        if isInputOver { wanted = [] }
        if backlog != nil || isConnecting { wanted.insert(.writable) }
        // Nothing can be received until then.
        if tls?.awaitsOutput == true { wanted = .writable }
        guard wanted != interest, isOpen else { return }
        interest = wanted
        loop.poll.change(descriptor, wanted, isEarly: isUpstream)
    }
}

// TLS.
extension Stream {
    /// Notes that nothing more can be sent. The kernel reports the end of a plain connection that is broken. The TLS of
    /// a connection may fail alone, so its connection is ended here.
    private func sendingFailed() {
        isBroken = true
        guard tls != nil else { return }
        if let backlog { loop.buffers.release(backlog) }
        backlog = nil
        updateInterest()
        Socket.endBothDirections(descriptor)
    }

    /// Sends two parts as one record of TLS, if they are small enough: each record has its own overhead.
    private func writeJoined(_ first: Buffer, _ second: Span<UInt8>) {
        let joined = loop.buffers.acquire()
        defer { loop.buffers.release(joined) }
        let count = min(second.count, max(0, Self.recordBytesMax - first.count))
        first.withBytes { joined.append($0) }
        joined.append(second.extracting(first: count))
        joined.withBytes { write($0) }
        write(second.extracting(droppingFirst: count))
    }

    /// The largest content of a record, in bytes (RFC 8446 section 5.1).
    private static let recordBytesMax = 16_384

    private func becameWritable() {
        guard let tls, tls.awaitsOutput else { return flush() }
        receive()
        if isOpen { updateInterest() }
    }

    /// Reads soon the bytes that the TLS session holds, which the socket does not announce again. Other connections get
    /// their turn first.
    private func scheduleRead() {
        guard let tls, tls.hasPendingInput, isReading, isOpen, !isReadingScheduled else { return }
        isReadingScheduled = true
        loop.schedule(after: 0) { [weak self] in
            guard let self else { return }
            isReadingScheduled = false
            if isOpen, isReading, !isInputOver, self.tls?.hasPendingInput == true { receive() }
        }
    }
}
