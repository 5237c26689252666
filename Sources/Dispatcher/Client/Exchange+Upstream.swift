import F2SModel

extension Exchange {
    // MARK: What the upstream connection tells

    func upstreamWritable() {
        client.resume()
        if state == .tunnel { endTunnelIfDone() }
    }

    /// The answer has begun. Adds what F2S has to say and passes the head on, with as much content as is there.
    func respond(
        _ head: ResponseHead, _ bytes: Span<UInt8>, content: Span<UInt8>, framing: Framing, isComplete: Bool
    ) {
        let isInterim = head.status < 200 && head.status != 101
        if isInterim, facts.minorVersion < 1 || head.status == 100 {
            if head.status == 100 { continueArrived() }
            return
        }
        if client.isInternal { worker.scanner.drop(Self.refusedName, bytes) }
        let out = worker.output
        out.clear()
        HeadComposer.response(bytes, head, fields: worker.scanner.fields, into: out)
        guard !isInterim else {
            out.append("\r\n")
            return client.write(out)
        }
        times.responded = worker.now()
        state = .responding
        facts.status = head.status
        facts.endContent(framing)
        facts.keepAlive =
            facts.isPersistent && facts.ending != .close && !worker.shared.isLeaving && head.status != 101
            && (client.isRequestComplete || !isComplete)
        if !head.facts.hasDate, head.status >= 200 { out.append(worker.date.line) }
        // What another process has answered says it already.
        if let entry, !entry.isForward {
            HeadComposer.serverTiming(
                queue: times.queueMicroseconds, start: times.startMicroseconds, function: times.functionMicroseconds,
                into: out)
        }
        if head.status == 101 {
            out.append("Connection: Upgrade\r\n")
            if let upgrade = head.facts.upgrade {
                out.append("Upgrade: ")
                out.append(bytes, upgrade)
                out.append("\r\n")
            }
        } else {
            if head.status == 426, head.facts.upgrade != nil { out.append("Connection: Upgrade\r\n") }
            if !facts.keepAlive { out.append("Connection: close\r\n") }
            if facts.ending == .chunks { out.append("Transfer-Encoding: chunked\r\n") }
        }
        out.append("\r\n")
        guard facts.ending != .chunks else {
            HeadComposer.chunk(content, into: out)
            client.write(out)
            return noteActivity()
        }
        // One write for a head and what is behind it; only a little of that is copied.
        if content.count <= Self.joinedContentBytesMax {
            out.append(content)
            client.write(out)
        } else {
            client.write(out, content)
        }
        noteActivity()
    }

    func passContent(_ bytes: Span<UInt8>) {
        if facts.ending == .chunks, state == .responding {
            let out = worker.output
            out.clear()
            HeadComposer.chunk(bytes, into: out)
            client.write(out)
        } else {
            client.write(bytes)
        }
        noteActivity()
    }

    /// The answer is complete; the upstream connection has let go already.
    func responseEnded() {
        upstream = nil
        if facts.ending == .chunks { client.write(HeadComposer.lastChunk) }
        if let entry {
            entry.cell.meters.complete(status: facts.status)
            times.observe(in: entry.cell.meters, now: worker.coarseNow)
        }
        let keepAlive = facts.keepAlive
        end()
        client.responseEnded(keepAlive: keepAlive)
    }

    /// The connection to the replica ended before its answer did.
    func upstreamLost(hasBegun: Bool, wasReused: Bool, wasStale: Bool) {
        upstream = nil
        // A connection that was idle for long was most likely closed for that: no reason to doubt its replica.
        if state != .tunnel, hasBegun || !wasStale { doubtReplica() }
        switch state {
        case .tunnel, .responding:
            if state == .responding, let entry { entry.cell.meters.fail(.function) }
            let wasTunnel = state == .tunnel
            end()
            if wasTunnel { client.closeAfterWriting() } else { client.breakOff() }
        case .sent where !hasBegun && wasReused && isWhole && facts.isIdempotent && attempts.maySendAgain():
            entry?.cell.meters.count(.retried)
            sendAgain()
        default:
            fail(.replicaLost(afterResponseBegan: hasBegun))
        }
    }

    /// The replica's answer breaks the grammar.
    func upstreamMalformed(_ error: InvocationError) {
        if state == .responding {
            entry?.cell.meters.fail(.function)
            end()
            client.breakOff()
        } else {
            fail(error)
        }
    }

    /// A replica that breaks off may be dying, and the kernel may close its connections before the socket that it
    /// listens on: what is sent in between is swallowed, although it could have been sent elsewhere. So the replica
    /// takes nothing until it accepts a connection a moment later, as one that has just started.
    /// - Parameter delay: nanoseconds until it is tried.
    func doubtReplica(_ delay: UInt64 = Worker.dialIntervalNanoseconds) {
        guard let entry, let replica = grant?.replica, entry.cell.withQueue({ $0.refused(replica) }) else { return }
        worker.dial(replica, of: entry.cell, after: delay)
        worker.shared.noteChange(of: entry.cell.id)
    }

    func sendAgain() {
        guard let entry else { return connect(relayUpstream) }
        failedReplica = grant?.replica
        releaseSlot()
        generation = worker.nextGeneration()
        admit(entry)
    }
}
