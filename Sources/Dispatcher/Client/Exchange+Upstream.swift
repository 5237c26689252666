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
        case .pass: client.passInterim(head, bytes)
        case .sendContent:
            noteActivity()
            client.resume()
        }
    }

    /// Begins the response with the content that has arrived so far.
    func respond(
        _ head: ResponseHead, _ bytes: Span<UInt8>, content: Span<UInt8>, framing: Framing, isComplete: Bool
    ) {
        let client = client
        state.responseBegan(
            status: head.status, framing, isComplete: isComplete, isRequestComplete: client.isRequestComplete,
            isLeaving: worker.shared.isLeaving, at: worker.now())
        access?.record.contentBytes += content.count
        client.beginResponse(head, bytes, content: content)
        noteActivity(of: client)
    }

    func passContent(_ bytes: Span<UInt8>) {
        access?.record.contentBytes += bytes.count
        client.passContent(bytes)
        noteActivity()
    }

    /// Ends the exchange after a complete response. The upstream connection has already released the exchange.
    func responseEnded() {
        upstream = nil
        state.responseCompleted()
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
