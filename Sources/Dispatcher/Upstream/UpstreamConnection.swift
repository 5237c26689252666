import F2SMetrics
import F2SModel
import Glibc
import Synchronization

/// One connection to a replica. It finds the beginning and the end of each response and passes the responses to its
/// exchange.
final class UpstreamConnection: StreamHandler {
    private enum State { case connecting, idle, head, content, tunnel, closed }

    let replica: ReplicaHandle
    private let worker: Worker
    private let stream: Stream
    private var exchange: Exchange?
    private var state = State.connecting
    /// The callback for the result of connecting, which must be known by `connectDeadline`.
    private var whenConnected: ((Result<UpstreamConnection, SystemError>) -> Void)?
    private var connectDeadline = UInt64.max
    private var searched = 0
    private var body = BodyReader()
    private var isUntilClose = false
    /// True if the framing of chunks is removed, because the client does not understand it.
    private var isDechunking = false
    private var isPersistent = true
    /// True if the connection has already carried an exchange.
    private(set) var isReused = false
    /// True if the connection had been idle for so long that its replica may just have closed it for that.
    private var wasStale = false
    private var hasBegun = false
    /// True if the response violated the grammar, so that its end cannot be found any more.
    private var isMalformed = false
    var idleSince: UInt64 = 0
    /// The loop's pool of idle connections to the replica; `nil` until the connection becomes idle for the first time.
    var pool: UpstreamPool?
    /// True if the connection is in the pool.
    var isPooled = false
    /// True if the connection carries its first request and has received nothing yet.
    private var isUnserved = false
    /// The index in the worker's list while the connection is not served.
    var unservedIndex = 0
    private var beganAt: UInt64 = 0

    init(_ stream: Stream, replica: ReplicaHandle, worker: Worker) {
        self.stream = stream
        self.replica = replica
        self.worker = worker
    }

    /// Creates an idle connection from a stream that has finished an abandoned invocation, or that another loop has
    /// handed over.
    /// - Parameter isNew: True if the stream is new to this loop.
    convenience init(idle stream: Stream, isNew: Bool = false, replica: ReplicaHandle, worker: Worker) {
        self.init(stream, replica: replica, worker: worker)
        state = .idle
        isReused = true
        if isNew { stream.start(self) } else { stream.handOver(to: self) }
    }

    var isUsable: Bool { state == .idle && stream.isOpen }
    var isWritable: Bool { stream.isWritable }

    /// Waits for the connection that was begun, until the deadline at most.
    func connect(until deadline: UInt64, _ body: @escaping (Result<UpstreamConnection, SystemError>) -> Void) {
        whenConnected = body
        connectDeadline = deadline
        worker.shared.upstreamConnections.add(1, ordering: .relaxed)
        replica.withConnections { $0.opened() }
        stream.start(self)
    }

    func failIfSlow(_ time: UInt64) {
        if time >= connectDeadline { ended(SystemError(call: "connect", code: ETIMEDOUT)) }
    }

    /// Fails the attempt to connect because the replica no longer exists.
    func failAsGone() { ended(SystemError(call: "connect", code: ECONNABORTED)) }

    /// Begins an exchange.
    func begin(_ exchange: Exchange) {
        self.exchange = exchange
        state = .head
        wasStale = isReused && idleSince &+ Worker.freshNanoseconds < worker.coarseNow
        hasBegun = false
        searched = 0
        beganAt = worker.coarseNow
        // Another F2S process may let the request wait in a queue, and streams of the API may be silent for long.
        guard !isReused, exchange.isForFunction else { return }
        isUnserved = true
        let now = beganAt
        replica.withConnections { $0.sentFirst(now) }
        worker.addUnserved(self)
    }

    /// Ends the wait for the first byte: it has arrived, or none will arrive.
    private func endWaiting(isServed: Bool) {
        guard isUnserved else { return }
        isUnserved = false
        worker.removeUnserved(self)
        let (began, now) = (beganAt, worker.coarseNow)
        replica.withConnections { isServed ? $0.servedFirst(began: began, now: now) : $0.gaveUpFirst() }
    }

    func write(_ bytes: Span<UInt8>) { stream.write(bytes) }

    /// Ends the sending direction once everything written has been sent.
    func finishWriting() { stream.finishWriting() }

    func setReading(_ isOn: Bool) { stream.setReading(isOn) }

    func close() {
        guard state != .closed else { return }
        state = .closed
        exchange = nil
        whenConnected = nil
        worker.shared.upstreamConnections.subtract(1, ordering: .relaxed)
        endWaiting(isServed: false)
        let (wasPooled, loop) = (isPooled, worker.index)
        isPooled = false
        replica.withConnections { wasPooled ? $0.closedIdle(loop) : $0.closed() }
        stream.close()
    }

    /// Releases the socket, which another loop continues to use.
    func detach() -> Int32 {
        state = .closed
        return stream.detach()
    }

    /// Releases the connection of an exchange that ends before its response. The slot is held until the replica has
    /// finished.
    func abandon(_ slot: AbandonedSlot, isRequestComplete: Bool) {
        let rest: AbandonedResponse.Rest? =
            switch state {
            case .head where isMalformed, .content where isMalformed: .malformed
            case .head: .head(isAnswerToHead: exchange?.state.traits.isHeadRequest ?? false)
            case .content: .content(body, isPersistent: isPersistent)
            case .tunnel: .tunnel
            case .connecting, .idle, .closed: nil
            }
        guard let rest, stream.isOpen else {
            close()
            return worker.release(slot.lease, of: slot.handle)
        }
        endWaiting(isServed: false)
        state = .closed
        exchange = nil
        let response = AbandonedResponse(
            rest, isRequestComplete: isRequestComplete, now: worker.coarseNow, limit: worker.times.abandoned)
        AbandonedUpstream(stream, replica: replica, slot: slot, response: response, worker: worker).start()
    }

    // MARK: StreamHandler

    func connected() {
        state = .idle
        connectDeadline = .max
        let body = whenConnected
        whenConnected = nil
        body?(.success(self))
    }

    func received(_ bytes: Span<UInt8>) -> Int {
        var position = 0
        advance(bytes, &position)
        if let exchange, !exchange.client.isWritable { setReading(false) }
        return position
    }

    func drained() { exchange?.upstreamWritable() }

    func ended(_ failure: SystemError?) {
        if state == .tunnel, failure == nil, let exchange {
            stream.keepForWriting()
            return exchange.replicaFinished()
        }
        let (state, exchange, whenConnected) = (state, exchange, whenConnected)
        if state == .idle { worker.forget(self) }
        close()
        if state == .connecting {
            whenConnected?(.failure(failure ?? SystemError(call: "connect", code: ECONNRESET)))
        } else if state == .content, isUntilClose, failure == nil {
            exchange?.responseEnded()
        } else {
            exchange?.upstreamLost(hasBegun: hasBegun, wasReused: isReused, wasStale: wasStale)
        }
    }
}

extension UpstreamConnection {
    private func advance(_ bytes: Span<UInt8>, _ position: inout Int) {
        while position < bytes.count {
            switch state {
            case .head:
                hasBegun = true
                endWaiting(isServed: true)
                guard let exchange, readHead(bytes, &position, exchange) else { return }
            case .content:
                guard let exchange else { return }
                return readContent(bytes, &position, exchange)
            case .tunnel:
                exchange?.passContent(bytes.extracting(droppingFirst: position))
                position = bytes.count
            case .idle, .connecting:
                // A replica that sends bytes unasked must not get the next request on this connection. If the
                // connection was used a moment ago, none of the replica's other connections is reused either.
                if state == .idle, idleSince &+ Worker.freshNanoseconds >= worker.coarseNow { noteSurplus() }
                worker.forget(self)
                return close()
            case .closed:
                position = bytes.count
            }
        }
    }

    private func readHead(_ bytes: Span<UInt8>, _ position: inout Int, _ exchange: Exchange) -> Bool {
        let rest = bytes.extracting(droppingFirst: position)
        let limit = worker.scanner.limits.headBytesMax
        guard let end = HeadScanner.end(of: rest, from: &searched) else {
            if rest.count > limit {
                fail(.malformedResponse(reason: "The response's head is over \(limit) bytes"))
            } else if let error = HeadScanner.error(ofResponse: rest) {
                // The end of such a head would never arrive.
                fail(error.asResponseError)
            }
            return false
        }
        searched = 0
        do throws(HeadError) {
            guard end <= limit else { throw HeadError.tooLarge(.head(bytesMax: limit)) }
            let head = try worker.scanner.response(rest, length: end)
            position += end
            return handle(head, bytes, &position, exchange)
        } catch {
            fail(error.asResponseError)
            return false
        }
    }

    /// Handles the head of a response.
    /// - Returns: True if there may be more to process.
    private func handle(
        _ head: ResponseHead, _ bytes: Span<UInt8>, _ position: inout Int, _ exchange: Exchange
    ) -> Bool {
        let headBytes = bytes.extracting(position - head.length..<position)
        let none = bytes.extracting(first: 0)
        if head.known.hasCookies, !exchange.client.exchangesConsoleCookies {
            worker.scanner.dropConsoleCookies(
                ofResponse: headBytes, keepsLogins: exchange.state.destination == .management)
        }
        if head.status == 101 {
            guard isSwitch(head, headBytes, exchange) else {
                fail(.malformedResponse(reason: "The function switched to a protocol that was not asked for"))
                return false
            }
            state = .tunnel
            exchange.respond(head, headBytes, content: none, framing: .none, isComplete: false)
            exchange.becomeTunnel()
            return true
        }
        if head.status == 503, exchange.isTurnedAway(headBytes) {
            close()
            exchange.turnedAway()
            return false
        }
        if head.status == 403, exchange.isDistrusted(headBytes) {
            close()
            exchange.distrusted()
            return false
        }
        if head.status < 200 || head.status == 204 {
            // Such a response has no content, and so no length either (RFC 9110 section 8.6).
            worker.scanner.drop("content-length", headBytes)
        }
        if head.status < 200 {
            exchange.respondInterim(head, headBytes)
            return true
        }
        let framing = head.framing(isAnswerToHead: exchange.state.traits.isHeadRequest)
        isPersistent = head.isPersistent && mayUseAgain(head, framing, exchange)
        isUntilClose = framing == .untilClose
        isDechunking = framing == .chunked && !exchange.state.traits.takesChunks
        if head.status == 426 { worker.scanner.keep("upgrade", headBytes) }
        if !exchange.state.traits.takesChunks || head.status == 204 {
            worker.scanner.drop("transfer-encoding", headBytes)
        }
        body = BodyReader(framing)
        state = .content
        guard !isDechunking else {
            exchange.respond(head, headBytes, content: none, framing: .untilClose, isComplete: body.isDone)
            return true
        }
        return begin(head, headBytes, framing, bytes, &position, exchange)
    }

    /// Returns true if a 101 names the protocol that the client has requested, and nothing else.
    private func isSwitch(_ head: ResponseHead, _ bytes: Span<UInt8>, _ exchange: Exchange) -> Bool {
        guard let wanted = exchange.upgrade, let named = head.known.upgrade else { return false }
        return !head.known.hasSeveralUpgrades && bytes.isCaseInsensitively(wanted, in: named)
    }

    /// Returns true if the next response can be distinguished from bytes that may still follow this one.
    private func mayUseAgain(_ head: ResponseHead, _ framing: Framing, _ exchange: Exchange) -> Bool {
        // A server that does not switch may still read the following bytes as the other protocol.
        guard framing != .untilClose, !exchange.state.traits.isUpgrade else { return false }
        // This response has no content, but its fields announce some. Servers that send it nevertheless are not rare.
        // It arrives a moment after the head, when the connection may already have its next request.
        return framing != .none || !exchange.isForFunction
            || !head.announcesContent(isAnswerToHead: exchange.state.traits.isHeadRequest)
    }

    /// Passes the head on with the content that has arrived: a small response is one write.
    private func begin(
        _ head: ResponseHead, _ headBytes: Span<UInt8>, _ framing: Framing, _ bytes: Span<UInt8>,
        _ position: inout Int, _ exchange: Exchange
    ) -> Bool {
        let rest = bytes.extracting(droppingFirst: position)
        guard let count = consume(rest) else { return false }
        position += count
        let isComplete = body.isDone
        worker.withTrimmed(rest.extracting(first: count)) {
            exchange.respond(head, headBytes, content: $0, framing: framing, isComplete: isComplete)
        }
        if isComplete {
            finish(exchange, isClean: position == bytes.count)
        } else if count == 0, exchange.isForFunction {
            // Python's server and others send head and content separately, and the content only once the head is
            // acknowledged.
            stream.acknowledge()
        }
        return false
    }

    private func readContent(_ bytes: Span<UInt8>, _ position: inout Int, _ exchange: Exchange) {
        let rest = bytes.extracting(droppingFirst: position)
        guard !isDechunking else { return passPlain(rest, &position, exchange, bytes.count) }
        guard let count = consume(rest) else { return }
        position += count
        if count > 0 { worker.withTrimmed(rest.extracting(first: count)) { exchange.passContent($0) } }
        if body.isDone { finish(exchange, isClean: position == bytes.count) }
    }

    private func passPlain(_ rest: Span<UInt8>, _ position: inout Int, _ exchange: Exchange, _ total: Int) {
        let plain = worker.output
        plain.clear()
        do {
            position += try body.consume(rest) { plain.append(rest, $0) }
        } catch {
            return fail(.malformedResponse(reason: "The chunked coding is malformed"))
        }
        if !plain.isEmpty { plain.withBytes { exchange.passContent($0) } }
        if body.isDone { finish(exchange, isClean: position == total) }
    }

    /// Returns the number of bytes that belong to the content, or `nil` if its framing is malformed: the exchange has
    /// then been failed.
    private func consume(_ bytes: Span<UInt8>) -> Int? {
        do {
            return try body.consume(bytes, dropped: { worker.cuts.append($0) })
        } catch {
            worker.cuts.removeAll()
            fail(.malformedResponse(reason: "The chunked coding is malformed"))
            return nil
        }
    }

    /// Ends a complete response. The connection is kept only if no bytes are left over on either side.
    private func finish(_ exchange: Exchange, isClean: Bool) {
        self.exchange = nil
        if isReused {
            let time = worker.coarseNow &- beganAt
            replica.withConnections { $0.took(time) }
        }
        isReused = true
        setReading(true)
        if !isClean { noteSurplus() }
        if isClean, isPersistent, stream.isWritable, exchange.client.isRequestComplete {
            state = .idle
            worker.keepIdle(self)
        } else {
            close()
        }
        exchange.responseEnded()
    }

    /// Records that the replica sent more than its response. It may do so again a moment later, when the connection
    /// already has its next request. From now on, no connection to this replica carries a second request.
    private func noteSurplus() {
        replica.noteSurplus()
        worker.shared.surplusAnswers.add()
    }

    private func fail(_ error: InvocationError) {
        isMalformed = true
        exchange?.upstreamMalformed(error)
    }
}
