import F2SModel

/// A question in PromQL, for one moment or for several.
enum PrometheusQuery: Sendable, Hashable {
    /// The value now.
    case now(String)
    /// The values at these steps.
    case steps(String, TimeSteps)

    /// The path of the HTTP API.
    var path: String {
        switch self {
        case .now: "/api/v1/query"
        case .steps: "/api/v1/query_range"
        }
    }

    /// The parameters of the HTTP API.
    var fields: [(name: String, value: String)] {
        switch self {
        case .now(let text): [("query", text)]
        case .steps(let text, let steps):
            [
                ("query", text), ("start", "\(steps.start)"), ("end", "\(steps.end)"), ("step", "\(steps.stepSeconds)"),
            ]
        }
    }
}

/// A request to Prometheus: a POST, because a query may be longer than a URL.
struct PrometheusRequest: Sendable, Hashable {
    /// The URL of Prometheus, for errors.
    let server: String
    /// The URL of the request.
    let url: String
    /// The value of Authorization; `nil` for none.
    let authorization: Secret?
    /// The content (`application/x-www-form-urlencoded`).
    let form: String

    init(_ query: PrometheusQuery, to address: PrometheusAddress) {
        server = address.url
        url = address.url + query.path
        authorization = address.authorization
        form = FormText.encode(query.fields)
    }
}

/// A complete response.
struct PrometheusAnswer: Sendable, Hashable {
    var status: Int
    var content: [UInt8]
}
