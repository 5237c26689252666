import F2SModel

/// Reads a stream with the codec as a connection does: bytes arrive in pieces, and unconsumed bytes are kept.
struct CodecReader {
    private enum Phase { case head, content, over }

    /// Limits that are small enough for the fuzzer to reach them.
    static let limits = limits(factor: 1)
    /// Limits for a forwarded head, which has more fields than the received one.
    static let forwardedLimits = limits(factor: 4)

    private static func limits(factor: Int) -> HeadLimits {
        var limits = Limits()
        limits.headBytesMax = 1024 * factor
        limits.targetBytesMax = 128 * factor
        limits.fieldsMax = 16 * factor
        return HeadLimits(limits)
    }

    private var scanner: HeadScanner
    private var body = BodyReader()
    private var phase = Phase.head
    private var searched = 0
    private var consumed = 0
    private var responses = 0
    private let circumstances: Circumstances

    init(_ circumstances: Circumstances, limits: HeadLimits = Self.limits) {
        self.circumstances = circumstances
        scanner = HeadScanner(limits: limits)
    }

    /// Reads a whole stream that arrives in these pieces.
    mutating func read(_ stream: Span<UInt8>, in pieces: Pieces, into trace: inout Trace) throws(Finding) {
        trace.clear()
        var pieces = pieces
        var arrived = 0
        while arrived < stream.count, phase != .over {
            arrived += pieces.nextLength(of: stream.count - arrived)
            try advance(stream.extracting(first: arrived), isAll: arrived == stream.count, &trace)
        }
    }

    /// Returns true if the codec accepts an incomplete head once it is completed: after its last complete line, with an
    /// empty line alone or with a `Host` field before it.
    static func mayAccept(_ rest: Span<UInt8>, _ circumstances: Circumstances) -> Bool {
        var lines: [UInt8] = []
        for index in rest.indices { lines.append(rest[index]) }
        while let last = lines.last, last != Octet.lineFeed { lines.removeLast() }
        return ["\r\n", "Host: a\r\n\r\n"].contains { end in
            var reader = CodecReader(circumstances)
            var trace = Trace()
            let stream = lines + Array(end.utf8)
            do throws(Finding) {
                try reader.read(stream.span, in: .whole, into: &trace)
            } catch {
                return true
            }
            if case .refusedHead = trace.verdict { return trace.messages.isEmpty == false }
            return true
        }
    }

    private mutating func advance(_ arrived: Span<UInt8>, isAll: Bool, _ trace: inout Trace) throws(Finding) {
        while consumed < arrived.count {
            switch phase {
            case .head: guard readHead(arrived, &trace) else { return }
            case .content: try readContent(arrived, isAll: isAll, &trace)
            case .over: return
            }
        }
    }

    /// Reads the next head. Returns false if it is incomplete or rejected.
    private mutating func readHead(_ arrived: Span<UInt8>, _ trace: inout Trace) -> Bool {
        if !circumstances.isResponse { skipEmptyLines(arrived) }
        let bytes = arrived.extracting(consumed...)
        do throws(HeadError) {
            let limit = scanner.limits.headBytesMax
            let end = HeadScanner.end(of: bytes, from: &searched)
            guard end ?? bytes.count <= limit else { throw .tooLarge(.head(bytesMax: limit)) }
            guard let end else { return false }
            if circumstances.isResponse {
                takeResponse(try scanner.response(bytes, length: end), &trace)
            } else {
                takeRequest(try scanner.request(bytes, length: end), &trace)
            }
            searched = 0
            return true
        } catch {
            trace.verdict = .refusedHead(error)
            phase = .over
            return false
        }
    }

    /// Skips empty lines before a request (RFC 9112 section 2.2).
    private mutating func skipEmptyLines(_ arrived: Span<UInt8>) {
        while arrived.count - consumed >= 2, arrived[consumed] == Octet.carriageReturn,
            arrived[consumed + 1] == Octet.lineFeed
        {
            consumed += 2
            searched = 0
        }
    }

    private mutating func takeRequest(_ head: RequestHead, _ trace: inout Trace) {
        var message = Trace.Message(start: consumed, headEnd: consumed + head.length)
        message.methodText = head.methodText.moved(by: consumed)
        // The text between the method and " HTTP/1.1\r\n".
        message.targetText = ByteRange(head.methodText.upper + 1, head.fieldsStart - 11).moved(by: consumed)
        message.target = head.target.moved(by: consumed)
        message.path = head.path.moved(by: consumed)
        message.minorVersion = head.minorVersion
        message.framing = head.framing
        message.isPersistent = head.isPersistent
        message.isUpgrade = head.upgrade != nil
        message.asksToUpgrade = head.known.saysUpgrade && head.known.upgrade != nil && head.minorVersion >= 1
        take(message, &trace)
    }

    private mutating func takeResponse(_ head: ResponseHead, _ trace: inout Trace) {
        var message = Trace.Message(start: consumed, headEnd: consumed + head.length)
        let isFinal = head.status >= 200 || head.status == 101
        message.isAnswerToHead = circumstances.isAnswerToHead(responses)
        message.status = head.status
        message.minorVersion = head.minorVersion
        message.framing = head.framing(isAnswerToHead: message.isAnswerToHead)
        message.isUpgrade = head.status == 101
        message.asksToUpgrade = message.isUpgrade
        // An interim response does not decide if the connection persists.
        message.isPersistent = !isFinal || head.isPersistent && message.framing != .untilClose
        if isFinal { responses += 1 }
        take(message, &trace)
    }

    private mutating func take(_ head: Trace.Message, _ trace: inout Trace) {
        var message = head
        message.fields = trace.fields.count..<trace.fields.count + scanner.fields.count
        message.runs = trace.runs.count..<trace.runs.count
        for field in scanner.fields {
            trace.fields.append(
                Trace.TracedField(
                    name: field.name.moved(by: consumed), value: field.value.moved(by: consumed),
                    isDropped: field.isDropped))
        }
        consumed = head.headEnd
        body = BodyReader(head.framing)
        phase = .content
        trace.messages.append(message)
        if body.isDone { finish(&trace) }
    }

    private mutating func readContent(_ arrived: Span<UInt8>, isAll: Bool, _ trace: inout Trace) throws(Finding) {
        let bytes = arrived.extracting(consumed...)
        let offset = consumed
        let before = body
        var told = 0
        var count: Int?
        do throws(ChunkScanner.Failure) {
            count = try body.consume(
                bytes,
                content: { run in
                    told += run.count
                    trace.addRun(run.moved(by: offset))
                }, dropped: { trace.cuts.ranges.append($0.moved(by: offset)) })
        } catch {
            trace.verdict = .refusedContent
            phase = .over
        }
        // The dispatcher calls `completeLength` only before it has consumed any content.
        if isAll, trace.messages.last?.headEnd == offset {
            try checkLookAhead(before, bytes, found: body.isDone ? count : nil)
        }
        guard let count else { return }
        consumed += count
        guard body.contentBytes - before.contentBytes == told else {
            throw Finding("contentBytes grew by \(body.contentBytes - before.contentBytes), \(told) were reported")
        }
        if body.isDone { finish(&trace) }
    }

    /// Checks that `completeLength` returns the length that `consume` then finds, or `nil` if that exceeds the bound.
    private func checkLookAhead(_ reader: BodyReader, _ bytes: Span<UInt8>, found: Int?) throws(Finding) {
        let length = found ?? bytes.count
        for bytesMax in [length - 1, length, bytes.count + 1] where bytesMax >= 0 {
            let expected = found.flatMap { $0 <= bytesMax ? $0 : nil }
            let told = reader.completeLength(in: bytes, bytesMax: bytesMax)
            guard told == expected else {
                throw Finding(
                    "completeLength(bytesMax: \(bytesMax)) is \(String(describing: told)), by consume it is "
                        + String(describing: expected))
            }
        }
    }

    private mutating func finish(_ trace: inout Trace) {
        let last = trace.messages.count - 1
        trace.messages[last].end = consumed
        phase = .head
        guard !trace.messages[last].isPersistent || trace.messages[last].status == 101 else { return }
        trace.verdict = .closed
        phase = .over
    }
}
