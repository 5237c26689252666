/// Why a function is as it is: what `GET /functions/{name}/why` answers and `f2s why` prints.
public struct FunctionDiagnosis: Sendable, Hashable, Codable {
    /// The function's name.
    public var function: String
    /// Where it is invoked, with scheme and authority.
    public var url: String
    /// One sentence: what matters most.
    public var summary: String
    /// The newest decision of the autoscaler; `nil`: it has not looked at the function yet.
    public var scale: ScaleExplanation?
    /// The conditions of the function's status.
    public var conditions: [Condition]
    /// Why the last start failed; `nil`: it did not.
    public var trouble: StartTrouble?
    /// What the function has in hand; `nil`: it cannot be routed.
    public var load: LoadReport.FunctionLoad?
    /// Its replicas, oldest first.
    public var replicas: [ReplicaView]

    /// A diagnosis.
    public init(
        function: String, url: String, summary: String, scale: ScaleExplanation?, conditions: [Condition],
        trouble: StartTrouble?, load: LoadReport.FunctionLoad?, replicas: [ReplicaView]
    ) {
        self.function = function
        self.url = url
        self.summary = summary
        self.scale = scale
        self.conditions = conditions
        self.trouble = trouble
        self.load = load
        self.replicas = replicas
    }
}

/// A replica as people look at it.
public struct ReplicaView: Sendable, Hashable, Codable {
    /// Its identity.
    public var id: String
    /// How far it is.
    public var state: Replica.State
    /// `ip:port`; `nil` until it is known.
    public var address: String?
    /// What it was started from.
    public var revision: String
    /// Whether that is what the function declares now.
    public var isCurrent: Bool
    /// Process or pod.
    public var processID: Int?
    /// Invocations on it.
    public var inFlight: Int
    /// When it was created, seconds since 1970.
    @UTCTime public var since: Double
    /// What is unusual about it; `nil`: nothing.
    public var remark: String?

    /// A view of a replica of a function with this current revision.
    public init(_ replica: Replica, current: Revision, load: LoadReport.ReplicaLoad = LoadReport.ReplicaLoad()) {
        id = replica.id.text
        state = replica.state
        address = replica.address?.description
        revision = replica.revision.text
        isCurrent = replica.revision == current
        processID = replica.processID
        inFlight = load.inFlight
        since = replica.since
        remark = load.remark
    }
}

extension LoadReport.ReplicaLoad {
    fileprivate var remark: String? {
        if isUnresponsive {
            return "It did not finish an abandoned invocation within f2s.timeouts.abandoned_timeout and is replaced."
        }
        guard hasFewThreads else { return nil }
        return "It serves fewer connections at once than it is given, so F2S keeps none idle while another one waits. "
            + "Set target.concurrency to the number of its threads."
    }
}
