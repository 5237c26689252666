import F2SModel

extension Exchange {
    // MARK: Methods that the upstream connection calls

    func upstreamWritable() {
        client.resume()
        endTunnelIfOver()
    }

    /// Handles an interim response (1xx): passes it on, or lets content flow.
    func respondInterim(_ head: ResponseHead, _ bytes: Span<UInt8>) {
        switch state.interimArrived(status: head.status) {
        case .ignore: break
        case .pass:
            let out = compose(head, bytes)
            out.append("\r\n")
            client.write(out)
        case .sendContent:
            noteActivity()
            client.resume()
        }
    }

    private func compose(_ head: ResponseHead, _ bytes: Span<UInt8>) -> Buffer {
        if client.isInternal { worker.scanner.drop(Self.refusedName, bytes) }
        let out = worker.output
        out.clear()
        HeadComposer.response(bytes, head, fields: worker.scanner.fields, into: out)
        return out
    }

    /// Begins the response: adds F2S's own fields and passes the head on, with the content that has arrived so far.
    func respond(
        _ head: ResponseHead, _ bytes: Span<UInt8>, content: Span<UInt8>, framing: Framing, isComplete: Bool
    ) {
        let out = compose(head, bytes)
        state.responseBegan(
            status: head.status, framing, isComplete: isComplete, isRequestComplete: client.isRequestComplete,
            isLeaving: worker.shared.isLeaving, at: worker.now())
        if !head.known.hasDate, head.status >= 200 { out.append(worker.date.line) }
        // The response of another process already has these times.
        if let entry, !entry.isForward {
            HeadComposer.serverTiming(
                queue: state.times.queueMicroseconds, start: state.times.startMicroseconds,
                function: state.times.functionMicroseconds, into: out)
        }
        appendConnection(head, bytes, to: out)
        guard state.traits.ending != .chunks else {
            HeadComposer.chunk(content, into: out)
            client.write(out)
            return noteActivity()
        }
        // Head and content need one write. Only a small content is copied for it.
        if content.count <= Self.joinedContentBytesMax {
            out.append(content)
            client.write(out)
        } else {
            client.write(out, content)
        }
        noteActivity()
    }

    /// Appends the fields that concern the client's connection, and ends the head.
    private func appendConnection(_ head: ResponseHead, _ bytes: Span<UInt8>, to out: Buffer) {
        if head.status == 101 {
            out.append("Connection: Upgrade\r\n")
            if let upgrade = head.known.upgrade {
                out.append("Upgrade: ")
                out.append(bytes, upgrade)
                out.append("\r\n")
            }
        } else {
            if head.status == 426, head.known.upgrade != nil { out.append("Connection: Upgrade\r\n") }
            if !state.traits.keepAlive { out.append("Connection: close\r\n") }
            if state.traits.ending == .chunks { out.append("Transfer-Encoding: chunked\r\n") }
        }
        out.append("\r\n")
    }

    func passContent(_ bytes: Span<UInt8>) {
        if state.traits.ending == .chunks, state.phase == .responding {
            let out = worker.output
            out.clear()
            HeadComposer.chunk(bytes, into: out)
            client.write(out)
        } else {
            client.write(bytes)
        }
        noteActivity()
    }

    /// Ends the exchange after a complete response. The upstream connection has already released the exchange.
    func responseEnded() {
        upstream = nil
        state.responseCompleted()
        if state.traits.ending == .chunks { client.write(HeadComposer.lastChunk) }
        if let entry {
            entry.handle.meters.complete(status: state.traits.status)
            state.times.observe(in: entry.handle.meters, now: worker.coarseNow)
        }
        end(.completed(keepAlive: state.traits.keepAlive))
    }

    /// Handles the end of the connection to the replica before its response ended.
    func upstreamLost(hasBegun: Bool, wasReused: Bool, wasStale: Bool) {
        upstream = nil
        let loss = state.upstreamLost(hasBegun: hasBegun, wasReused: wasReused, wasStale: wasStale)
        if case .admitAgain = loss.recovery { entry?.handle.meters.count(.retried) }
        recover(loss)
    }

    /// Handles a response of the replica that violates HTTP's grammar.
    func upstreamMalformed(_ error: InvocationError) { recover(state.upstreamMalformed(error)) }
}
