import F2SModel

extension Exchange {
    // MARK: Ends

    /// Responds with a problem. The connection stays open if the request was read to its end and the client keeps it
    /// open.
    func fail(_ error: InvocationError) {
        let isClean = client.isRequestComplete && traits.isPersistent
        answer(error, keepAlive: isClean && !worker.shared.isLeaving)
    }

    /// Responds with a problem and closes the connection. If a response has already begun, the connection is closed in
    /// the middle of it.
    func refuse(_ error: InvocationError) {
        if state == .responding || state == .tunnel {
            if state == .responding { entry?.handle.meters.fail(error.stage) }
            end()
            return client.breakOff()
        }
        answer(error, keepAlive: false)
    }

    private func answer(_ error: InvocationError, keepAlive: Bool) {
        // Between requests, `entry` still belongs to the previous request.
        let entry = state == .idle ? nil : entry
        if let entry, isInvocation { entry.handle.meters.fail(error.stage) } else { worker.shared.refuse(error.stage) }
        times.end(now: worker.now())
        let problem = Problem(error, function: entry?.declaration.name)
        leaveQueue()
        let timing = entry == nil ? nil : times
        let isAnswerToHead = state != .idle && traits.isHeadRequest
        end()
        let out = worker.output
        out.clear()
        ProblemResponse.write(
            problem, error, timing: timing, keepAlive: keepAlive, isAnswerToHead: isAnswerToHead,
            fields: worker.date.line + proof(of: error), into: out)
        client.write(out)
        client.responseEnded(keepAlive: keepAlive)
    }

    /// Responds to a request about the server as a whole (RFC 9110 section 9.3.7) with the methods that F2S knows.
    func answerServerWide() {
        let keepAlive = client.isRequestComplete && traits.isPersistent && !worker.shared.isLeaving
        end()
        let out = worker.output
        out.clear()
        out.append("HTTP/1.1 204 No Content\r\n")
        out.append("Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE\r\n")
        out.append(worker.date.line)
        if !keepAlive { out.append("Connection: close\r\n") }
        out.append("\r\n")
        client.write(out)
        client.responseEnded(keepAlive: keepAlive)
    }

    /// Releases everything that the exchange holds, exactly once on every path.
    func end() {
        guard state != .idle else { return }
        state = .idle
        generation = worker.nextGeneration()
        if isInvocation {
            isInvocation = false
            worker.shared.invocationEnded()
        }
        if let upstream {
            self.upstream = nil
            abandon(upstream)
        }
        releaseSlot()
        failedReplica = nil
        forgetRequest()
    }

    /// Releases the upstream connection of an invocation that ends before its response did. If the function has a
    /// limit, the slot is held until the replica has finished: only then can another invocation run there without the
    /// function counting two at once.
    private func abandon(_ upstream: UpstreamConnection) {
        // A replica that has ended its direction of a tunnel has closed: no later event would show that it is free.
        guard let lease, let entry, entry.declaration.holdsSlots, !tunnelEnds.contains(.replica) else {
            return upstream.close()
        }
        self.lease = nil
        upstream.abandon(AbandonedSlot(lease: lease, handle: entry.handle), isRequestComplete: client.isRequestComplete)
    }

    /// Restarts the time limit for silence. The API's log and event streams may be silent without a limit.
    func noteActivity() {
        let silence = worker.coarseNow &+ worker.times.http
        switch state {
        case .tunnel:
            // Once one direction of a tunnel has ended, the other one gets the ordinary limit.
            client.setDeadline(in: tunnelEnds.isEmpty ? worker.times.tunnelIdle : worker.times.http)
        // The function's time limit includes the upload, so that a client that sends slowly does not hold a slot
        // forever.
        case .sent:
            let mayBeSilent = client.isRequestComplete || isAwaitingContinue
            client.setDeadline(at: mayBeSilent ? times.deadline : min(silence, times.deadline))
        case .responding:
            let mayBeSilent = entry == nil && client.isWritable && client.isRequestComplete
            client.setDeadline(at: mayBeSilent ? .max : silence)
        default: break
        }
    }

    func deadlinePassed(_ time: UInt64) {
        switch state {
        case .idle: client.close()
        // A client that reads slowly is not silent.
        case .tunnel, .responding: if !client.isTakingAnswer() { refuse(.requestStalled) }
        case .sent where !client.isRequestComplete && isUpstreamWritable && time < times.deadline:
            refuse(.requestStalled)
        case .waiting: waitedTooLong(time)
        case .routed, .connecting, .sent:
            let stage = isConnecting ? .connect : times.longestStage(now: time)
            fail(.responseTimeout(after: .nanoseconds(Int64(clamping: time &- times.began)), inStage: stage))
        }
    }

    private func waitedTooLong(_ time: UInt64) {
        guard let entry else { return client.close() }
        let (isAccepting, startFailure) = entry.handle.withQueue { ($0.isAccepting, $0.currentStartFailure) }
        let waited = Duration.nanoseconds(Int64(clamping: time &- times.began))
        if isAccepting {
            // A first replica accepts invocations, but all of its slots are taken. From now on only the function's own
            // time limit applies.
            guard time >= times.deadline else { return client.setDeadline(at: times.deadline) }
            fail(.queueTimeout(after: waited))
        } else if let startFailure {
            fail(.startFailed(startFailure))
        } else {
            // A forwarded invocation has one replica, another F2S process, and F2S does not start processes on demand.
            fail(entry.isForward ? .connectFailed : .scalingTimeout(after: waited))
        }
    }
}
