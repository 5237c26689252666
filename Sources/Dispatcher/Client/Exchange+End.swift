import F2SModel

extension Exchange {
    // MARK: Ends

    /// The ways in which an exchange ends.
    enum End {
        /// The response of the upstream is complete.
        case completed(keepAlive: Bool)
        /// F2S itself responds to a preflight request, with ``pageFields``.
        case preflight(keepAlive: Bool)
        /// F2S itself responds with an error.
        case failed(InvocationError, keepAlive: Bool)
        /// The response breaks off, because of this error.
        case brokenOff(InvocationError)
        /// The tunnel is closed. Bytes that are already written are still sent.
        case tunnelClosed
        /// The client has disconnected.
        case clientGone
    }

    /// Ends the exchange: releases everything that it holds, and then lets the client's connection go on.
    func end(_ end: End) {
        // A request whose head is malformed is answered without ever having been open.
        let wasOpen = isOpen
        if access != nil, let record = access.take() { finish(record, end) }
        if wasOpen { release(state.end()) }
        switch end {
        case .completed(let keepAlive): client.endResponse(keepAlive: keepAlive)
        case .preflight(let keepAlive): client.answerWithoutContent(pageFields ?? [], keepAlive: keepAlive)
        case .failed(let error, let keepAlive):
            // Between requests, `entry` still belongs to the previous request.
            let entry = wasOpen ? entry : nil
            client.fail(
                error, function: entry?.declaration.name, timing: entry == nil ? nil : state.times,
                isAnswerToHead: wasOpen && state.traits.isHeadRequest, keepAlive: keepAlive)
        case .brokenOff(let error): client.breakOff(error)
        case .tunnelClosed: client.endTunnel()
        case .clientGone: break
        }
    }

    /// Responds with a problem. The connection stays open if the request was read to its end and the client keeps it
    /// open.
    func fail(_ error: InvocationError) { answer(error, mayKeepAlive: !worker.shared.isLeaving) }

    /// Responds with a problem and closes the connection.
    func failAndClose(_ error: InvocationError) { answer(error, mayKeepAlive: false) }

    private func answer(_ error: InvocationError, mayKeepAlive: Bool) {
        // Between requests, `entry` still belongs to the previous request.
        let entry = isOpen ? entry : nil
        let reaction = state.failed(
            mayKeepAlive: mayKeepAlive, isRequestComplete: client.isRequestComplete, at: worker.now())
        guard case .respond(let keepAlive) = reaction else {
            if state.phase == .responding { entry?.handle.meters.countFailure(error.stage) }
            return end(.brokenOff(error))
        }
        if case .loginRequired = error {
            // This is no failure: the browser opens the function again after the sign-in.
        } else if let entry, state.isInvocation {
            entry.handle.meters.countFailure(error.stage)
        } else {
            worker.shared.countRejection(error.stage)
        }
        end(.failed(error, keepAlive: keepAlive))
    }

    /// Restarts the time limit for silence.
    func noteActivity() { noteActivity(of: client) }

    func noteActivity(of client: any ExchangeClient) {
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
        case .failUnlessReading(let error): if !client.isTakingAnswer() { failAndClose(error) }
        case .failAndClose(let error): failAndClose(error)
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
