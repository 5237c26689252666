import F2SModel

// Requests for the management API.
extension Exchange {
    private static let healthPath: StaticString = "/health"

    /// Returns the destination on the management API. If the management API has its own listener, the public listener
    /// serves only `/health` of it.
    func routeToAPI(
        _ head: RequestHead, _ bytes: Span<UInt8>
    ) throws(InvocationError) -> HeadComposer.Destination {
        guard client.listener != .invocations || bytes.isExactly(Self.healthPath, in: head.path) else {
            throw .managementElsewhere
        }
        return .init(path: nil, rest: 0)
    }

    /// The client's address if a function runs there, and otherwise `nil`. It is looked up for each request, because a
    /// replica may have connected before its address was known.
    var functionAddress: String? {
        guard let address = client.address.text, worker.shared.isFunction(at: address) else { return nil }
        return address
    }
}
