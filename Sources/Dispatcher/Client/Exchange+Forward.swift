import F2SModel

// Invocations whose slots another F2S process grants, and the way there and back while they wait.
extension Exchange {
    /// How long nothing is forwarded to a process that has said that the function is not its own: either its view of
    /// the others or ours is about to change.
    private static let turnedAwayNanoseconds: UInt64 = 50_000_000

    /// How long nothing is forwarded to a process that does not know our token: one of both is about to read the
    /// other's.
    private static let distrustedNanoseconds: UInt64 = 250_000_000

    /// What another process wants to see. Content is sent only once it has a slot for it: until then the invocation can
    /// go elsewhere.
    func addPeerFields(to request: Buffer) {
        if !isWhole { request.append("Expect: 100-continue\r\n") }
        if let token = worker.peers?.token { request.append(token.line) }
    }

    /// The connection is there: content may flow, unless another process has yet to ask for it.
    func passContentOn() {
        isAwaitingContinue = entry?.isForward ?? false
        if isAwaitingContinue { noteActivity() } else { client.resume() }
    }

    /// The other process has a slot.
    func continueArrived() {
        guard isAwaitingContinue else { return }
        isAwaitingContinue = false
        noteActivity()
        client.resume()
    }

    /// Whether an answer is another process's word that it does not grant the function's slots.
    func isTurnedAway(_ head: Span<UInt8>) -> Bool {
        guard let entry, entry.isForward, let token = worker.peers?.token else { return false }
        return token.isShown(by: worker.scanner.fields, head)
    }

    /// Whether an answer is another process's word that it does not know our token.
    func isDistrusted(_ head: Span<UInt8>) -> Bool {
        guard let entry, entry.isForward else { return false }
        return worker.scanner.fields.contains { head.isCaseInsensitively(Self.refusedName, in: $0.name) }
    }

    /// Another process cannot be used as long as it does not know our token. That is none of the caller's business, who
    /// waits until it does, as for a process that cannot be reached.
    func distrusted() {
        upstream = nil
        let isHopeless = worker.coarseNow &- times.began > worker.times.scaling
        guard isWhole || isAwaitingContinue, !isHopeless else { return fail(.peerUnusable) }
        doubtReplica(Self.distrustedNanoseconds)
        sendAgain()
    }

    /// Another process did not take the invocation, and has passed nothing on: it waits for whoever does.
    func turnedAway() {
        upstream = nil
        guard isWhole || isAwaitingContinue else { return fail(.moved) }
        doubtReplica(Self.turnedAwayNanoseconds)
        sendAgain()
    }

    /// The queue admits nobody any more because the function has moved.
    func turnAway(_ entry: RouteTable.Entry) {
        guard !client.isInternal else { return fail(.moved) }
        if let next = entry.cell.successor { return move(to: next) }
        // It has just come back.
        sequence = nil
        admit(entry, isMoved: true)
    }

    /// The slots of its function are granted elsewhere from now on: it goes there. Nothing of it was passed on.
    func move(to next: RouteTable.Entry) {
        guard !client.isInternal else { return fail(.moved) }
        guard let entry, let request else { return fail(.moved) }
        state = .routed
        isAwaitingContinue = false
        let out = worker.loop.buffers.take()
        guard request.withBytes({ rewrite($0, from: entry, to: next, into: out) }) else {
            worker.loop.buffers.put(out)
            return fail(.functionNotFound(path: entry.declaration.route.path))
        }
        worker.loop.buffers.put(request)
        self.request = out
        self.entry = next
        sequence = nil
        failedReplica = nil
        generation = worker.nextGeneration()
        if !next.isForward { next.cell.meters.count(.incoming) }
        times.deadline = times.began &+ next.declaration.timeout
        admit(next, isMoved: true)
    }

    /// Writes a request that was meant for one place as it must be for another.
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
            from: .init(forwarding: .kept), identity: worker.identities.next(), into: out)
        if new.isForward { addPeerFields(to: out) }
        out.append("\r\n")
        out.append(bytes.extracting(droppingFirst: end))
        return true
    }

    /// The path that a replica gets is the function's own path and the rest of the public one; a process gets the
    /// public one. What both have is the rest.
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
