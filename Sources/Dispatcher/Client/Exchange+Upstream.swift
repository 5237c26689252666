import F2SModel

extension Exchange {
    // MARK: Methods that the upstream connection calls

    func upstreamWritable() {
        client.resume()
        if state == .tunnel { endTunnelIfDone() }
    }

    /// Begins the response: adds F2S's own fields and passes the head on, with the content that has arrived so far.
    func respond(
        _ head: ResponseHead, _ bytes: Span<UInt8>, content: Span<UInt8>, framing: Framing, isComplete: Bool
    ) {
        let isInterim = head.status < 200 && head.status != 101
        if isInterim, traits.minorVersion < 1 || head.status == 100 {
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
        traits.status = head.status
        traits.endContent(framing)
        traits.keepAlive =
            traits.isPersistent && traits.ending != .close && !worker.shared.isLeaving && head.status != 101
            && (client.isRequestComplete || !isComplete)
        if !head.known.hasDate, head.status >= 200 { out.append(worker.date.line) }
        // The response of another process already has these times.
        if let entry, !entry.isForward {
            HeadComposer.serverTiming(
                queue: times.queueMicroseconds, start: times.startMicroseconds, function: times.functionMicroseconds,
                into: out)
        }
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
        guard traits.ending != .chunks else {
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

    func passContent(_ bytes: Span<UInt8>) {
        if traits.ending == .chunks, state == .responding {
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
        if traits.ending == .chunks { client.write(HeadComposer.lastChunk) }
        if let entry {
            entry.handle.meters.complete(status: traits.status)
            times.observe(in: entry.handle.meters, now: worker.coarseNow)
        }
        let keepAlive = traits.keepAlive
        end()
        client.responseEnded(keepAlive: keepAlive)
    }

    /// Handles the end of the connection to the replica before its response ended.
    func upstreamLost(hasBegun: Bool, wasReused: Bool, wasStale: Bool) {
        upstream = nil
        // The replica most likely closed the connection because it was idle for long. That is no reason to suspend the
        // replica.
        if state != .tunnel, hasBegun || !wasStale { doubtReplica() }
        switch state {
        case .tunnel, .responding:
            if state == .responding, let entry { entry.handle.meters.fail(.function) }
            let wasTunnel = state == .tunnel
            end()
            if wasTunnel { client.closeAfterWriting() } else { client.breakOff() }
        case .sent where !hasBegun && wasReused && isWhole && traits.isIdempotent && attempts.maySendAgain():
            entry?.handle.meters.count(.retried)
            sendAgain()
        default:
            fail(.replicaLost(afterResponseBegan: hasBegun))
        }
    }

    /// Handles a response of the replica that violates HTTP's grammar.
    func upstreamMalformed(_ error: InvocationError) {
        if state == .responding {
            entry?.handle.meters.fail(.function)
            end()
            client.breakOff()
        } else {
            fail(error)
        }
    }

    /// Suspends the replica until it accepts a connection again, as a replica that has just started does. A replica
    /// that breaks a connection off may be dying, and the kernel may close its connections before its listening socket.
    /// Requests that are sent in between would be lost, although another replica could serve them.
    /// - Parameter delay: Nanoseconds until the first attempt to connect.
    func doubtReplica(_ delay: UInt64 = Worker.dialIntervalNanoseconds) {
        guard let entry, let replica = lease?.replica, entry.handle.withQueue({ $0.refused(replica) }) else { return }
        worker.dial(replica, of: entry.handle, after: delay)
        worker.shared.noteChange(of: entry.handle.id)
    }

    func sendAgain() {
        guard let entry else { return connect(relayUpstream) }
        failedReplica = lease?.replica
        releaseSlot()
        generation = worker.nextGeneration()
        admit(entry)
    }
}
