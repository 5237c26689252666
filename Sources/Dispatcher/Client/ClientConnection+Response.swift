import F2SModel

// Responses over HTTP/1.1.
extension ClientConnection {
    /// The largest content, in bytes, that is copied behind its head. Up to this size a copy costs less than a write of
    /// two parts.
    private static let joinedContentBytesMax = 1024

    func passInterim(_ head: ResponseHead, _ bytes: Span<UInt8>) {
        let out = compose(head, bytes)
        out.append("\r\n")
        write(out)
    }

    func beginResponse(_ head: ResponseHead, _ bytes: Span<UInt8>, content: Span<UInt8>) {
        let out = compose(head, bytes)
        let traits = exchange.state.traits
        if let fields = exchange.pageFields { out.append(fields) }
        if !head.known.hasDate, head.status >= 200 { out.append(worker.date.line) }
        // The response of another process already has these times.
        if exchange.isForFunction { exchange.state.times.write(into: out) }
        appendConnection(head, bytes, traits, to: out)
        if traits.ending == .chunks {
            HeadComposer.chunk(content, into: out)
            write(out)
        } else if content.count <= Self.joinedContentBytesMax {
            // Head and content need one write. Only a small content is copied for it.
            out.append(content)
            write(out)
        } else {
            write(out, content)
        }
    }

    private func compose(_ head: ResponseHead, _ bytes: Span<UInt8>) -> Buffer {
        if isInternal {
            worker.scanner.drop(Exchange.refusedName, bytes)
            worker.scanner.drop(Exchange.errorName, bytes)
        } else if exchange.state.destination == .peer {
            worker.scanner.drop(Exchange.errorName, bytes)
        }
        if exchange.pageFields != nil, exchange.hasCORS {
            worker.scanner.drop("access-control-allow-origin", bytes)
            worker.scanner.drop("access-control-allow-credentials", bytes)
        }
        let out = worker.output
        out.clear()
        HeadComposer.response(bytes, head, fields: worker.scanner.fields, into: out)
        return out
    }

    /// Appends the fields that concern this connection, and ends the head.
    private func appendConnection(
        _ head: ResponseHead, _ bytes: Span<UInt8>, _ traits: RequestTraits, to out: Buffer
    ) {
        if head.status == 101 {
            out.append("Connection: Upgrade\r\n")
            if let upgrade = head.known.upgrade {
                out.append("Upgrade: ")
                out.append(bytes, upgrade)
                out.append("\r\n")
            }
        } else {
            if head.status == 426, head.known.upgrade != nil { out.append("Connection: Upgrade\r\n") }
            if !traits.keepAlive { out.append("Connection: close\r\n") }
            if traits.ending == .chunks { out.append("Transfer-Encoding: chunked\r\n") }
        }
        out.append("\r\n")
    }

    func passContent(_ bytes: Span<UInt8>) {
        if exchange.state.traits.ending == .chunks, exchange.state.phase == .responding {
            let out = worker.output
            out.clear()
            HeadComposer.chunk(bytes, into: out)
            write(out)
        } else {
            write(bytes)
        }
    }

    func endResponse(keepAlive: Bool) {
        if exchange.state.traits.ending == .chunks { write(HeadComposer.lastChunk) }
        responseEnded(keepAlive: keepAlive)
    }

    func fail(
        _ error: InvocationError, function: FunctionName?, timing: ExchangeTimes?, isAnswerToHead: Bool, keepAlive: Bool
    ) {
        // Between requests, the lines still belong to the previous request.
        let page = function == nil ? [] : exchange.pageFields ?? []
        let fields = worker.date.line + proof(of: error) + challenges(of: error) + page
        let out = worker.output
        out.clear()
        ProblemResponse.write(
            Problem(error, function: function), error, timing: timing, keepAlive: keepAlive,
            isAnswerToHead: isAnswerToHead, fields: fields, into: out)
        write(out)
        responseEnded(keepAlive: keepAlive)
    }

    /// Returns the field lines by which a client learns how to prove its identity (RFC 9110 section 11.6.1).
    private func challenges(of error: InvocationError) -> [UInt8] {
        guard error.status == 401 else { return [] }
        // A challenge that the browser knows would make it ask for a password by itself, again and again.
        if case .unauthenticated(.loginEnded) = error { return Self.sessionChallenge }
        return worker.tuning.challenges.flatMap { Array("WWW-Authenticate: \($0)\r\n".utf8) }
    }

    private static let sessionChallenge = Array("WWW-Authenticate: F2S-Session realm=\"f2s\"\r\n".utf8)

    /// Responds to a request about the server as a whole (RFC 9110 section 9.3.7) with the methods that F2S knows.
    func answerServerWide(_ head: RequestHead) {
        answerWithoutContent(
            Self.allowLine, keepAlive: isRequestComplete && head.isPersistent && !worker.shared.isLeaving)
    }

    private static let allowLine = Array("Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE\r\n".utf8)

    func answerWithoutContent(_ fields: [UInt8], keepAlive: Bool) {
        let out = worker.output
        out.clear()
        out.append("HTTP/1.1 204 No Content\r\n")
        out.append(fields)
        out.append(worker.date.line)
        if !keepAlive { out.append("Connection: close\r\n") }
        out.append("\r\n")
        write(out)
        responseEnded(keepAlive: keepAlive)
    }

    private static let refusedLine = Array("X-F2S-Refused: token\r\n".utf8)

    /// Returns field lines by which another process recognizes that F2S, and not a function, sent this error.
    private func proof(of error: InvocationError) -> [UInt8] {
        guard isInternal else { return [] }
        return switch error {
        case .moved: worker.peers?.token.line ?? []
        case .untrustedPeer: Self.refusedLine
        default: Array("X-F2S-Error: \(error.stage.rawValue)\r\n".utf8)
        }
    }
}
