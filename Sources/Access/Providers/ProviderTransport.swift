/// The transport of requests to providers: the network, or a stub in tests.
protocol ProviderTransport: Sendable {
    /// Sends a request and returns the content of the response with status 200.
    /// - Throws: The reason for which there is none. A retry may succeed.
    func send(_ request: ProviderRequest) async throws(ProviderError) -> [UInt8]

    /// Closes the connections. No request follows.
    func close() async
}
