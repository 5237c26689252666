/// The autoscaler's explanation of a function's number of replicas, for `f2s why`, the REST API and the web page.
public struct ScaleExplanation: Sendable, Hashable, Codable {
    /// The function's name.
    public var function: String
    /// The number of replicas that the autoscaler wants.
    public var desired: Int
    /// The number of replicas that exist.
    public var replicas: Int
    /// The number of replicas that accept invocations.
    public var ready: Int
    /// One word for programs and for a metric label, from the closed set of the autoscaler.
    public var reason: String
    /// One sentence with the figures that determined the number.
    public var message: String
    /// The average number of invocations in flight or queued over the stable window.
    public var stableConcurrency: Double
    /// The same average over the panic window.
    public var panicConcurrency: Double
    /// True if the panic window determines the number.
    public var isPanicking: Bool
    /// The time of the decision, in seconds since 1970.
    @UTCTime public var time: Double
    /// The last decisions that changed the number, oldest first; `nil` if they were not requested, or if the leader is
    /// of an earlier version.
    public var changes: [ScaleChange]?

    /// Creates an explanation.
    public init(
        function: String, desired: Int, replicas: Int, ready: Int, reason: String, message: String,
        stableConcurrency: Double, panicConcurrency: Double, isPanicking: Bool, time: Double,
        changes: [ScaleChange]? = nil
    ) {
        self.function = function
        self.desired = desired
        self.replicas = replicas
        self.ready = ready
        self.reason = reason
        self.message = message
        self.stableConcurrency = stableConcurrency
        self.panicConcurrency = panicConcurrency
        self.isPanicking = isPanicking
        self.time = time
        self.changes = changes
    }
}

/// Read access to the state of the operator.
public protocol OperatorInspector: Sendable {
    /// Returns the newest decision for every function, by id. A function that was just declared may be missing.
    func currentExplanations() -> [Function.ID: ScaleExplanation]
    /// Returns the newest decisions of the leader, which may be another process; empty if it cannot be reached.
    /// - Parameter function: the only function to return, together with its ``ScaleExplanation/changes``; `nil` returns
    ///   all functions without them.
    func fetchExplanations(of function: Function.ID?) async -> [Function.ID: ScaleExplanation]
    /// Returns the replicas as the dispatcher sees them. Replicas that drain are marked as draining.
    func currentReplicas() -> ReplicaSnapshot
}

/// The state of the dispatcher at one moment.
public struct DispatcherReport: Sendable, Hashable, Codable {
    /// The address that it listens on, `ip:port`.
    public var address: String
    /// The number of event loops.
    public var loops: Int
    /// The number of open client connections.
    public var connections: Int
    /// The number of open upstream connections, including idle ones.
    public var upstreamConnections: Int
    /// True if it accepts no new invocations.
    public var isDraining: Bool
    /// The load of its functions and replicas.
    public var load: LoadReport

    /// Creates a report.
    public init(
        address: String, loops: Int, connections: Int, upstreamConnections: Int, isDraining: Bool, load: LoadReport
    ) {
        self.address = address
        self.loops = loops
        self.connections = connections
        self.upstreamConnections = upstreamConnections
        self.isDraining = isDraining
        self.load = load
    }
}

/// Read access to the state of the dispatcher.
public protocol DispatcherInspector: Sendable {
    /// Returns the current state.
    func currentReport() -> DispatcherReport
}
