import F2SModel

extension Exchange {
    // MARK: Ends

    /// Answers with a problem; the connection goes on where the request was read to its end.
    func fail(_ error: InvocationError) {
        let isClean = client.isRequestComplete && facts.isPersistent
        answer(error, keepAlive: isClean && !worker.shared.isLeaving)
    }

    /// Answers with a problem and closes the connection.
    func refuse(_ error: InvocationError) {
        if state == .responding || state == .tunnel {
            if state == .responding { entry?.cell.meters.fail(error.stage) }
            end()
            return client.breakOff()
        }
        answer(error, keepAlive: false)
    }

    private func answer(_ error: InvocationError, keepAlive: Bool) {
        // Between requests the entry is that of the last one, which has nothing to do with this answer.
        let entry = state == .idle ? nil : entry
        if let entry, isInvocation { entry.cell.meters.fail(error.stage) } else { worker.shared.refuse(error.stage) }
        times.end(now: worker.now())
        let problem = Problem(error, function: entry?.declaration.name)
        leaveQueue()
        let timing = entry == nil ? nil : times
        let isAnswerToHead = state != .idle && facts.isHeadRequest
        end()
        let out = worker.output
        out.clear()
        ProblemResponse.write(
            problem, error, timing: timing, keepAlive: keepAlive, isAnswerToHead: isAnswerToHead,
            fields: worker.date.line + proof(of: error), into: out)
        client.write(out)
        client.responseEnded(keepAlive: keepAlive)
    }

    /// Answers a question about the server as a whole (RFC 9110 section 9.3.7): it is there, and knows these methods.
    func answerServerWide() {
        let keepAlive = client.isRequestComplete && facts.isPersistent && !worker.shared.isLeaving
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

    /// Gives back what is held, exactly once, on every path.
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

    /// The invocation ends before its response did. Where the function has a limit, its slot is held until the replica
    /// has finished: only then could another invocation run there without the function counting two at once.
    private func abandon(_ upstream: UpstreamConnection) {
        // A replica that has ended its direction of a tunnel has closed: nothing more tells when it is free.
        guard let grant, let entry, entry.declaration.holdsSlots, !tunnelEnds.contains(.replica) else {
            return upstream.close()
        }
        self.grant = nil
        upstream.abandon(AbandonedSlot(grant: grant, cell: entry.cell), isRequestComplete: client.isRequestComplete)
    }

    /// Something moved: silence begins anew. The API's log and event streams may be silent for as long as they like.
    func noteActivity() {
        let silence = worker.coarseNow &+ worker.times.http
        switch state {
        case .tunnel:
            // Half of a tunnel is about to end.
            client.setDeadline(in: tunnelEnds.isEmpty ? worker.times.tunnelIdle : worker.times.http)
        // The function's own time includes that of the upload, so that a trickle does not hold a slot for ever.
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
        // A slow reader is no silent one.
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
        let (isAccepting, trouble) = entry.cell.withQueue { ($0.isAccepting, $0.currentTrouble) }
        let waited = Duration.nanoseconds(Int64(clamping: time &- times.began))
        if isAccepting {
            // A first replica came, but its slots are taken: from now on only the function's own time counts.
            guard time >= times.deadline else { return client.setDeadline(at: times.deadline) }
            fail(.queueTimeout(after: waited))
        } else if let trouble {
            fail(.startFailed(trouble))
        } else {
            // The only replica of what is forwarded is another process, and those are not started on demand.
            fail(entry.isForward ? .connectFailed : .scalingTimeout(after: waited))
        }
    }
}
