import F2SModel

// Requests that the public and the management listener reject.
extension Exchange {
    private static let healthPath: StaticString = "/health"

    /// Returns the destination on the management API. If the management API has its own listener, the public listener
    /// serves only `/health` of it.
    func routeToAPI(
        _ head: RequestHead, _ bytes: Span<UInt8>
    ) throws(InvocationError) -> HeadComposer.Destination {
        guard client.kind != .invocations || bytes.isExactly(Self.healthPath, in: head.path) else {
            throw .managementElsewhere
        }
        return .init(path: nil, rest: 0)
    }

    /// Rejects the request if it comes from a function, because a function must not manage the platform that it runs
    /// on. The check runs for each request, because a replica may have connected before its address was known.
    func refuseFunction() throws(InvocationError) {
        guard let address = client.address, worker.shared.isFunction(at: address) else { return }
        throw .functionMayNotManage(address: address)
    }
}
