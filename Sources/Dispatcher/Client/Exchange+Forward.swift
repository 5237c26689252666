import F2SModel

// Invocations whose slots another F2S process grants, and their moves between queues while they wait.
extension Exchange {
    /// Ends the head of a request, with the fields that another process expects if the request is forwarded. Content is
    /// sent only once that process has a slot for it: until then the invocation can be sent to another process instead.
    func endHead(of request: inout ComposedRequest) {
        guard state.destination == .peer else { return request.endHead() }
        request.endHead { out in
            if !state.isWhole { out.append("Expect: 100-continue\r\n") }
            if let token = worker.peers?.token { out.append(token.line) }
        }
    }

    /// Returns true if a 503 comes from another process, which proves itself by its token and does not grant the
    /// function's slots: the two processes disagree about the owner (docs/decisions/0011).
    func isTurnedAway(_ head: Span<UInt8>) -> Bool {
        guard state.destination == .peer, let token = worker.peers?.token else { return false }
        return token.isShown(by: worker.scanner.fields, head)
    }

    /// Name, in lower case, of the field by which a process marks its own errors for other processes; the value is the
    /// stage. F2S drops the field from functions' responses to other processes.
    static let errorName: StaticString = "x-f2s-error"

    /// Returns the error of another process if the response is not that of the function.
    func errorOfPeer(_ head: ResponseHead, _ bytes: Span<UInt8>) -> InvocationError? {
        guard state.destination == .peer else { return nil }
        for field in worker.scanner.fields where bytes.isCaseInsensitively(Self.errorName, in: field.name) {
            return .failedAtPeer(status: head.status, stage: Stage(rawValue: bytes.text(field.value)) ?? .function)
        }
        return nil
    }

    /// Returns true if the response comes from another process, which does not know our token.
    func isDistrusted(_ head: Span<UInt8>) -> Bool {
        guard state.destination == .peer else { return false }
        return worker.scanner.fields.contains { head.isCaseInsensitively(Self.refusedName, in: $0.name) }
    }

    /// Sends the invocation again after another process has rejected our token.
    func distrusted() {
        upstream = nil
        recover(state.distrusted(at: worker.coarseNow, limit: worker.times.scaling))
    }

    /// Sends the invocation again after another process has rejected it without passing anything on. It waits for the
    /// process that grants the slots.
    func turnedAway() {
        upstream = nil
        recover(state.turnedAway())
    }

    /// Moves an invocation that its queue does not admit because the function's slots are granted by another process.
    func moveToOwner(_ entry: RouteTable.Entry) {
        guard !client.isInternal else { return fail(.moved) }
        if let next = entry.handle.successor { return move(to: next) }
        // There is no successor any more: the slots are granted by this queue again.
        sequence = nil
        enqueue(entry, isMoved: true)
    }

    /// Moves the invocation to another queue, which grants the function's slots from now on. No content of it was
    /// passed on.
    func move(to next: RouteTable.Entry) {
        guard !client.isInternal else { return fail(.moved) }
        guard let request else { return fail(.moved) }
        // Another process would have checked the path.
        guard !mayLeave(next, request.hasDotSegment) else { return fail(Self.dotSegmentError) }
        state.moved(to: next.destination, timeout: next.declaration.timeout)
        var moved = ComposedRequest(
            request, to: next.declaration.path ?? RouteTable.publicPath(next.declaration.route),
            into: worker.loop.buffers.acquire())
        endHead(of: &moved)
        moved.appendBody(of: request)
        worker.loop.buffers.release(request.bytes)
        self.request = moved
        self.entry = next
        forgetPosition()
        if !next.isForward { next.handle.meters.count(.incoming) }
        enqueue(next, isMoved: true)
    }
}
