import F2SModel
import NIOCore
import Synchronization

/// One connection to a replica: finds where responses begin and end, and passes them to the exchange it works for.
final class UpstreamConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State { case idle, head, content, tunnel, closed }

    let replica: ReplicaCell
    private let worker: Worker
    private var context: ChannelHandlerContext?
    private var exchange: Exchange?
    private var state = State.idle
    private var input = ByteBuffer()
    private var searched = 0
    private var body = BodyReader()
    private var isUntilClose = false
    /// HTTP/1.0 knows no chunks: for such a client the content is freed of them.
    private var isDechunking = false
    private var isPersistent = true
    /// Whether it has carried an exchange already.
    private(set) var isReused = false
    /// Whether it had been idle for so long that its replica may just have closed it for that.
    private var wasStale = false
    private var hasBegun = false
    /// Whether it ended by an error: then its end is not the end of a response.
    private var hasFailed = false
    private var isReading = true
    private var needsFlush = false
    var idleSince: UInt64 = 0

    init(replica: ReplicaCell, worker: Worker) {
        self.replica = replica
        self.worker = worker
    }

    var isUsable: Bool { state == .idle && context?.channel.isActive == true }
    var isWritable: Bool { context?.channel.isWritable ?? false }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        worker.shared.upstreamConnections.add(1, ordering: .relaxed)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        worker.shared.upstreamConnections.subtract(1, ordering: .relaxed)
        self.context = nil
    }

    /// Begins to work for an exchange.
    func begin(_ exchange: Exchange) {
        self.exchange = exchange
        state = .head
        wasStale = isReused && idleSince &+ Worker.freshNanoseconds < worker.coarseNow
        hasBegun = false
        searched = 0
    }

    func write(_ bytes: ByteBuffer) {
        context?.write(wrapOutboundOut(bytes), promise: nil)
        needsFlush = true
    }

    func flushIfNeeded() {
        guard needsFlush else { return }
        needsFlush = false
        context?.flush()
    }

    func setReading(_ isOn: Bool) {
        guard isReading != isOn, let context else { return }
        isReading = isOn
        try? context.channel.syncOptions?.setOption(.autoRead, value: isOn)
    }

    func close() {
        state = .closed
        context?.close(promise: nil)
    }

    /// The exchange ended first: what the replica may still say is of no use.
    func abandon() {
        exchange = nil
        close()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        switch state {
        case .closed: return
        // A replica that speaks without having been asked is not to be trusted with the next request.
        case .idle:
            worker.forget(self)
            close()
        case .tunnel: exchange?.passContent(bytes)
        case .head, .content:
            input.append(received: &bytes)
            advance()
        }
        if let exchange, !exchange.client.isWritable {
            exchange.client.flush()
            if !exchange.client.isWritable { setReading(false) }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { exchange?.client.flush() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { exchange?.upstreamWritable() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        let wasIdle = state == .idle
        let isEnd = state == .content && isUntilClose && !hasFailed
        state = .closed
        if wasIdle { return worker.forget(self) }
        guard let exchange else { return }
        self.exchange = nil
        if isEnd { return exchange.responseEnded() }
        exchange.upstreamLost(hasBegun: hasBegun, wasReused: isReused, wasStale: wasStale)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        hasFailed = true
        context.close(promise: nil)
    }
}

extension UpstreamConnection {
    private func advance() {
        hasBegun = true
        while let exchange, input.readableBytes > 0 {
            switch state {
            case .head: guard readHead(exchange) else { return }
            case .content: return readContent(exchange)
            case .tunnel:
                let rest = input
                input = ByteBuffer()
                return exchange.passContent(rest)
            case .idle, .closed: return
            }
        }
    }

    private func readHead(_ exchange: Exchange) -> Bool {
        let bytes = input
        let limit = worker.tuning.limits.headBytesMax
        guard let end = HeadScanner.end(of: bytes.readableBytesUInt8Span, from: &searched) else {
            if bytes.readableBytes > limit {
                fail(.malformedResponse(reason: "The response's head is over \(limit) bytes"))
            }
            return false
        }
        searched = 0
        do throws(HeadError) {
            guard end <= limit else { throw HeadError.tooLarge(.head(bytesMax: limit)) }
            let head = try worker.scanner.response(bytes.readableBytesUInt8Span, length: end)
            input.moveReaderIndex(forwardBy: end)
            return take(head, bytes, exchange)
        } catch {
            fail(error.asResponseError)
            return false
        }
    }

    private func take(_ head: ResponseHead, _ bytes: ByteBuffer, _ exchange: Exchange) -> Bool {
        if head.status == 101 {
            guard exchange.facts.isUpgrade else {
                fail(.malformedResponse(reason: "The function switched protocols without having been asked"))
                return false
            }
            state = .tunnel
            exchange.respond(head, bytes, content: nil, framing: .none, isComplete: false)
            exchange.becomeTunnel()
            return true
        }
        if head.status < 200 {
            exchange.respond(head, bytes, content: nil, framing: .none, isComplete: false)
            return true
        }
        let framing = head.framing(isAnswerToHead: exchange.facts.isHeadRequest)
        isPersistent = head.isPersistent && framing != .untilClose
        isUntilClose = framing == .untilClose
        isDechunking = framing == .chunked && exchange.facts.minorVersion == 0
        if exchange.facts.minorVersion == 0 || head.status == 204 {
            worker.scanner.dropTransferEncoding(bytes.readableBytesUInt8Span)
        }
        body = BodyReader(framing)
        state = .content
        begin(head, bytes, framing, exchange)
        return !body.isDone
    }

    /// Passes the head on with the content that is there: a small answer is one write.
    private func begin(_ head: ResponseHead, _ bytes: ByteBuffer, _ framing: Framing, _ exchange: Exchange) {
        var content: ByteBuffer?
        if input.readableBytes <= Exchange.heldBodyBytesMax, !isDechunking {
            guard let taken = takeContent() else { return }
            content = taken
        }
        let isComplete = body.isDone
        let framing: Framing = isDechunking ? .untilClose : framing
        exchange.respond(head, bytes, content: content, framing: framing, isComplete: isComplete)
        if isComplete { finish(exchange) }
    }

    private func readContent(_ exchange: Exchange) {
        guard let content = takeContent() else { return }
        if content.readableBytes > 0 { exchange.passContent(content) }
        if body.isDone { finish(exchange) }
    }

    /// The content that is there; `nil` when its framing is broken, which is dealt with.
    private func takeContent() -> ByteBuffer? {
        do {
            guard isDechunking else {
                let count = try body.consume(input)
                return input.readSlice(length: count) ?? ByteBuffer()
            }
            var plain = ByteBuffer()
            let bytes = input
            let count = try body.consume(bytes) { run in
                if let slice = bytes.getSlice(at: bytes.readerIndex + run.lower, length: run.count) {
                    plain.writeImmutableBuffer(slice)
                }
            }
            input.moveReaderIndex(forwardBy: count)
            return plain
        } catch {
            fail(.malformedResponse(reason: "The chunked coding is malformed"))
            return nil
        }
    }

    /// The response is complete. The connection is kept only if nothing is left over on either side.
    private func finish(_ exchange: Exchange) {
        // Writing the answer may have shown that the client is gone, and that has ended everything.
        guard self.exchange === exchange else { return }
        let isClean = isPersistent && input.readableBytes == 0 && exchange.client.isRequestComplete
        self.exchange = nil
        input = ByteBuffer()
        isReused = true
        setReading(true)
        if isClean {
            state = .idle
            worker.keepIdle(self)
        } else {
            close()
        }
        exchange.responseEnded()
    }

    private func fail(_ error: InvocationError) {
        guard let exchange else { return }
        self.exchange = nil
        close()
        exchange.upstreamMalformed(error)
    }
}
