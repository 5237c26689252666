import F2SModel

/// A list in the API: an object, so that members can be added.
struct ItemList<Item: Encodable & Sendable>: Encodable, Sendable {
    var items: [Item]
}

/// The replicas that run for a function: the counterpart of a Deployment.
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

/// The URL of a function: the counterpart of a Service.
struct ServiceView: Encodable, Sendable, Hashable {
    var function: String
    var route: String
    /// The method; absent if the function answers every method.
    var method: String?
    var url: String
}

/// The addresses of a function's replicas: the counterpart of Endpoints.
struct EndpointView: Encodable, Sendable, Hashable {
    var function: String
    var addresses: [String]
    var notReadyAddresses: [String]
}

/// The state of the dispatcher.
struct DispatcherView: Encodable, Sendable, Hashable {
    var address: String
    var loops: Int
    var connections: Int
    var upstreamConnections: Int
    var isDraining: Bool
    /// The loads by function name.
    var functions: [String: LoadReport.FunctionLoad]
}

/// The state of the operator.
struct OperatorView: Encodable, Sendable, Hashable {
    var isLeader: Bool
    var functions: [ScaleExplanation]
    /// The start failures by function name.
    var startFailures: [String: StartFailure]
}

/// The installation as a whole.
struct ClusterView: Encodable, Sendable, Hashable {
    var platform: String
    var version: String
    var isLeader: Bool
    var peers: [String]
    var functions: Int
    /// The declarations that were rejected, with file, line and column.
    var rejections: [Rejection]
    /// The number of replicas by state.
    var replicas: [String: Int]
    var inFlight: Int
    var queued: Int
    /// The Secrets of functions; absent if the platform has none.
    var secrets: Secrets?

    /// The location of the Secrets of functions.
    struct Secrets: Encodable, Sendable, Hashable {
        var namespace: String
        /// True if the API writes Secrets.
        var isWritable: Bool

        init(_ secrets: FunctionSecrets) {
            namespace = secrets.namespace
            isWritable = secrets.writer != nil
        }
    }
}

/// The health of F2S.
struct HealthView: Encodable, Sendable, Hashable {
    /// `ok`, or `degraded` if a condition is not true.
    var status = "ok"
    var version: String
    var conditions: [InstallationCondition] = []

    init(version: String, conditions: [InstallationCondition]) {
        self.version = version
        self.conditions = conditions
        if conditions.contains(where: { !$0.isTrue }) { status = "degraded" }
    }
}
