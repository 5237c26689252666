import F2SModel

// The access log and the audit log.
extension Exchange {
    /// Begins the record of an invocation. Invocations that another F2S process forwards are recorded there.
    func beginAccessRecord(_ head: RequestHead, _ bytes: Span<UInt8>) {
        access = nil
        guard worker.logs.access != nil, !client.isInternal, RouteTable.isInvocation(bytes, head) else { return }
        var record = AccessRecord(
            time: worker.wallClock, client: clientText(bytes), method: bytes.text(head.methodText),
            target: bytes.text(head.target, bytesMax: 2 * AccessRecord.textBytesMax),
            minorVersion: head.minorVersion)
        for field in worker.scanner.fields {
            if bytes.isCaseInsensitively("user-agent", in: field.name) {
                record.userAgent = bytes.text(field.value, bytesMax: AccessRecord.textBytesMax)
            } else if bytes.isCaseInsensitively("referer", in: field.name) {
                record.referer = bytes.text(field.value, bytesMax: AccessRecord.textBytesMax)
            } else if head.known.hasRequestID, bytes.isCaseInsensitively("x-request-id", in: field.name) {
                record.requestID = bytes.text(field.value, bytesMax: AccessRecord.textBytesMax)
            }
        }
        access = PendingAccessRecord(record)
    }

    /// Completes and writes the record of an invocation that ends.
    func finish(_ pending: PendingAccessRecord, _ end: End) {
        var record = pending.record
        var times = state.times
        let now = worker.now()
        record.function = entry?.declaration.name.text
        let status = state.traits.status
        switch end {
        case .completed, .tunnelClosed: record.status = status
        case .preflight: record.status = 204
        case .failed(.loginRequired, _): record.status = 302
        case .failed(let error, _):
            record.status = error.status
            record.outcome = .failed
            record.stage = error.stage
        case .brokenOff(let error):
            record.status = status
            record.outcome = .brokenOff
            record.stage = error.stage
        // Either side may end a tunnel.
        case .clientGone where state.phase == .tunnel: record.status = status
        case .clientGone where worker.isStopping:
            let error = InvocationError.draining
            record.status = status == 0 ? error.status : status
            record.outcome = status == 0 ? .failed : .brokenOff
            record.stage = error.stage
        case .clientGone:
            record.status = status == 0 ? AccessRecord.clientGoneStatus : status
            record.outcome = .clientGone
            times.end(now: now)
        }
        record.durationMicroseconds = now > times.began ? (now &- times.began) / 1000 : 0
        record.queueMicroseconds = times.queueMicroseconds
        record.startMicroseconds = times.startMicroseconds
        worker.logs.access?.record(record)
    }

    /// Records a request that is refused because of its caller, before the request was composed.
    func audit(_ error: InvocationError, of caller: Principal?, _ head: RequestHead, _ bytes: Span<UInt8>) {
        let credentials = caller == nil ? head.known.authorization.map { bytes.text($0) } : nil
        let path = bytes.text(head.path, bytesMax: AccessRecord.textBytesMax)
        let request = entry == nil ? "\(bytes.text(head.methodText)) \(path)" : nil
        audit(error, of: caller, credentials: credentials, client: clientText(bytes), request: request)
    }

    /// Records an invocation that is refused after its credentials were verified.
    func audit(_ error: InvocationError, of caller: Principal?, _ unverified: UnverifiedCaller?) {
        audit(
            error, of: caller, credentials: caller == nil ? unverified?.credentials.field : nil,
            client: unverified?.client,
            request: nil)
    }

    private func audit(
        _ error: InvocationError, of caller: Principal?, credentials: String?, client: String?, request: String?
    ) {
        guard let log = worker.logs.audit, AuditEntry.Result(status: error.status) == .refused else { return }
        var entry = AuditEntry(action: request ?? Privilege.invoke.rawValue, status: error.status)
        entry.function = self.entry?.declaration.name.text
        entry.user = caller?.name
        let claimed = credentials.flatMap { worker.authenticator?.claimedUser(of: $0) }
        entry.claimedUser = claimed.map { String($0.prefix(AuditEntry.claimedUserMax)) }
        entry.client = client
        entry.reason = error.detail
        log.record(entry)
    }

    /// Returns the address of the client: the right-most one that is not a trusted proxy's; `nil` if it is unknown.
    func clientText(_ bytes: Span<UInt8>) -> String? {
        let address = client.address
        guard let number = address.number, worker.trusts(number) else { return address.text }
        // The admission of the request keeps the same fields.
        let trusted = worker.scanner.keepTrustedOrigin(bytes)
        let sender = ForwardedClient(bytes, worker.scanner.fields, trusted)
        return sender.text(bytes, proxy: number) { worker.trusts($0) }
    }
}
