import F2SMetrics
import F2SModel

/// One function in the overview.
struct OverviewRow: Sendable, Hashable {
    /// The source of a function's program.
    enum Kind: String, Sendable, Hashable, CaseIterable, Encodable {
        case source, image, command
    }

    let name: String
    let endpoint: String
    let method: String?
    let kind: Kind
    let health: FunctionHealth
    let desired: Int
    let maxReplicas: Int
    let traffic: FunctionTraffic

    init(_ function: Function, _ health: FunctionHealth, _ traffic: FunctionTraffic) {
        name = function.name.text
        endpoint = function.route.path
        method = function.method?.rawValue
        let target = function.target
        kind = target.source != nil ? .source : target.image != nil ? .image : .command
        self.health = health
        desired = function.status.desiredReplicas
        maxReplicas = target.maxReplicas
        self.traffic = traffic
    }
}

extension OverviewRow: Encodable {
    private enum Key: String, CodingKey {
        case name, endpoint, method, kind, state, reason, message, ready, starting, desired, maxReplicas, rate, rates
        case p95Seconds, coldStartSeconds
    }

    /// Encodes the row as one flat object. Unknown values are null, so that each row has the same members.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encode(endpoint, forKey: .endpoint)
        try container.encode(method, forKey: .method)
        try container.encode(kind, forKey: .kind)
        try container.encode(health.state, forKey: .state)
        try container.encode(health.reason, forKey: .reason)
        try container.encode(health.message, forKey: .message)
        try container.encode(health.ready, forKey: .ready)
        try container.encode(health.starting, forKey: .starting)
        try container.encode(desired, forKey: .desired)
        try container.encode(maxReplicas, forKey: .maxReplicas)
        try container.encode(traffic.rate.rounded(decimals: 3), forKey: .rate)
        try container.encode(traffic.rates.map { $0.rounded(decimals: 3) }, forKey: .rates)
        try container.encode(traffic.p95?.rounded(decimals: 6), forKey: .p95Seconds)
        try container.encode(traffic.coldStart?.rounded(decimals: 6), forKey: .coldStartSeconds)
    }
}

extension Double {
    /// Returns the number with few decimals, which makes a list of them shorter.
    func rounded(decimals: Int) -> Double {
        let factor = (0..<decimals).reduce(1.0) { power, _ in power * 10 }
        return (self * factor).rounded() / factor
    }
}

/// The numbers of functions by state.
struct OverviewCounts: Sendable, Hashable, Encodable {
    private(set) var attention = 0
    private(set) var starting = 0
    private(set) var ready = 0
    private(set) var idle = 0

    /// The number of all functions.
    var total: Int { attention + starting + ready + idle }

    subscript(state: FunctionHealth.State) -> Int {
        switch state {
        case .attention: attention
        case .starting: starting
        case .ready: ready
        case .idle: idle
        }
    }

    /// Counts a function.
    mutating func count(_ state: FunctionHealth.State) {
        switch state {
        case .attention: attention += 1
        case .starting: starting += 1
        case .ready: ready += 1
        case .idle: idle += 1
        }
    }
}

/// One page of the overview.
struct OverviewPage: Sendable, Encodable {
    /// The number of functions that the caller may read.
    var total: Int
    /// The number of functions that match the filter and the state.
    var matching: Int
    /// The number of matching functions before the page.
    var offset: Int
    /// The functions that match the filter, by state.
    var counts: OverviewCounts
    var items: [OverviewRow]
    /// The rejected declarations, at most ``OverviewIndex/rejectionsMax``; empty if the caller may not read all
    /// functions.
    var rejections: [OverviewRejection]
}

/// A rejected declaration.
struct OverviewRejection: Sendable, Encodable {
    let location: String
    let line: Int?
    let message: String

    init(_ rejection: Rejection) {
        location = rejection.location
        line = rejection.line
        message = rejection.message
    }
}
