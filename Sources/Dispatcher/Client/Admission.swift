import F2SModel

/// The admission of a request, the step between its route and its queue. It decides for whom F2S serves the request:
/// the principal, the origin that F2S reports to the upstream, and the caller whose rate is limited.
///
/// Pure: no I/O, no clock, no lock.
struct Admission {
    /// The party that sends a request.
    enum Principal {
        /// A client that has not proved its identity.
        case anonymous
        /// Another F2S process, which has shown the common token. It has admitted the client's request before.
        case peer
        /// A module of this process, for example the source of an event.
        case inProcess
    }

    /// The origin that F2S reports to the upstream.
    private(set) var origin: HeadComposer.Origin
    /// The key by which the caller is counted: by the function's rate, and if its password is wrong. It is `nil` if
    /// neither applies, or if another F2S process has already counted the caller.
    private(set) var rateKey: UInt64?
    /// True if a trusted proxy sent the request: ``readOrigin(_:_:isTrusted:)`` must follow.
    let isFromTrustedProxy: Bool

    /// Returns the principal of a request, or rejects a client that may not use the listener. This precedes the route:
    /// such a client does not learn which routes exist.
    /// - Parameters:
    ///   - listener: The listener that accepted the client; `nil` if the client is a module of this process.
    ///   - isInvocation: True if the request is for a function.
    ///   - showsToken: True if the request contains the token that F2S processes share.
    ///   - functionAddress: The client's address if a function runs there, and otherwise `nil`.
    static func principal(
        on listener: ListenerKind?, isInvocation: @autoclosure () -> Bool, showsToken: @autoclosure () -> Bool,
        functionAddress: @autoclosure () -> String?
    ) throws(InvocationError) -> Principal {
        switch listener {
        case nil:
            guard isInvocation() else { throw .managementElsewhere }
            return .inProcess
        case .everything, .invocations: return .anonymous
        case .management:
            // A function must not manage the platform that it runs on.
            if let address = functionAddress() { throw .functionMayNotManage(address: address) }
            return .anonymous
        case .console:
            if let address = functionAddress() { throw .functionMayNotManage(address: address) }
            guard !isInvocation() else { throw .invocationsElsewhere }
            return .anonymous
        case .peers:
            // The upstream of the hooks checks the token itself.
            guard isInvocation() else { return .anonymous }
            guard showsToken() else { throw .untrustedPeer }
            return .peer
        }
    }

    /// Admits a request.
    /// - Parameters:
    ///   - entry: The route; `nil` if the request is not for a function.
    ///   - isUnverified: True if the caller's credentials must be verified.
    ///   - isTrusted: Returns true for the address of a trusted proxy.
    init(
        of principal: Principal, at client: ClientAddress, to entry: RouteTable.Entry?, isUnverified: Bool,
        isTrusted: (IPAddress) -> Bool
    ) {
        switch principal {
        case .peer:
            origin = HeadComposer.Origin(client: nil)
            isFromTrustedProxy = false
        case .inProcess:
            origin = HeadComposer.Origin(client: nil)
            if entry?.declaration.countsCallers == true { rateKey = client.rateKey }
            isFromTrustedProxy = false
        case .anonymous:
            origin = HeadComposer.Origin(client: client, prefix: entry?.declaration.publicPath ?? [])
            if entry?.declaration.countsCallers == true || isUnverified { rateKey = client.rateKey }
            isFromTrustedProxy = client.number.map(isTrusted) ?? false
        }
    }

    /// Reads the origin that a trusted proxy reports. `scanner` holds the fields of the request's head, and keeps those
    /// that are passed on.
    mutating func readOrigin(_ bytes: Span<UInt8>, _ scanner: inout HeadScanner, isTrusted: (IPAddress) -> Bool) {
        let trusted = scanner.keepTrustedOrigin(bytes)
        origin.trusted = trusted
        guard rateKey != nil else { return }
        let sender = ForwardedClient(bytes, scanner.fields, trusted)
        rateKey = sender.rateKey(bytes, proxy: origin.client?.number, isTrusted: isTrusted)
    }
}
