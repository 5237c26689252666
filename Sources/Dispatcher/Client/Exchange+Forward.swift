import F2SModel

// Invocations whose slots another F2S process grants, and their moves between queues while they wait.
extension Exchange {
    /// Adds the fields that another process expects. Content is sent only once that process has a slot for it: until
    /// then the invocation can be sent to another process instead.
    func addPeerFields(to request: Buffer) {
        if !state.isWhole { request.append("Expect: 100-continue\r\n") }
        if let token = worker.peers?.token { request.append(token.line) }
    }

    /// Returns true if the response comes from another process, which proves itself by its token and does not grant the
    /// function's slots.
    func isTurnedAway(_ head: Span<UInt8>) -> Bool {
        guard let entry, entry.isForward, let token = worker.peers?.token else { return false }
        return token.isShown(by: worker.scanner.fields, head)
    }

    /// Returns true if the response comes from another process, which does not know our token.
    func isDistrusted(_ head: Span<UInt8>) -> Bool {
        guard let entry, entry.isForward else { return false }
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
    func turnAway(_ entry: RouteTable.Entry) {
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
        guard let entry, let request else { return fail(.moved) }
        let out = worker.loop.buffers.acquire()
        guard request.withBytes({ rewrite($0, from: entry, to: next, into: out) }) else {
            worker.loop.buffers.release(out)
            return fail(.functionNotFound(path: entry.declaration.route.path))
        }
        worker.loop.buffers.release(request)
        self.request = out
        self.entry = next
        forgetPosition()
        state.moved(to: next.destination, timeout: next.declaration.timeout)
        if !next.isForward { next.handle.meters.count(.incoming) }
        enqueue(next, isMoved: true)
    }

    /// Rewrites a request that was composed for one entry so that it suits another one.
    /// - Returns: False if the request cannot be rewritten.
    private func rewrite(
        _ bytes: Span<UInt8>, from old: RouteTable.Entry, to new: RouteTable.Entry, into out: Buffer
    ) -> Bool {
        var searched = 0
        guard let end = HeadScanner.end(of: bytes, from: &searched),
            let head = try? worker.scanner.requestOfPeer(bytes, length: end)
        else { return false }
        worker.scanner.keepOrigin(bytes)
        guard let destination = Self.destination(of: bytes, head, from: old, to: new) else { return false }
        HeadComposer.request(
            bytes, head, fields: worker.scanner.fields, to: destination,
            from: .init(client: nil), identity: worker.identities.next(), into: out)
        if new.isForward { addPeerFields(to: out) }
        out.append("\r\n")
        out.append(bytes.extracting(droppingFirst: end))
        return true
    }

    /// Returns the destination for the new entry, or `nil` if the request's path is not one of the old entry. A replica
    /// gets the function's own path and the rest of the public path; another process gets the public path. The rest is
    /// the same for both.
    private static func destination(
        of bytes: Span<UInt8>, _ head: RequestHead, from old: RouteTable.Entry, to new: RouteTable.Entry
    ) -> HeadComposer.Destination? {
        let publicPath = RouteTable.publicPath(old.declaration.route)
        var known = old.declaration.path ?? publicPath
        if old.declaration.path != nil, known.last == Octet.slash { known.removeLast() }
        let rest = head.path.lower + known.count
        guard rest <= head.path.upper else { return nil }
        for (index, byte) in known.enumerated() where bytes[head.path.lower + index] != byte { return nil }
        return .init(path: new.declaration.path ?? RouteTable.publicPath(new.declaration.route), rest: rest)
    }
}
