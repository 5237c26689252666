import F2SModel

/// The client side of an exchange for a module of this process. Requests and responses pass through an
/// ``InProcessCall``; no socket is involved.
final class InProcessClient: ExchangeClient {
    private(set) lazy var exchange = Exchange(client: self, worker: worker)
    let listener: ListenerKind? = nil
    let address: ClientAddress
    private(set) var entry = -1
    private(set) var deadline = UInt64.max
    private(set) var isRequestComplete = false

    private let call: InProcessCall
    private let worker: Worker
    private var isChunked = false
    /// The number of bytes of content that were passed on.
    private var sentBytes = 0
    private var isOpen = true
    /// Bytes of the response that the caller had not read at the last check.
    private var unread = Int.max

    init(_ call: InProcessCall, worker: Worker) {
        self.call = call
        self.worker = worker
        address = ClientAddress(caller: call.caller)
    }

    /// Begins the exchange.
    func start() {
        entry = worker.register(self, for: call)
        let bytes = call.head
        do throws(HeadError) {
            var head = try worker.scanner.request(bytes.span, length: bytes.count)
            // The response could not leave HTTP.
            head.upgrade = nil
            begin(head, bytes.span)
        } catch {
            exchange.refuse(error.asRequestError)
        }
    }

    private func begin(_ head: RequestHead, _ bytes: Span<UInt8>) {
        isChunked = head.framing == .chunked
        isRequestComplete = head.framing == .none
        if case .length(let length) = head.framing, let error = excess(length) { return exchange.refuse(error) }
        exchange.begin(head, bytes, takesChunks: false)
        if exchange.isOpen, !isChunked, !isRequestComplete,
            let content = call.completeContent(bytesMax: Exchange.heldBodyBytesMax)
        {
            exchange.hold(content.span)
            isRequestComplete = true
        }
        exchange.start(timeoutMax: call.timeoutMax)
    }

    /// Handles a change of the call: its caller has read or sent content, or waits no more.
    func callChanged() {
        guard isOpen else { return }
        guard !call.isCancelled else { return close() }
        sendContent()
        if isOpen, isWritable { exchange.clientWritabilityChanged(isWritable: true) }
    }

    private func sendContent() {
        guard !isRequestComplete, exchange.isTakingBody, exchange.isUpstreamWritable else { return }
        let (content, isComplete) = call.takeContent()
        guard isComplete || !content.isEmpty else { return }
        sentBytes += content.count
        if let error = excess(sentBytes) { return exchange.refuse(error) }
        isRequestComplete = isComplete
        guard isChunked else { return exchange.passUpstream(content.span) }
        let out = worker.loop.buffers.acquire()
        HeadComposer.chunk(content.span, into: out)
        if isComplete { out.append(HeadComposer.lastChunk) }
        out.withBytes { exchange.passUpstream($0) }
        worker.loop.buffers.release(out)
    }

    private func excess(_ length: Int) -> InvocationError? {
        guard let limit = worker.tuning.limits.bodyBytesMax, length > limit else { return nil }
        return .tooLarge(.body(bytesMax: limit))
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
        var fields: [InvocationField] = []
        for field in worker.scanner.fields where !field.isDropped {
            fields.append(InvocationField(bytes.text(field.name), bytes.text(field.value)))
        }
        call.begin(head.status, fields)
        passContent(content)
    }

    func passContent(_ bytes: Span<UInt8>) {
        unread = .max
        call.receive(bytes)
    }

    func endResponse(keepAlive: Bool) { end(.success(())) }

    func fail(
        _ error: InvocationError, function: FunctionName?, timing: ExchangeTimes?, isAnswerToHead: Bool, keepAlive: Bool
    ) { end(.failure(error)) }

    func breakOff(_ error: InvocationError) { end(.failure(error)) }

    // MARK: Tunnels, which no call asks for

    func becomeTunnel() {}
    func finishWriting() {}
    func endTunnel() { close() }

    // MARK: Ends

    func close() { end(.failure(InvocationError.draining)) }

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
