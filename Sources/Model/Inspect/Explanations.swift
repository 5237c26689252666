/// Why a function has as many replicas as it has: the operator's own account, for `f2s why`, REST and the page.
public struct ScaleExplanation: Sendable, Hashable, Codable {
    /// The function's name.
    public var function: String
    /// Replicas wanted.
    public var desired: Int
    /// Replicas that exist.
    public var replicas: Int
    /// Replicas that take invocations.
    public var ready: Int
    /// One word for programs and a metric label, from the closed set of the autoscaler.
    public var reason: String
    /// One sentence with the figures that led to the number.
    public var message: String
    /// Average invocations in flight or waiting over the stable window.
    public var stableConcurrency: Double
    /// The same over the panic window.
    public var panicConcurrency: Double
    /// Whether the panic window rules.
    public var isPanicking: Bool
    /// When this was decided, seconds since 1970.
    @UTCTime public var time: Double

    /// An explanation.
    public init(
        function: String, desired: Int, replicas: Int, ready: Int, reason: String, message: String,
        stableConcurrency: Double, panicConcurrency: Double, isPanicking: Bool, time: Double
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
    }
}

/// What the operator shows of itself.
public protocol OperatorInspector: Sendable {
    /// The newest decision of every function, by id; a function that was just declared may be missing.
    func currentExplanations() -> [Function.ID: ScaleExplanation]
    /// The same as the process that leads has it, which may be another one; empty when it cannot be asked.
    /// - Parameter function: the only one that is wanted; `nil`: all.
    func fetchExplanations(of function: Function.ID?) async -> [Function.ID: ScaleExplanation]
    /// Replicas as the dispatcher sees them, those that drain marked so.
    func currentReplicas() -> ReplicaSnapshot
}

/// What the dispatcher shows of itself.
public struct DispatcherReport: Sendable, Hashable, Codable {
    /// Address that it listens on, `ip:port`.
    public var address: String
    /// Event loops.
    public var loops: Int
    /// Client connections that are open.
    public var connections: Int
    /// Upstream connections that are open, idle ones included.
    public var upstreamConnections: Int
    /// Whether it takes no new work.
    public var isDraining: Bool
    /// What it has in hand.
    public var load: LoadReport

    /// A report.
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

/// What the dispatcher shows of itself.
public protocol DispatcherInspector: Sendable {
    /// The state now.
    func currentReport() -> DispatcherReport
}
