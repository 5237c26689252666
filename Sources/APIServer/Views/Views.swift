import F2SModel

/// A list as the API gives it: an object, so that it can grow members.
struct ItemList<Item: Encodable & Sendable>: Encodable, Sendable {
    var items: [Item]
}

/// What runs for a function: Local's counterpart of a Deployment.
struct DeploymentView: Encodable, Sendable, Hashable {
    var function: String
    var revision: String
    var image: String?
    var command: [String]?
    var desired: Int
    var replicas: Int
    var ready: Int
    var draining: Int
    var minReplicas: Int
    var maxReplicas: Int
}

/// Where a function is reached: the counterpart of a Service.
struct ServiceView: Encodable, Sendable, Hashable {
    var function: String
    var route: String
    /// Absent: any.
    var method: String?
    var url: String
}

/// Where a function's replicas listen: the counterpart of Endpoints.
struct EndpointView: Encodable, Sendable, Hashable {
    var function: String
    var addresses: [String]
    var notReadyAddresses: [String]
}

/// What the dispatcher says of itself.
struct DispatcherView: Encodable, Sendable, Hashable {
    var address: String
    var loops: Int
    var connections: Int
    var upstreamConnections: Int
    var isDraining: Bool
    /// By the function's name.
    var functions: [String: LoadReport.FunctionLoad]
}

/// What the operator says of itself.
struct OperatorView: Encodable, Sendable, Hashable {
    var isLeader: Bool
    var functions: [ScaleExplanation]
    /// By the function's name.
    var troubles: [String: StartTrouble]
}

/// The installation as a whole.
struct ClusterView: Encodable, Sendable, Hashable {
    var platform: String
    var version: String
    var isLeader: Bool
    var peers: [String]
    var functions: Int
    /// Declarations that could not be accepted, with file, line and column.
    var refusals: [Refusal]
    /// Number by state.
    var replicas: [String: Int]
    var inFlight: Int
    var queued: Int
}

/// That F2S is there.
struct HealthView: Encodable, Sendable, Hashable {
    /// `ok`, or `degraded` when a condition is not as it should be.
    var status = "ok"
    var version: String
    var conditions: [InstallationCondition] = []

    init(version: String, conditions: [InstallationCondition]) {
        self.version = version
        self.conditions = conditions
        if conditions.contains(where: { !$0.isTrue }) { status = "degraded" }
    }
}
