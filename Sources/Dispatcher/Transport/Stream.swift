import Glibc

/// Who a stream's bytes are for. Called on the stream's loop, and never from within ``Stream/write(_:)``.
///
/// The one existential of the data plane: it is what keeps the transport from knowing who uses it, and costs one
/// indirect call per event.
protocol StreamHandler: AnyObject {
    /// The connection that was begun is there.
    func connected()
    /// Bytes have arrived; in front of them stand those that were not taken before.
    /// - Returns: how many are taken. The others are offered again with the next ones, or by ``Stream/offer()``.
    func received(_ bytes: Span<UInt8>) -> Int
    /// All that was written is out, after it was not.
    func drained()
    /// The other side sends nothing more, or broke off, or the connection that was begun has failed. Nothing more is
    /// told; the stream is still to be closed.
    func ended(_ failure: SystemError?)
}

/// A connected socket: bytes in and out. The transport's half of the seam; what the bytes mean is the handler's affair.
final class Stream {
    let descriptor: Int32
    // Safe: the loop holds its streams, and lives until its thread ends.
    private unowned(unsafe) let loop: EventLoop
    private var handler: (any StreamHandler)?
    /// Received and not taken yet.
    private var held: Buffer?
    /// Written and not sent yet.
    private var backlog: Buffer?
    private var interest: Readiness
    private var isConnecting: Bool
    private var isReading = true
    private var isOffering = false
    private var isOfferWanted = false
    /// Whether sending has failed: what is written goes nowhere, and the end is told as soon as the kernel tells it.
    private var isBroken = false
    /// Whether the other side sends nothing more, and what is still to be written goes out all the same.
    private var isInputOver = false
    /// Whether nothing more will be written.
    private var isFinishing = false
    private(set) var isOpen = true
    private let isAccepted: Bool
    /// Whether its end is to be noticed while it is not read: for a client that end means that it has left; for a
    /// replica, and in a tunnel, what was sent before it is still in the kernel and wanted.
    var noticesEndWhilePaused: Bool { didSet { updateInterest() } }

    /// Bytes received at once from a client: a share of the loop's time that keeps the others waiting for some 50 µs at
    /// most. A large upload costs a third less by 256 KiB at a time than by 64 (`make bench`, POST 1 MiB).
    static let receiveBytesMax = 256 * 1024
    /// From a replica less: what a slow client does not take is held here, and there may be many of those.
    static let answerBytesMax = 64 * 1024

    /// A socket that somebody has connected to us by.
    init(accepted descriptor: Int32, loop: EventLoop) {
        self.descriptor = descriptor
        self.loop = loop
        isConnecting = false
        isAccepted = true
        noticesEndWhilePaused = true
        interest = .readable
    }

    /// A connected socket that another loop has handed over.
    init(adopting descriptor: Int32, loop: EventLoop) {
        self.descriptor = descriptor
        self.loop = loop
        isConnecting = false
        isAccepted = false
        noticesEndWhilePaused = false
        interest = .readable
    }

    /// Begins to connect: ``StreamHandler/connected()`` or ``StreamHandler/ended(_:)`` follows.
    /// - Throws: when that fails at once.
    init(connectingTo address: SocketAddress, loop: EventLoop) throws(SystemError) {
        descriptor = try Socket.connect(address)
        self.loop = loop
        isConnecting = true
        isAccepted = false
        noticesEndWhilePaused = false
        interest = .writable
    }

    /// Begins to tell a handler what happens; the two hold each other until ``close()``.
    func start(_ handler: some StreamHandler) {
        self.handler = handler
        loop.add(self, interest)
    }

    /// Tells another handler what happens from now on, bytes included that were not taken.
    func handOver(to handler: some StreamHandler) {
        guard isOpen else { return }
        self.handler = handler
        offer()
    }

    /// Whether all that was written is out.
    var isWritable: Bool { backlog == nil && isOpen }

    /// What is written and not sent yet.
    var backlogBytes: Int { backlog?.count ?? 0 }

    /// Whether it was connected from here.
    var isUpstream: Bool { !isAccepted }

    // MARK: Verbs

    /// Sends bytes, at once as far as the socket takes them, the rest as soon as it does. Whoever has much to say looks
    /// at ``isWritable`` before saying more.
    func write(_ bytes: Span<UInt8>) {
        guard isOpen, !isBroken, !bytes.isEmpty else { return }
        var sent = 0
        if backlog == nil {
            sent = Socket.send(descriptor, bytes)
            if sent == bytes.count { return }
            if sent < 0 {
                guard errno == EAGAIN else {
                    isBroken = true
                    return
                }
                sent = 0
            }
        }
        keep(bytes, from: sent)
    }

    func write(_ buffer: Buffer) { buffer.withBytes { write($0) } }

    /// Sends two parts as one, without copying them together first.
    func write(_ first: Buffer, _ second: Span<UInt8>) {
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

    /// Offers what was not taken again.
    func offer() {
        guard !isOffering else {
            isOfferWanted = true
            return
        }
        guard let held, isOpen else { return }
        held.drop(deliver(held))
        settle()
    }

    /// Lets a sender go on that waits for its first part to be acknowledged.
    func acknowledge() {
        if isOpen { Socket.acknowledge(descriptor) }
    }

    /// Reads on or not: what nobody reads stays in the kernel, and so at the sender.
    func setReading(_ isOn: Bool) {
        guard isReading != isOn else { return }
        isReading = isOn
        updateInterest()
    }

    /// Keeps the connection for writing, after its end was told without a failure. From now on only a failure is told.
    func keepForWriting() {
        isInputOver = true
        updateInterest()
    }

    /// Says that nothing more will be written, once all of it is out.
    func finishWriting() {
        isFinishing = true
        if backlog == nil { shutdownOutput() }
    }

    /// Lets ``close()`` reset the connection, so that the other side learns that something is missing.
    func resetOnClose() { Socket.resetOnClose(descriptor) }

    /// Says that nothing more will be written; what was not sent yet is not sent any more.
    func shutdownOutput() {
        guard isOpen else { return }
        shutdown(descriptor, Int32(SHUT_WR))
        guard let backlog else { return }
        loop.buffers.put(backlog)
        self.backlog = nil
        isBroken = true
        updateInterest()
    }

    /// Lets go of the socket, which stays open for another loop; its handler is told nothing more.
    func detach() -> Int32 {
        isOpen = false
        handler = nil
        if !isOffering { releaseHeld() }
        loop.unwatch(descriptor)
        return descriptor
    }

    /// Closes at once; its handler is told nothing more.
    func close() {
        guard isOpen else { return }
        isOpen = false
        handler = nil
        if let backlog { loop.buffers.put(backlog) }
        backlog = nil
        if !isOffering { releaseHeld() }
        loop.retire(descriptor)
    }

    // MARK: What the loop tells

    func isReady(_ readiness: Readiness) {
        if isConnecting {
            if !readiness.isDisjoint(with: [.writable, .broken]) { finishConnecting() }
            return
        }
        if readiness.contains(.writable) { flush() }
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

    /// The other side has ended before. Now either all of the connection has ended as it was asked to, which would be
    /// told again and again, or it broke off.
    private func bothEnded(_ readiness: Readiness) {
        if isFinishing, !readiness.contains(.failed) {
            loop.unwatch(descriptor)
        } else if !readiness.isDisjoint(with: .broken) {
            end(SystemError(call: "send", code: EPIPE))
        }
    }

    /// Keeps what the socket has not taken.
    private func keep(_ bytes: Span<UInt8>, from sent: Int) {
        guard sent < bytes.count else { return }
        let backlog = backlog ?? loop.buffers.take()
        self.backlog = backlog
        backlog.append(bytes.extracting(droppingFirst: sent))
        updateInterest()
    }

    private func finishConnecting() {
        isConnecting = false
        let code = Socket.takeError(descriptor)
        guard code == 0 else { return end(SystemError(call: "connect", code: code)) }
        updateInterest()
        handler?.connected()
    }

    private func receive() {
        let scratch = loop.scratch
        scratch.clear()
        let countMax = isAccepted ? Self.receiveBytesMax : Self.answerBytesMax
        let count = scratch.receive(upTo: countMax) { recv(descriptor, $0, countMax, 0) }
        guard count > 0 else {
            if count == 0 { return end(isBroken ? SystemError(call: "send", code: EPIPE) : nil) }
            return errno == EAGAIN || errno == EINTR ? () : end(.last("recv"))
        }
        if let held {
            scratch.withBytes { held.append($0) }
            held.drop(deliver(held))
        } else {
            let taken = deliver(scratch)
            if taken < count, isOpen { hold(scratch, from: taken) }
        }
        settle()
    }

    /// Keeps what was not taken. No more than that: a sender of single bytes must not cost more memory than them.
    private func hold(_ buffer: Buffer, from taken: Int) {
        let rest = loop.buffers.take()
        buffer.withBytes { rest.append($0.extracting(droppingFirst: taken)) }
        held = rest
    }

    private func deliver(_ buffer: Buffer) -> Int {
        guard let handler else { return buffer.count }
        isOffering = true
        defer { isOffering = false }
        return buffer.withBytes { handler.received($0) }
    }

    /// After an offer: offers again where that was asked for meanwhile, and gives back what is used up.
    private func settle() {
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
        loop.buffers.put(held)
    }

    private func flush() {
        guard let backlog else { return }
        let sent = backlog.withBytes { Socket.send(descriptor, $0) }
        guard sent >= 0 else {
            if !Self.isPassing(errno) { isBroken = true }
            return
        }
        backlog.drop(sent)
        guard backlog.isEmpty else { return }
        loop.buffers.put(backlog)
        self.backlog = nil
        if isFinishing { shutdownOutput() }
        updateInterest()
        handler?.drained()
    }

    private func end(_ failure: SystemError?) { handler?.ended(failure) }

    /// Whether a failure to send is one that another attempt may not meet: the socket or the kernel has no room now.
    private static func isPassing(_ code: Int32) -> Bool { [EAGAIN, EINTR, ENOBUFS, ENOMEM].contains(code) }

    private func updateInterest() {
        var wanted: Readiness = isReading ? .readable : noticesEndWhilePaused ? .ended : []
        if isInputOver { wanted = [] }
        if backlog != nil || isConnecting { wanted.insert(.writable) }
        guard wanted != interest, isOpen else { return }
        interest = wanted
        loop.poll.change(descriptor, wanted, isEarly: isUpstream)
    }
}
