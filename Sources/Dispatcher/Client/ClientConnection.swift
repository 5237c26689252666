import F2SModel

/// One client connection: finds where requests begin and end, one after another, and writes responses back.
/// What an invocation is, is the affair of its ``Exchange``.
final class ClientConnection: StreamHandler {
    enum Phase {
        /// Between requests, or within a head.
        case head
        /// Within a request's content.
        case body
        /// The request is complete, its response is not.
        case response
        /// HTTP is over: bytes pass both ways.
        case tunnel
        /// Only what is already written goes out.
        case closing
    }

    let worker: Worker
    /// Reused for every request of the connection.
    private(set) lazy var exchange = Exchange(client: self, worker: worker)
    /// IP address; `nil` for one that has none.
    let address: String?
    /// The listener that it came by.
    let kind: ListenerKind
    /// Whether it came by the internal listener: from another F2S process, or from a hook.
    var isInternal: Bool { kind == .peers }
    /// The same as a number.
    let ip: IPAddress?
    private(set) lazy var forwarding = HeadComposer.Forwarding(address: address)
    /// Who calls, for a function that limits each caller's rate: without credentials, everybody from one address, or
    /// from the addresses that one subscriber of IPv6 has. The hash is seeded anew in each process, so that nobody can
    /// choose whose bucket to share.
    private(set) lazy var caller = UInt64(truncatingIfNeeded: ip?.subscriber.hashValue ?? 0)
    private(set) var entry = -1
    private(set) var phase = Phase.head
    /// When to look at this connection again; maintained by both sides of it.
    private(set) var deadline = UInt64.max

    private let stream: Stream
    /// Received and not used yet.
    private var heldBytes = 0
    private var searched = 0
    /// Whether a head has begun and its time runs: a byte now and then does not prolong it.
    private var isHeadTimed = false
    private var body = BodyReader()
    private var isExpectingContinue = false
    /// Whether, once all is written, the connection can be closed in both directions at once.
    private var isCleanEnd = false
    /// True if the client has ended its side of a tunnel: it sends no further byte.
    private var hasClientEnded = false
    /// What the client had not taken of our answers at the last look.
    private var unread = Int.max

    /// How much may arrive before it can be passed on.
    static let heldBytesMax = 64 * 1024
    /// How long a client may take to read our last words.
    static let lingerNanoseconds: UInt64 = 2_000_000_000

    init(_ stream: Stream, peer: SocketAddress, kind: ListenerKind, worker: Worker) {
        self.stream = stream
        address = peer.ip
        ip = peer.number
        self.kind = kind
        self.worker = worker
    }

    /// Begins to read requests.
    func start() {
        entry = worker.register(self)
        // Who connects and says nothing gets no more time than who says it slowly.
        setDeadline(in: min(worker.times.head, worker.times.idle))
        stream.start(self)
    }

    // MARK: What the stream tells

    func connected() {}

    func received(_ bytes: Span<UInt8>) -> Int {
        var position = 0
        advance(bytes, &position)
        heldBytes = bytes.count - position
        updateReading()
        return position
    }

    func drained() {
        switch phase {
        case .closing: writtenAll()
        case .head:
            // Requests that stood behind answers which nobody read.
            stream.offer()
            updateReading()
        case .body, .response, .tunnel: exchange.clientWritabilityChanged(isWritable: true)
        }
    }

    func ended(_ failure: SystemError?) {
        if phase == .tunnel, failure == nil {
            hasClientEnded = true
            stream.keepForWriting()
            if exchange.clientFinished() { return }
        }
        close()
    }

    // MARK: What the exchange asks for

    var isWritable: Bool { stream.isWritable }

    /// Whether the whole request has been taken.
    var isRequestComplete: Bool { phase == .response }

    func write(_ bytes: Span<UInt8>) {
        unread = .max
        stream.write(bytes)
    }

    func write(_ bytes: [UInt8]) { write(bytes.span) }

    func write(_ buffer: Buffer) { buffer.withBytes { write($0) } }

    func write(_ head: Buffer, _ content: Span<UInt8>) {
        unread = .max
        stream.write(head, content)
    }

    func setDeadline(in nanoseconds: UInt64) { setDeadline(at: worker.coarseNow &+ nanoseconds) }

    func setDeadline(at time: UInt64) {
        deadline = time
        worker.arm(time)
    }

    /// The replica is there, or takes bytes again: content may flow.
    func resume() {
        if isExpectingContinue, phase == .body, heldBytes == 0 {
            write(Self.continueAnswer.span)
        }
        isExpectingContinue = false
        stream.offer()
        updateReading()
    }

    private static let continueAnswer = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// The response is out.
    func responseEnded(keepAlive: Bool) {
        guard keepAlive, phase == .response, !worker.shared.isEnding else { return closeAfterWriting() }
        phase = .head
        searched = 0
        unread = .max
        setDeadline(in: worker.times.idle)
        if heldBytes > 0 { stream.offer() }
        updateReading()
    }

    /// HTTP ends here: what is held goes to the replica, and so does all that follows.
    func becomeTunnel() {
        phase = .tunnel
        stream.noticesEndWhilePaused = false
        stream.offer()
        updateReading()
    }

    /// Closes once everything written is out. Where the client is still sending, its bytes are read and dropped for a
    /// while: closing with unread bytes would reset the connection, and with it our answer.
    func closeAfterWriting() {
        guard phase != .closing else { return }
        // Only a client that has announced its last request will certainly not send another one into the closed socket.
        isCleanEnd = hasClientEnded || phase == .response && heldBytes == 0 && exchange.facts.isLastOfClient
        phase = .closing
        unread = .max
        setDeadline(in: worker.times.http)
        if stream.isWritable { writtenAll() }
        stream.offer()
        updateReading()
    }

    /// Says that nothing more will be written, once all of it is out.
    func finishWriting() { stream.finishWriting() }

    /// Closes at once, in the middle of an answer whose content is missing from here on.
    func breakOff() {
        if exchange.facts.ending == .close { stream.resetOnClose() }
        close()
    }

    /// Closes at once, in the middle of whatever is going on; what the exchange holds is given back.
    func close() {
        guard stream.isOpen else { return }
        deadline = .max
        // Where the end of the connection is the end of the content, only a reset says that some is missing.
        if exchange.facts.ending == .close, exchange.isOpen || stream.backlogBytes > 0 { stream.resetOnClose() }
        exchange.clientGone()
        phase = .closing
        worker.unregister(entry)
        stream.close()
    }

    func closeIfIdle() {
        guard phase == .head, heldBytes == 0 else { return }
        if stream.isWritable { close() } else { closeAfterWriting() }
    }

    func updateReading() {
        guard stream.isOpen else { return }
        switch phase {
        case .head: stream.setReading(isWritable)
        case .closing: stream.setReading(true)
        case .tunnel: stream.setReading(exchange.isUpstreamWritable)
        case .body:
            stream.setReading(
                exchange.isTakingBody ? exchange.isUpstreamWritable : heldBytes < Self.heldBytesMax)
        case .response: stream.setReading(heldBytes < Self.heldBytesMax)
        }
    }

    func deadlinePassed(_ time: UInt64) {
        switch phase {
        case .closing: if !isTakingAnswer() { close() }
        case .head where heldBytes == 0: if !isTakingAnswer() { close() }
        case .head: if !isTakingAnswer() { exchange.refuse(.requestStalled) }
        case .body, .response, .tunnel: exchange.deadlinePassed(time)
        }
    }

    /// Whether a slow client has taken some of what is written since the last look; if so, it gets more time.
    func isTakingAnswer() -> Bool {
        let left = stream.backlogBytes
        guard left > 0, left < unread else { return false }
        unread = left
        setDeadline(in: worker.times.http)
        return true
    }

    private func writtenAll() {
        guard !isCleanEnd else { return close() }
        setDeadline(in: Self.lingerNanoseconds)
        stream.shutdownOutput()
    }
}

extension ClientConnection {
    /// Goes as far as the bytes that are there allow.
    private func advance(_ bytes: Span<UInt8>, _ position: inout Int) {
        var isMoving = true
        while isMoving {
            switch phase {
            // Who does not read answers gets no more of them: pipelined requests would fill the memory with theirs.
            case .head: isMoving = isWritable && readHead(bytes, &position)
            case .body: isMoving = readBody(bytes, &position)
            case .response: isMoving = false
            case .tunnel:
                exchange.passUpstream(bytes.extracting(droppingFirst: position))
                position = bytes.count
                isMoving = false
            case .closing:
                position = bytes.count
                isMoving = false
            }
        }
    }

    private func readHead(_ bytes: Span<UInt8>, _ position: inout Int) -> Bool {
        skipEmptyLines(bytes, &position)
        let rest = bytes.extracting(droppingFirst: position)
        guard !rest.isEmpty else {
            // Nothing but empty lines came: that is no head whose time runs.
            if isHeadTimed { setDeadline(in: worker.times.idle) }
            isHeadTimed = false
            return false
        }
        let limits = worker.scanner.limits
        let headBytesMax = isInternal ? limits.ofPeers.headBytesMax : limits.headBytesMax
        guard let end = HeadScanner.end(of: rest, from: &searched) else {
            if !isHeadTimed {
                isHeadTimed = true
                setDeadline(in: worker.times.head)
            }
            if !HeadScanner.mayBegin(rest) {
                refuseBeginning(rest)
            } else if rest.count > headBytesMax {
                refuseHead(rest)
            }
            return false
        }
        isHeadTimed = false
        searched = 0
        guard end <= headBytesMax else {
            refuseHead(rest)
            return false
        }
        do {
            let head =
                isInternal
                ? try worker.scanner.requestOfPeer(rest, length: end) : try worker.scanner.request(rest, length: end)
            position += end
            begin(head, rest, &position)
        } catch {
            exchange.refuse(error.asRequestError)
        }
        return true
    }

    /// Not the beginning of any request: there is nothing to wait for.
    private func refuseBeginning(_ bytes: Span<UInt8>) {
        let isTLS = bytes[0] == Self.tlsHandshake
        exchange.refuse(
            .malformedRequest(
                reason: isTLS
                    ? "These bytes begin a TLS handshake, and this port speaks HTTP without TLS: use an http:// URL"
                    : "The method is not a token"))
    }

    /// Content type of a TLS record that holds a handshake (RFC 8446 section 5.1).
    private static let tlsHandshake: UInt8 = 22

    /// A request line that alone is over the limit is a target that is too long.
    private func refuseHead(_ bytes: Span<UInt8>) {
        let limits = worker.tuning.limits
        let isTarget = HeadScanner.lineEnd(bytes, 0, limits.headBytesMax) == nil
        exchange.refuse(
            .tooLarge(
                isTarget ? .target(bytesMax: limits.targetBytesMax) : .head(bytesMax: limits.headBytesMax)))
    }

    private func begin(_ head: RequestHead, _ bytes: Span<UInt8>, _ position: inout Int) {
        if case .length(let length) = head.framing, let limit = worker.tuning.limits.bodyBytesMax, length > limit {
            return exchange.refuse(.tooLarge(.body(bytesMax: limit)))
        }
        body = BodyReader(head.framing)
        phase = body.isDone ? .response : .body
        isExpectingContinue = head.facts.expectsContinue && head.minorVersion >= 1
        exchange.begin(head, bytes)
        let start = position - head.length
        if phase == .body { holdSmallBody(bytes.extracting(droppingFirst: head.length), &position) }
        heldBytes = bytes.count - (position - start)
        exchange.start()
    }

    /// Takes a small body that is complete into the exchange, with the head: one write, and it can be sent again.
    private func holdSmallBody(_ bytes: Span<UInt8>, _ position: inout Int) {
        guard exchange.isOpen, let length = body.completeLength(in: bytes, bytesMax: Exchange.heldBodyBytesMax) else {
            return
        }
        let held = bytes.extracting(first: length)
        // It was found to be in order just now.
        _ = try? body.consume(held, dropped: { worker.cuts.append($0) })
        worker.withTrimmed(held) { exchange.hold($0) }
        position += length
        body = BodyReader()
        phase = .response
    }

    private func readBody(_ bytes: Span<UInt8>, _ position: inout Int) -> Bool {
        let rest = bytes.extracting(droppingFirst: position)
        guard exchange.isTakingBody else {
            if exchange.isOpen { holdSmallBody(rest, &position) }
            return false
        }
        guard !rest.isEmpty, exchange.isUpstreamWritable else { return false }
        let count: Int
        do {
            count = try body.consume(rest, dropped: { worker.cuts.append($0) })
        } catch {
            worker.cuts.removeAll()
            exchange.refuse(.malformedRequest(reason: "The chunked coding is malformed"))
            return true
        }
        if let limit = worker.tuning.limits.bodyBytesMax, body.contentBytes > limit {
            worker.cuts.removeAll()
            exchange.refuse(.tooLarge(.body(bytesMax: limit)))
            return true
        }
        position += count
        if body.isDone { phase = .response }
        worker.withTrimmed(rest.extracting(first: count)) { exchange.passUpstream($0) }
        return true
    }

    /// RFC 9112 section 2.2: empty lines before a request are ignored.
    private func skipEmptyLines(_ bytes: Span<UInt8>, _ position: inout Int) {
        while position + 2 <= bytes.count, bytes[position] == Octet.carriageReturn,
            bytes[position + 1] == Octet.lineFeed
        {
            position += 2
            searched = 0
        }
    }
}
