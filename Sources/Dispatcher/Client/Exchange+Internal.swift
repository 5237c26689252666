import F2SModel

// Requests that are relayed to servers of F2S itself, and requests of other F2S processes.
extension Exchange {
    /// The upstream of requests that are neither for a function nor forwarded.
    var relayUpstream: ReplicaHandle {
        switch client.listener {
        case .everything, .invocations, .management, nil: worker.api
        case .console: worker.console ?? worker.api
        case .peers: worker.peers?.hooks ?? worker.api
        }
    }

    /// Relays a request that is not an invocation. A hook counts as an invocation in flight: the platform waits for its
    /// response, which may take as long as an invocation does.
    func relay() {
        state.relayed(isHook: client.isInternal)
        if client.isInternal { worker.shared.invocationBegan() }
        connect(relayUpstream)
    }

    /// Routes a request of the internal listener. This process serves an invocation that another process forwards.
    /// Everything else goes to the hooks unchanged.
    func routeInternal(
        _ head: RequestHead, _ bytes: Span<UInt8>, _ principal: Admission.Principal
    ) throws(InvocationError) -> HeadComposer.Destination {
        guard principal == .peer else {
            worker.scanner.keepToken(bytes)
            // Kubernetes' kubelet up to 1.20 doubles the first slash of a hook's path.
            var start = head.path.lower
            while start + 1 < head.path.upper, bytes[start] == Octet.slash, bytes[start + 1] == Octet.slash {
                start += 1
            }
            return .init(path: [], rest: start)
        }
        worker.scanner.keepOrigin(bytes)
        worker.scanner.keepCaller(bytes)
        // The other process knew the function when it forwarded the invocation. One of the two has the newer state, and
        // soon both will have it.
        guard !worker.shared.isEnding, let table = worker.localTable,
            case .found(let entry, let rest) = table.match(bytes, head)
        else { throw .moved }
        route(to: entry)
        return try destination(of: entry, bytes, head, rest)
    }

    /// Name, in lower case, of the field with which a process reports that it does not know the token of another one.
    /// The process has no token that would prove its response, so F2S drops the field from functions' responses to
    /// other processes.
    static let refusedName: StaticString = "x-f2s-refused"
}
