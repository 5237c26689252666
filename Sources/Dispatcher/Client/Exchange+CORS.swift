import F2SModel

// Requests that pages of other origins send to functions (`spec.cors`). The process that the client has called decides;
// a process to which it forwards the request does not.
extension Exchange {
    /// Answers a preflight request of a function that declares ``Function/CORS``: without credentials, which browsers
    /// do not send with it, and without a replica.
    /// - Returns: The field lines of the response; `nil` if the request is not a preflight request.
    /// - Throws: ``InvocationError/foreignPage(reason:)``.
    func preflight(_ head: RequestHead, _ bytes: Span<UInt8>) throws(InvocationError) -> [UInt8]? {
        guard let policy = corsPolicy else { return nil }
        let page = PageFields(bytes, worker.scanner.fields)
        pageFields = policy.fields(for: page.origin, bytes)
        guard head.method == .options, let origin = page.origin, let method = page.method else { return nil }
        return try policy.fields(
            of: CORSPolicy.Preflight(method: method, headers: page.headers), answered: entry?.method, for: origin, bytes
        )
    }

    /// Lets a page read the error of a request that has no route or method.
    func notePage(_ bytes: Span<UInt8>) {
        guard pageFields == nil, let policy = corsPolicy else { return }
        pageFields = policy.fields(for: PageFields(bytes, worker.scanner.fields).origin, bytes)
    }

    /// Sends the response to a preflight request.
    func answerPreflight(_ fields: [UInt8]) {
        let reaction = state.failed(
            mayKeepAlive: !worker.shared.isLeaving, isRequestComplete: client.isRequestComplete, at: worker.now())
        guard case .respond(let keepAlive) = reaction else { return }
        pageFields = fields
        end(.preflight(keepAlive: keepAlive))
    }

    /// The rule for requests of clients; `nil` for those of other processes and of modules of this process.
    private var corsPolicy: CORSPolicy? {
        guard let policy = entry?.declaration.cors, let listener = client.listener else { return nil }
        return listener == .peers ? nil : policy
    }
}

/// The fields of a request that a browser sends for a page.
private struct PageFields {
    var origin: ByteRange?
    /// The method for which a browser asks permission.
    var method: ByteRange?
    /// The fields for which a browser asks permission.
    var headers: ByteRange?

    init(_ bytes: Span<UInt8>, _ fields: FieldTable) {
        for field in fields {
            if bytes.isCaseInsensitively("origin", in: field.name) {
                origin = field.value
            } else if bytes.isCaseInsensitively("access-control-request-method", in: field.name) {
                method = field.value
            } else if bytes.isCaseInsensitively("access-control-request-headers", in: field.name) {
                headers = field.value.isEmpty ? nil : field.value
            }
        }
    }
}
