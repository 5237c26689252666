import F2SModel

extension Exchange {
    // MARK: Ends

    /// The ways in which an exchange ends.
    enum End {
        /// The response of the upstream is complete.
        case completed(keepAlive: Bool)
        /// F2S itself responds. The response is in the worker's `output`.
        case answered(keepAlive: Bool)
        /// The response breaks off: the client's connection is closed in the middle of it.
        case brokenOff
        /// The tunnel is closed. Bytes that are already written are still sent.
        case tunnelClosed
        /// The client has disconnected.
        case clientGone
    }

    /// Ends the exchange: releases everything that it holds, and then lets the client's connection go on.
    func end(_ end: End) {
        // A request whose head is malformed is answered without ever having been open.
        if isOpen { release(state.end()) }
        switch end {
        case .completed(let keepAlive): client.responseEnded(keepAlive: keepAlive)
        case .answered(let keepAlive):
            client.write(worker.output)
            client.responseEnded(keepAlive: keepAlive)
        case .brokenOff: client.breakOff()
        case .tunnelClosed: client.closeAfterWriting()
        case .clientGone: break
        }
    }

    /// Responds with a problem. The connection stays open if the request was read to its end and the client keeps it
    /// open.
    func fail(_ error: InvocationError) { answer(error, mayKeepAlive: !worker.shared.isLeaving) }

    /// Responds with a problem and closes the connection.
    func refuse(_ error: InvocationError) { answer(error, mayKeepAlive: false) }

    private func answer(_ error: InvocationError, mayKeepAlive: Bool) {
        // Between requests, `entry` still belongs to the previous request.
        let entry = isOpen ? entry : nil
        let reaction = state.failed(
            mayKeepAlive: mayKeepAlive, isRequestComplete: client.isRequestComplete, at: worker.now())
        guard case .respond(let keepAlive) = reaction else {
            if state.phase == .responding { entry?.handle.meters.fail(error.stage) }
            return end(.brokenOff)
        }
        if let entry, state.isInvocation {
            entry.handle.meters.fail(error.stage)
        } else {
            worker.shared.refuse(error.stage)
        }
        let out = worker.output
        out.clear()
        ProblemResponse.write(
            Problem(error, function: entry?.declaration.name), error, timing: entry == nil ? nil : state.times,
            keepAlive: keepAlive, isAnswerToHead: isOpen && state.traits.isHeadRequest,
            fields: worker.date.line + proof(of: error), into: out)
        end(.answered(keepAlive: keepAlive))
    }

    /// Responds to a request about the server as a whole (RFC 9110 section 9.3.7) with the methods that F2S knows.
    func answerServerWide() {
        let keepAlive = client.isRequestComplete && state.traits.isPersistent && !worker.shared.isLeaving
        let out = worker.output
        out.clear()
        out.append("HTTP/1.1 204 No Content\r\n")
        out.append("Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE\r\n")
        out.append(worker.date.line)
        if !keepAlive { out.append("Connection: close\r\n") }
        out.append("\r\n")
        end(.answered(keepAlive: keepAlive))
    }

    /// Restarts the time limit for silence.
    func noteActivity() {
        let deadline = state.deadline(
            at: worker.coarseNow, worker.times, isRequestComplete: client.isRequestComplete,
            isClientWritable: client.isWritable)
        if let deadline { client.setDeadline(at: deadline) }
    }

    func deadlinePassed(_ time: UInt64) {
        let expiry = state.deadlinePassed(
            time, isRequestComplete: client.isRequestComplete, isUpstreamWritable: isUpstreamWritable)
        switch expiry {
        case .closeClient: client.close()
        // A client that reads slowly is not silent.
        case .refuseUnlessReading(let error): if !client.isTakingAnswer() { refuse(error) }
        case .refuse(let error): refuse(error)
        case .fail(let error): fail(error)
        case .askQueue:
            guard let entry else { return client.close() }
            let (isAccepting, startFailure) = entry.handle.withQueue { ($0.isAccepting, $0.currentStartFailure) }
            switch state.waitExpired(time, isAccepting: isAccepting, startFailure: startFailure) {
            case .keepWaiting(let until): client.setDeadline(at: until)
            case .fail(let error): fail(error)
            }
        }
    }
}
