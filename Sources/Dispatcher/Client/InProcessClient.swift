import F2SModel

/// The client side of an exchange for a module of this process. Requests and responses pass through an
/// ``InProcessCall``; no socket is involved.
final class InProcessClient: ExchangeClient {
    let exchange: Exchange
    let listener: ListenerKind? = nil
    let address: ClientAddress
    private(set) var entry = -1
    private(set) var deadline = UInt64.max
    private(set) var isRequestComplete = false
    var principal: Principal? { call.principal }

    private let call: InProcessCall
    private let worker: Worker
    private var isChunked = false
    /// Parts of the content that were not passed on.
    private var parts: ArraySlice<[UInt8]> = []
    /// The rest of the part that is being passed on.
    private var rest: ArraySlice<UInt8> = []
    /// True if no parts follow ``parts``.
    private var hasAllParts = false
    /// The number of bytes of content that were passed on.
    private var sentBytes = 0
    private var isOpen = true
    /// The error that another F2S process has reported in place of a response.
    private var errorOfPeer: InvocationError?
    /// Bytes of the response that the caller had not read at the last check.
    private var unread = Int.max

    init(_ call: InProcessCall, worker: Worker) {
        self.call = call
        self.worker = worker
        address = ClientAddress(caller: call.caller)
        exchange = Exchange(worker: worker)
        exchange.client = self
    }

    /// Begins the exchange. It has no effect if the caller has already ended the call.
    func start() {
        guard !call.isOver else { return }
        entry = worker.register(self, for: call)
        let bytes = call.head
        let bytesMax = worker.scanner.limits.headBytesMax
        do throws(HeadError) {
            guard bytes.count <= bytesMax else { throw .tooLarge(.head(bytesMax: bytesMax)) }
            var head = try worker.scanner.request(bytes.span, length: bytes.count)
            // The response could not leave HTTP.
            head.upgrade = nil
            begin(head, bytes.span)
        } catch {
            exchange.failAndClose(error.asRequestError)
        }
    }

    private func begin(_ head: RequestHead, _ bytes: Span<UInt8>) {
        isChunked = head.framing == .chunked
        isRequestComplete = head.framing == .none
        if case .length(let length) = head.framing, let error = worker.excess(ofContent: length) {
            return exchange.failAndClose(error)
        }
        exchange.begin(head, bytes, takesChunks: false)
        if exchange.isOpen, case .length(let length) = head.framing, length <= Exchange.heldBodyBytesMax {
            let content = nextContent()
            exchange.hold(content.span)
            isRequestComplete = true
        }
        exchange.start(timeoutMax: call.timeoutMax)
    }

    /// Handles a change of the call: its caller has read or sent content, or has ended the call.
    func callChanged() {
        guard isOpen else { return }
        guard !call.isOver else { return close() }
        sendContent()
        if isOpen, isWritable { exchange.clientWritabilityChanged(isWritable: true) }
    }

    /// Passes on as much content as the upstream accepts.
    private func sendContent() {
        while !isRequestComplete, exchange.isTakingBody, exchange.isUpstreamWritable {
            let content = nextContent()
            let isLast = hasAllParts && parts.isEmpty && rest.isEmpty
            guard isLast || !content.isEmpty else { return }
            sentBytes += content.count
            if let error = worker.excess(ofContent: sentBytes) { return exchange.failAndClose(error) }
            isRequestComplete = isLast
            guard isChunked else {
                exchange.passUpstream(content.span)
                continue
            }
            let out = worker.loop.buffers.acquire()
            HeadComposer.chunk(content.span, into: out)
            if isLast { out.append(HeadComposer.lastChunk) }
            out.withBytes { exchange.passUpstream($0) }
            worker.loop.buffers.release(out)
        }
    }

    /// Returns and removes content, at most as much as is received from a client at once.
    private func nextContent() -> ArraySlice<UInt8> {
        if rest.isEmpty {
            if parts.isEmpty {
                let (taken, isComplete) = call.takeContent()
                (parts, hasAllParts) = (taken[...], isComplete)
            }
            rest = parts.popFirst()?[...] ?? []
        }
        defer { rest = rest.dropFirst(Stream.receiveBytesMax) }
        return rest.prefix(Stream.receiveBytesMax)
    }

    // MARK: Flow

    var isWritable: Bool { call.unreadBytes < InProcessCall.heldBytesMax }

    func setDeadline(at time: UInt64) {
        deadline = time
        worker.arm(time)
    }

    func deadlinePassed(_ time: UInt64) { exchange.deadlinePassed(time) }

    func resume() { sendContent() }

    func updateReading() {}

    func isTakingAnswer() -> Bool {
        let left = call.unreadBytes
        guard left > 0, left < unread else { return false }
        unread = left
        setDeadline(at: worker.coarseNow &+ worker.times.http)
        return true
    }

    // MARK: The response

    func passInterim(_ head: ResponseHead, _ bytes: Span<UInt8>) {}

    func beginResponse(_ head: ResponseHead, _ bytes: Span<UInt8>, content: Span<UInt8>) {
        errorOfPeer = exchange.errorOfPeer(head, bytes)
        guard errorOfPeer == nil else { return }
        var fields: [InvocationField] = []
        for field in worker.scanner.fields where !field.isDropped {
            fields.append(InvocationField(bytes.text(field.name), bytes.text(field.value)))
        }
        // The response of another process already has its times.
        let isOwn = exchange.isForFunction
        let timing = isOwn ? InvocationTiming(exchange.state.times) : InvocationTiming.remove(from: &fields)
        call.begin(
            InProcessCall.ResponseHead(
                status: head.status, fields: fields, timing: timing, replica: isOwn ? exchange.lease?.replica.id : nil))
        passContent(content)
    }

    func passContent(_ bytes: Span<UInt8>) {
        unread = .max
        if errorOfPeer == nil { call.receive(bytes) }
    }

    func endResponse(keepAlive: Bool) {
        if let errorOfPeer { end(.failure(errorOfPeer)) } else { end(.success(())) }
    }

    func fail(
        _ error: InvocationError, function: FunctionName?, timing: ExchangeTimes?, isAnswerToHead: Bool, keepAlive: Bool
    ) { end(.failure(error)) }

    func breakOff(_ error: InvocationError) {
        // This error blames the client. If the caller has read everything, the function was silent.
        if case .requestStalled = error, call.unreadBytes == 0 {
            end(.failure(InvocationError.replicaLost(afterResponseBegan: true)))
        } else {
            end(.failure(error))
        }
    }

    // MARK: Preflight requests, which no call is

    func answerWithoutContent(_ fields: [UInt8], keepAlive: Bool) {}

    // MARK: Tunnels, which no call asks for

    func becomeTunnel() {}
    func finishWriting() {}
    func endTunnel() { close() }

    // MARK: Ends

    func close() { end(.failure(exchange.state.errorOfShutdown)) }

    /// Does nothing: a call exists only during its exchange.
    func closeIfIdle() {}

    private func end(_ result: Result<Void, any Error>) {
        guard isOpen else { return }
        isOpen = false
        deadline = .max
        exchange.clientGone()
        call.end(result)
        // The worker may hold the last reference to this object, which must not be used any more.
        worker.remove(call, entry)
    }
}
