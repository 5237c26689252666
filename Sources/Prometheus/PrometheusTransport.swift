/// The transport of requests to Prometheus: the network, or a stub in tests.
protocol PrometheusTransport: Sendable {
    /// Sends a request and returns the complete response, of any status. Returns soon after its task is cancelled.
    /// - Throws: ``PrometheusError/unreachable(url:reason:)`` without a response, and
    ///   ``PrometheusError/malformed(url:_:)`` for one that is too large.
    func send(_ request: PrometheusRequest) async throws(PrometheusError) -> PrometheusAnswer

    /// Closes the connections. No request follows.
    func close() async
}
