import F2SMetrics
import F2SModel

/// One connection from a client. It finds the beginning and the end of each request and writes the responses. Its
/// ``Exchange`` decides what happens with a request.
final class ClientConnection: ExchangeClient, StreamHandler {
    enum Phase {
        /// Waits for the header of the PROXY protocol, or reads it.
        case proxyHeader
        /// Waits for a request's head, or reads one.
        case head
        /// Reads a request's content.
        case body
        /// The request is complete, its response is not.
        case response
        /// The connection has left HTTP: bytes pass in both directions.
        case tunnel
        /// Sends the bytes that are already written, and nothing more.
        case closing
    }

    let worker: Worker
    /// The exchange of the current request; reused for every request of the connection.
    let exchange: Exchange
    /// The client's address. It is known once the header of the PROXY protocol, if there is one, has arrived.
    private(set) lazy var address = ClientAddress(ip, isSecure: tls != nil)
    let listener: ListenerKind?
    private(set) var entry = -1
    private(set) var phase: Phase
    /// The time at which the connection times out, in nanoseconds of the monotonic clock. Both the connection and its
    /// exchange set it.
    private(set) var deadline = UInt64.max

    private let stream: Stream
    /// The TLS context of the listener; `nil` if it has none.
    private let tls: TLSContext?
    private var ip: IPAddress?
    /// The number of bytes that were received and not consumed yet.
    private var heldBytes = 0
    private var searched = 0
    /// True if a head has begun and its time limit runs. Further bytes of the head do not extend the limit.
    private var isHeadTimed = false
    private var body = BodyReader()
    private var isExpectingContinue = false
    /// True if the client has announced that this is its last request.
    private var isLastRequest = false
    /// True if the connection can be closed in both directions at once when everything has been sent.
    private var isCleanEnd = false
    /// True if the client has ended its side of a tunnel: it sends no further byte.
    private var hasClientEnded = false
    /// Bytes of the responses that the socket had not accepted at the last check.
    private var unread = Int.max

    /// The most bytes that may arrive before they can be passed on.
    static let heldBytesMax = 64 * 1024
    /// The longest time that a client may take to read the end of the last response, in nanoseconds.
    static let lingerNanoseconds: UInt64 = 2_000_000_000

    init(_ stream: Stream, peer: SocketAddress, kind: ListenerKind, worker: Worker) {
        self.stream = stream
        let ip = peer.number
        self.ip = ip
        listener = kind
        tls = worker.tls?.context(of: kind)
        self.worker = worker
        phase = worker.requiresProxyHeader(from: ip, on: kind) ? .proxyHeader : .head
        exchange = Exchange(worker: worker)
        exchange.client = self
    }

    /// Begins to read requests.
    func start() {
        entry = worker.register(self)
        // A client that connects and sends nothing gets no more time than a client that sends its head slowly.
        setDeadline(in: min(worker.times.head, worker.times.idle))
        stream.start(self)
        if let tls, phase == .head { startTLS(tls, prefix: Span()) }
    }

    /// Begins TLS.
    /// - Parameter prefix: The bytes of the client's TLS that were received already.
    private func startTLS(_ tls: TLSContext, prefix: Span<UInt8>) {
        if !stream.startTLS(tls, prefix: prefix) { close() }
    }

    // MARK: StreamHandler

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
        case .proxyHeader, .head:
            // Pipelined requests may have waited until the client read the earlier responses.
            stream.offer()
            updateReading()
        case .body, .response, .tunnel: exchange.clientWritabilityChanged(isWritable: true)
        }
    }

    func ended(_ failure: SystemError?) {
        let isPlain = stream.receivedPlainHTTP && phase == .head
        if failure != nil, stream.isInHandshake || isPlain { worker.shared.failedHandshakes.add() }
        if isPlain { return refusePlainRequest() }
        if phase == .tunnel, failure == nil {
            hasClientEnded = true
            stream.keepForWriting()
            if exchange.clientFinished() { return }
        }
        close()
    }

    // MARK: The exchange and its response

    var isWritable: Bool { stream.isWritable }

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

    func resume() {
        if isExpectingContinue, phase == .body, heldBytes == 0 {
            write(Self.continueAnswer.span)
        }
        isExpectingContinue = false
        stream.offer()
        updateReading()
    }

    private static let continueAnswer = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// Ends a response. The connection then waits for the next request, or is closed.
    func responseEnded(keepAlive: Bool) {
        guard keepAlive, phase == .response, !worker.shared.isEnding else { return closeAfterWriting() }
        phase = .head
        searched = 0
        unread = .max
        setDeadline(in: worker.times.idle)
        if heldBytes > 0 { stream.offer() }
        updateReading()
    }

    func endTunnel() { closeAfterWriting() }

    func becomeTunnel() {
        phase = .tunnel
        stream.noticesEndWhilePaused = false
        stream.offer()
        updateReading()
    }

    /// Closes the connection once everything written has been sent. If the client is still sending, its bytes are read
    /// and dropped for a while: closing with unread bytes would reset the connection, and the client could lose the
    /// response.
    func closeAfterWriting() {
        guard phase != .closing else { return }
        // Only a client that has announced its last request will certainly not send another one into the closed socket.
        isCleanEnd = hasClientEnded || phase == .response && heldBytes == 0 && isLastRequest
        phase = .closing
        unread = .max
        setDeadline(in: worker.times.http)
        if stream.isWritable { writtenAll() }
        stream.offer()
        updateReading()
    }

    func finishWriting() { stream.finishWriting() }

    func breakOff(_ error: InvocationError) {
        if exchange.state.traits.ending == .close { stream.resetOnClose() }
        close()
    }

    func close() {
        guard stream.isOpen else { return }
        deadline = .max
        // If the end of the connection marks the end of the content, only a reset shows that content is missing.
        if exchange.state.traits.ending == .close, exchange.isOpen || stream.backlogBytes > 0 { stream.resetOnClose() }
        exchange.clientGone()
        phase = .closing
        worker.unregister(entry)
        worker.shared.connectionClosed()
        stream.close()
    }

    func closeIfIdle() {
        // A client in a handshake is about to send its first request.
        guard phase == .head || phase == .proxyHeader, heldBytes == 0, !stream.isInHandshake else { return }
        if stream.isWritable { close() } else { closeAfterWriting() }
    }

    func updateReading() {
        guard stream.isOpen else { return }
        switch phase {
        case .proxyHeader, .head: stream.setReading(isWritable)
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
        case .proxyHeader:
            // A client that has sent nothing has not sent a wrong header either.
            if heldBytes > 0 { worker.shared.refusedConnections.add() }
            close()
        case .head where heldBytes == 0:
            guard !isTakingAnswer() else { return }
            if stream.isInHandshake { worker.shared.failedHandshakes.add() }
            close()
        case .head: if !isTakingAnswer() { exchange.failAndClose(.requestStalled) }
        case .body, .response, .tunnel: exchange.deadlinePassed(time)
        }
    }

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
    /// Processes as many of the received bytes as possible.
    private func advance(_ bytes: Span<UInt8>, _ position: inout Int) {
        var isMoving = true
        while isMoving {
            switch phase {
            case .proxyHeader: isMoving = readProxyHeader(bytes, &position)
            // A client that does not read its responses gets no further ones: with pipelined requests they would fill
            // the memory.
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

    /// Reads the header of the PROXY protocol. The deadline of the new connection includes it. The rest of the bytes
    /// belongs to the first request.
    private func readProxyHeader(_ bytes: Span<UInt8>, _ position: inout Int) -> Bool {
        do throws(ProxyHeaderError) {
            guard let header = try ProxyHeader.read(bytes) else { return false }
            position = header.length
            if let source = header.source { ip = source }
            phase = .head
            if let tls {
                startTLS(tls, prefix: bytes.extracting(droppingFirst: position))
                position = bytes.count
            }
        } catch {
            worker.shared.refusedConnections.add()
            // Only a client of HTTP understands a response.
            guard error == .missing, HeadScanner.mayBegin(bytes) else {
                close()
                return true
            }
            exchange.failAndClose(.proxyHeaderMissing)
        }
        return true
    }

    private func readHead(_ bytes: Span<UInt8>, _ position: inout Int) -> Bool {
        skipEmptyLines(bytes, &position)
        let rest = bytes.extracting(droppingFirst: position)
        guard !rest.isEmpty else {
            // Only empty lines have arrived. They do not begin a head, so the time limit of a head does not apply.
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
            let head = try worker.scanner.request(rest, length: end, isOfPeer: isInternal)
            position += end
            begin(head, rest, &position)
        } catch {
            exchange.failAndClose(error.asRequestError)
        }
        return true
    }

    /// Rejects an HTTP request without TLS. The response has no TLS either, because the client would not understand it.
    private func refusePlainRequest() {
        exchange.failAndClose(
            .malformedRequest(
                reason: "The client sent plain HTTP to a port with TLS: use an https:// URL"))
    }

    /// Rejects bytes that cannot begin a request. Waiting for more bytes would not help.
    private func refuseBeginning(_ bytes: Span<UInt8>) {
        let isTLS = bytes[0] == Self.tlsHandshake
        exchange.failAndClose(
            .malformedRequest(
                reason: isTLS
                    ? "The client began a TLS handshake on a port without TLS: use an http:// URL"
                    : "The method is not a token"))
    }

    /// Content type of a TLS record that holds a handshake (RFC 8446 section 5.1).
    private static let tlsHandshake: UInt8 = 22

    /// Rejects a head that is too large. If the request line alone exceeds the limit, the target is too long.
    private func refuseHead(_ bytes: Span<UInt8>) {
        let limits = worker.tuning.limits
        let isTarget = HeadScanner.lineEnd(bytes, 0, limits.headBytesMax) == nil
        exchange.failAndClose(
            .tooLarge(
                isTarget ? .target(bytesMax: limits.targetBytesMax) : .head(bytesMax: limits.headBytesMax)))
    }

    private func begin(_ head: RequestHead, _ bytes: Span<UInt8>, _ position: inout Int) {
        if case .length(let length) = head.framing, let error = worker.excess(ofContent: length) {
            return exchange.failAndClose(error)
        }
        body = BodyReader(head.framing)
        phase = body.isDone ? .response : .body
        isExpectingContinue = head.known.expectsContinue && head.minorVersion >= 1
        isLastRequest = head.known.saysClose
        guard !head.isServerWide else { return answerServerWide(head) }
        exchange.begin(head, bytes, takesChunks: head.minorVersion >= 1)
        let start = position - head.length
        if phase == .body { holdSmallBody(bytes.extracting(droppingFirst: head.length), &position) }
        heldBytes = bytes.count - (position - start)
        exchange.start()
    }

    /// Passes a small body that has arrived completely to the exchange, which holds it with the head. The request then
    /// needs one write, and it can be sent again.
    private func holdSmallBody(_ bytes: Span<UInt8>, _ position: inout Int) {
        guard exchange.isOpen, let length = body.completeLength(in: bytes, bytesMax: Exchange.heldBodyBytesMax) else {
            return
        }
        let held = bytes.extracting(first: length)
        // Cannot fail: `completeLength` has just read the same bytes.
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
            exchange.failAndClose(.malformedRequest(reason: "The chunked coding is malformed"))
            return true
        }
        if let error = worker.excess(ofContent: body.contentBytes) {
            worker.cuts.removeAll()
            exchange.failAndClose(error)
            return true
        }
        position += count
        if body.isDone { phase = .response }
        worker.withTrimmed(rest.extracting(first: count)) { exchange.passUpstream($0) }
        return true
    }

    /// Skips empty lines before a request (RFC 9112 section 2.2).
    private func skipEmptyLines(_ bytes: Span<UInt8>, _ position: inout Int) {
        while position + 2 <= bytes.count, bytes[position] == Octet.carriageReturn,
            bytes[position + 1] == Octet.lineFeed
        {
            position += 2
            searched = 0
        }
    }
}
