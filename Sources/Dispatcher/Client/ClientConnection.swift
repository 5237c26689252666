import F2SModel
import NIOCore

/// One client connection: finds where requests begin and end, one after another, and writes responses back.
/// What an invocation is, is the affair of its ``Exchange``.
final class ClientConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

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
    private(set) lazy var forwarding = HeadComposer.Forwarding(context?.channel.remoteAddress)
    private var context: ChannelHandlerContext?
    private(set) var entry = -1
    private(set) var phase = Phase.head
    /// When to look at this connection again; maintained by both sides of it.
    private(set) var deadline = UInt64.max

    private var input = ByteBuffer()
    private var searched = 0
    /// Whether a head has begun and its time runs: a byte now and then does not prolong it.
    private var isHeadTimed = false
    private var body = BodyReader()
    private var isReading = true
    private var isAdvancing = false
    private var isExpectingContinue = false
    /// What the client had not taken of our answers at the last look.
    private var unread = Int.max

    /// How much may arrive before it can be passed on.
    static let inputBytesMax = 64 * 1024
    /// How long a client may take to read our last words.
    static let lingerNanoseconds: UInt64 = 2_000_000_000

    init(worker: Worker) { self.worker = worker }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        entry = worker.register(self)
        setDeadline(in: worker.tuning.limits.idleTimeout.nanoseconds)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        worker.unregister(entry)
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline = .max
        exchange.clientGone()
        phase = .closing
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        switch phase {
        case .closing: return
        case .tunnel:
            exchange.passUpstream(bytes)
            exchange.flushUpstream()
            updateReading()
        case .head, .body, .response:
            input.append(received: &bytes)
            advance()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let isWritable = context.channel.isWritable
        exchange.clientWritabilityChanged(isWritable: isWritable)
        // Requests that stood behind answers which nobody read.
        if isWritable, phase == .head { advance() }
    }

    // MARK: What the exchange asks for

    var isWritable: Bool { context?.channel.isWritable ?? false }

    /// Whether the whole request has been taken.
    var isRequestComplete: Bool { phase == .response }

    func write(_ bytes: ByteBuffer) {
        unread = .max
        context?.write(wrapOutboundOut(bytes), promise: nil)
    }

    func flush() { context?.flush() }

    func writeAndFlush(_ bytes: ByteBuffer) { context?.writeAndFlush(wrapOutboundOut(bytes), promise: nil) }

    func setDeadline(in nanoseconds: UInt64) { setDeadline(at: worker.coarseNow &+ nanoseconds) }

    func setDeadline(at time: UInt64) {
        deadline = time
        worker.arm(time)
    }

    /// The replica is there: content may flow.
    func resume() {
        if isExpectingContinue, phase == .body, input.readableBytes == 0 {
            writeAndFlush(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n"))
        }
        isExpectingContinue = false
        advance()
    }

    /// The response is out.
    func responseEnded(keepAlive: Bool) {
        guard keepAlive, phase == .response, !worker.shared.isEnding else { return closeAfterWriting() }
        phase = .head
        searched = 0
        unread = .max
        setDeadline(in: worker.tuning.limits.idleTimeout.nanoseconds)
        advance()
    }

    /// HTTP ends here: what is held goes to the replica, and so does all that follows.
    func becomeTunnel() {
        phase = .tunnel
        let held = input
        input = ByteBuffer()
        if held.readableBytes > 0 { exchange.passUpstream(held) }
        exchange.flushUpstream()
        updateReading()
    }

    /// Closes once everything written is out. Where the client is still sending, its bytes are read and dropped for a
    /// while: closing with unread bytes would reset the connection, and with it our answer.
    func closeAfterWriting() {
        guard let context, phase != .closing else { return }
        // Only a client that has announced its last request will certainly not send another one into the closed socket.
        let isClean = phase == .response && input.readableBytes == 0 && exchange.facts.isLastOfClient
        phase = .closing
        input = ByteBuffer()
        setReading(true)
        unread = .max
        setDeadline(in: worker.tuning.timeouts.http.nanoseconds)
        let flushed = context.eventLoop.makePromise(of: Void.self)
        let channel = context.channel
        flushed.futureResult.assumeIsolated().whenComplete { [self] _ in
            setDeadline(in: Self.lingerNanoseconds)
            channel.close(mode: isClean ? .all : .output, promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: flushed)
    }

    /// Closes at once, in the middle of whatever is going on.
    func close() { context?.close(promise: nil) }

    func closeIfIdle() {
        if phase == .head, input.readableBytes == 0 { close() }
    }

    func updateReading() {
        switch phase {
        case .head: setReading(isWritable)
        case .closing: setReading(true)
        case .tunnel: setReading(exchange.isUpstreamWritable)
        case .body:
            setReading(exchange.isTakingBody ? exchange.isUpstreamWritable : input.readableBytes < Self.inputBytesMax)
        case .response: setReading(input.readableBytes < Self.inputBytesMax)
        }
    }

    func deadlinePassed(_ time: UInt64) {
        switch phase {
        case .closing: if !isTakingAnswer() { close() }
        case .head where input.readableBytes == 0: if !isTakingAnswer() { close() }
        case .head: if !isTakingAnswer() { exchange.refuse(.requestStalled) }
        case .body, .response, .tunnel: exchange.deadlinePassed(time)
        }
    }
}

extension ClientConnection {
    /// Goes as far as the bytes that are there allow.
    private func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        var isMoving = true
        while isMoving {
            switch phase {
            // Who does not read answers gets no more of them: pipelined requests would fill the memory with theirs.
            case .head: isMoving = isWritable && readHead()
            case .body: isMoving = readBody()
            case .response, .tunnel, .closing: isMoving = false
            }
        }
        // The flush may end the exchange on the spot, and what then comes next must not find us busy.
        isAdvancing = false
        exchange.flushUpstream()
        // An idle connection holds no memory for what it may receive.
        if input.readableBytes == 0 { input = ByteBuffer() }
        updateReading()
    }

    /// Whether a slow client has taken some of what is written since the last look; if so, it gets more time.
    func isTakingAnswer() -> Bool {
        guard let left = try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes), left > 0, left < unread
        else { return false }
        unread = left
        setDeadline(in: worker.tuning.timeouts.http.nanoseconds)
        return true
    }

    private func readHead() -> Bool {
        skipEmptyLines()
        let bytes = input
        guard bytes.readableBytes > 0 else {
            // Nothing but empty lines came: that is no head whose time runs.
            if isHeadTimed { setDeadline(in: worker.tuning.limits.idleTimeout.nanoseconds) }
            isHeadTimed = false
            return false
        }
        let limits = worker.tuning.limits
        guard let end = HeadScanner.end(of: bytes.readableBytesUInt8Span, from: &searched) else {
            if !isHeadTimed {
                isHeadTimed = true
                setDeadline(in: limits.headTimeout.nanoseconds)
            }
            if bytes.readableBytes > limits.headBytesMax { refuseHead(bytes, limits) }
            return false
        }
        isHeadTimed = false
        searched = 0
        guard end <= limits.headBytesMax else {
            refuseHead(bytes, limits)
            return false
        }
        do {
            let head = try worker.scanner.request(bytes.readableBytesUInt8Span, length: end)
            begin(head, bytes)
        } catch {
            exchange.refuse(error.asRequestError)
        }
        return true
    }

    /// A request line that alone is over the limit is a target that is too long.
    private func refuseHead(_ bytes: ByteBuffer, _ limits: Limits) {
        let max = limits.headBytesMax
        let isTarget = HeadScanner.lineEnd(bytes.readableBytesUInt8Span, 0, max) == nil
        exchange.refuse(.tooLarge(isTarget ? .target(bytesMax: limits.targetBytesMax) : .head(bytesMax: max)))
    }

    private func begin(_ head: RequestHead, _ bytes: ByteBuffer) {
        input.moveReaderIndex(forwardBy: head.length)
        if case .length(let length) = head.framing, let limit = worker.tuning.limits.bodyBytesMax, length > limit {
            return exchange.refuse(.tooLarge(.body(bytesMax: limit)))
        }
        body = BodyReader(head.framing)
        phase = body.isDone ? .response : .body
        isExpectingContinue = head.facts.expectsContinue && head.minorVersion >= 1
        exchange.begin(head, bytes)
        holdSmallBody()
        exchange.start()
    }

    /// Takes a small body that is complete into the exchange, with the head: one write, and it can be sent again.
    private func holdSmallBody() {
        guard phase == .body, exchange.isOpen,
            let length = body.completeLength(in: input, bytesMax: Exchange.heldBodyBytesMax),
            let bytes = input.readSlice(length: length)
        else { return }
        exchange.hold(bytes)
        body = BodyReader()
        phase = .response
    }

    private func readBody() -> Bool {
        guard exchange.isTakingBody else {
            if exchange.isOpen { holdSmallBody() }
            return false
        }
        guard input.readableBytes > 0, exchange.isUpstreamWritable else { return false }
        let count: Int
        do {
            count = try body.consume(input)
        } catch {
            exchange.refuse(.malformedRequest(reason: "The chunked coding is malformed"))
            return false
        }
        if let limit = worker.tuning.limits.bodyBytesMax, body.contentBytes > limit {
            exchange.refuse(.tooLarge(.body(bytesMax: limit)))
            return false
        }
        guard let bytes = input.readSlice(length: count) else { return false }
        if body.isDone { phase = .response }
        exchange.passUpstream(bytes)
        return true
    }

    /// RFC 9112 section 2.2: empty lines before a request are ignored.
    private func skipEmptyLines() {
        while input.readableBytes >= 2, input.getInteger(at: input.readerIndex, as: UInt16.self) == 0x0D0A {
            input.moveReaderIndex(forwardBy: 2)
            searched = 0
        }
    }
    private func setReading(_ isOn: Bool) {
        guard isReading != isOn, let context else { return }
        isReading = isOn
        try? context.channel.syncOptions?.setOption(.autoRead, value: isOn)
    }
}
