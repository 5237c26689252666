import F2SModel

// What the public and the management listener do not serve.
extension Exchange {
    private static let healthPath: StaticString = "/health"

    /// The way to the management API. The public listener leads there for `/health` only, where the management API has
    /// a listener of its own.
    func routeToAPI(
        _ head: RequestHead, _ bytes: Span<UInt8>
    ) throws(InvocationError) -> HeadComposer.Destination {
        guard client.kind != .invocations || bytes.isExactly(Self.healthPath, in: head.path) else {
            throw .managementElsewhere
        }
        return .init(path: nil, rest: 0)
    }

    /// A function must not manage the platform that it runs on. Asked for each request, because a replica may have
    /// connected before its address was known.
    func refuseFunction() throws(InvocationError) {
        guard let address = client.address, worker.shared.isFunction(at: address) else { return }
        throw .functionMayNotManage(address: address)
    }
}
