import F2SModel

/// A request to a provider.
struct ProviderRequest: Sendable {
    /// The URL.
    let url: String
    /// The value of Authorization; `nil` for none.
    var authorization: Secret?
    /// The form that is posted (`application/x-www-form-urlencoded`); `nil` for a GET.
    var form: Secret?
    /// The file with the certificate authorities that may vouch for the provider; `nil` for those of the system.
    var caFile: String?
}

/// The transport of requests to providers: the network, or a stub in tests.
protocol ProviderTransport: Sendable {
    /// Sends a request and returns the content of the response with status 200.
    /// - Throws: The reason for which there is none. A retry may succeed.
    func send(_ request: ProviderRequest) async throws(ProviderError) -> [UInt8]

    /// Closes the connections. No request follows.
    func close() async
}
