import F2SModel

/// The reason for which Prometheus has given no usable answer. URLs are those without a user and a password.
enum PrometheusError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The request got no response.
    case unreachable(url: String, reason: String)
    /// Prometheus has rejected the request, or failed. The reason is its own; `nil` if it has given none.
    case rejected(url: String, status: Int, reason: String?)
    /// The response does not have the required content.
    case malformed(url: String, String)
    /// Prometheus has no metrics of F2S.
    case withoutF2S(url: String)

    /// The failure, and what to do.
    var description: String {
        switch self {
        case .unreachable(let url, let reason):
            "Prometheus at \(Self.shown(url)) does not answer: \(Self.shown(reason)). Check prometheus.url in the "
                + "settings, and that F2S can reach this address."
        case .rejected(let url, let status, let reason):
            "Prometheus at \(Self.shown(url)) answers with status \(status) instead of 200"
                + (reason.map { ": \(Self.shown($0))" } ?? "") + ". Check prometheus.url in the settings."
        case .malformed(let url, let defect):
            "The answer from \(Self.shown(url)) cannot be used: \(Self.shown(defect)). Check prometheus.url in the "
                + "settings."
        case .withoutF2S(let url):
            "Prometheus at \(Self.shown(url)) has no metrics of F2S from the last 5 minutes. Let it scrape /metrics of "
                + "every F2S process, at the address of --operations (port 8081)."
        }
    }

    /// Returns a text of another program in a form that a response may contain.
    private static func shown(_ text: String) -> String { String(text.prefix(300)).printable }
}
