import F2SModel

// What only connections of other F2S processes and of hooks need.
extension Exchange {
    /// Where what is neither a function's nor forwarded is answered.
    var relayUpstream: ReplicaCell { client.isInternal ? worker.peers?.hooks ?? worker.api : worker.api }

    /// Passes a request on that is no invocation. A hook is work in hand: the platform waits for its answer, which may
    /// take as long as an invocation does.
    func relay() {
        if client.isInternal {
            isInvocation = true
            worker.shared.invocationBegan()
        }
        connect(relayUpstream)
    }

    /// An invocation that another process forwards is served at home; everything else goes to the hooks as it is.
    func routeInternal(
        _ head: RequestHead, _ bytes: Span<UInt8>
    ) throws(InvocationError) -> HeadComposer.Destination {
        guard RouteTable.isInvocation(bytes, head) else {
            worker.scanner.keepToken(bytes)
            // Kubernetes' kubelet up to 1.20 doubles the first slash of a hook's path.
            var start = head.path.lower
            while start + 1 < head.path.upper, bytes[start] == Octet.slash, bytes[start + 1] == Octet.slash {
                start += 1
            }
            return .init(path: [], rest: start)
        }
        guard let token = worker.peers?.token, token.isShown(by: worker.scanner.fields, bytes) else {
            throw .untrustedPeer
        }
        worker.scanner.keepOrigin(bytes)
        // The other process knew the function when it forwarded: one of both knows the newer state, soon both do.
        guard !worker.shared.isEnding, let table = worker.homeTable,
            case .found(let entry, let rest) = table.match(bytes, head)
        else { throw .moved }
        self.entry = entry
        return try destination(of: entry, bytes, head, rest)
    }

    /// Name of the field, in lower case, by which a process that does not know the token of another one says so. It has
    /// nothing to prove it by; of functions' answers to other processes the field is dropped.
    static let refusedName: StaticString = "x-f2s-refused"
    private static let refusedLine = Array("X-F2S-Refused: token\r\n".utf8)

    /// What tells another process that it was not a function that has answered so.
    func proof(of error: InvocationError) -> [UInt8] {
        guard client.isInternal else { return [] }
        return switch error {
        case .moved: worker.peers?.token.line ?? []
        case .untrustedPeer: Self.refusedLine
        default: []
        }
    }
}
