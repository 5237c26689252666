/// A diagnosis of one function: the content of `GET /functions/{name}/why` and of `f2s why`.
public struct FunctionDiagnosis: Sendable, Hashable, Codable {
    /// The function's name.
    public var function: String
    /// The URL at which it is invoked, with scheme and authority.
    public var url: String
    /// One sentence with the most important fact.
    public var summary: String
    /// The newest decision of the autoscaler; `nil` if it has not made one for the function yet.
    public var scale: ScaleExplanation?
    /// The last decisions that changed the number of replicas, oldest first; `nil` if they are not known.
    public var decisions: [ScaleChange]?
    /// The conditions of the function's status.
    public var conditions: [Condition]
    /// The failure of the last start; `nil` if it did not fail.
    public var startFailure: StartFailure?
    /// The load of the function; `nil` if it cannot be routed.
    public var load: LoadReport.FunctionLoad?
    /// Its replicas, oldest first.
    public var replicas: [ReplicaView]

    /// Creates a diagnosis.
    public init(
        function: String, url: String, summary: String, scale: ScaleExplanation?, decisions: [ScaleChange]?,
        conditions: [Condition], startFailure: StartFailure?, load: LoadReport.FunctionLoad?, replicas: [ReplicaView]
    ) {
        self.function = function
        self.url = url
        self.summary = summary
        self.scale = scale
        self.decisions = decisions
        self.conditions = conditions
        self.startFailure = startFailure
        self.load = load
        self.replicas = replicas
    }
}

/// A replica in the form that people read.
public struct ReplicaView: Sendable, Hashable, Codable {
    /// Its identity.
    public var id: String
    /// Its state.
    public var state: Replica.State
    /// Its address, `ip:port`; `nil` until it is known.
    public var address: String?
    /// The revision that it was started from.
    public var revision: String
    /// True if its revision is the one that the function declares now.
    public var isCurrent: Bool
    /// The process or pod.
    public var processID: Int?
    /// The number of invocations in flight on it.
    public var inFlight: Int
    /// The time of its creation, in seconds since 1970.
    @UTCTime public var since: Double
    /// A remark about a problem of the replica; `nil` if there is none.
    public var remark: String?

    /// Creates a view of a replica of a function with this current revision.
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
