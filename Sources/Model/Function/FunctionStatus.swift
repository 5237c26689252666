/// What F2S has found out about a function (`status`).
public struct FunctionStatus: Sendable, Hashable, Codable {
    /// The generation that the rest of the status is about (`observedGeneration`).
    public var observedGeneration: Int
    /// Replicas that exist.
    public var replicas: Int
    /// Replicas that take invocations.
    public var readyReplicas: Int
    /// Replicas wanted, and why: the autoscaler's own words.
    public var desiredReplicas: Int
    /// Path to invoke it at, below the listener's address.
    public var url: String
    /// What is the matter, one entry per type.
    public var conditions: [Condition]

    /// An empty status.
    public init(
        observedGeneration: Int = 0, replicas: Int = 0, readyReplicas: Int = 0, desiredReplicas: Int = 0,
        url: String = "",
        conditions: [Condition] = []
    ) {
        self.observedGeneration = observedGeneration
        self.replicas = replicas
        self.readyReplicas = readyReplicas
        self.desiredReplicas = desiredReplicas
        self.url = url
        self.conditions = conditions
    }
}

/// One aspect of a function's state, in the form of Kubernetes' `metav1.Condition`.
public struct Condition: Sendable, Hashable, Codable {
    /// What a condition is about. A condition of type ``ready`` is always there; the others only while they hold.
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// Whether an invocation would be answered: by a replica, or after a start that is expected to succeed.
        case ready = "Ready"
        /// Another, older function has the same route and method.
        case routeConflict = "RouteConflict"
        /// The newest revision does not start; an older one may still serve.
        case rolloutFailed = "RolloutFailed"
        /// No replica can be started.
        case startFailed = "StartFailed"
        /// An image alone cannot run on Local.
        case noCommand = "NoCommand"
    }

    /// What it is about (`type`).
    public var kind: Kind
    /// Whether it holds (`status`, "True" or "False").
    public var isTrue: Bool
    /// One word for programs, CamelCase.
    public var reason: String
    /// One sentence for people: what happened and what to do.
    public var message: String
    /// When `isTrue` last changed, seconds since 1970.
    public var since: Int64

    /// A condition.
    public init(_ kind: Kind, isTrue: Bool, reason: String, message: String, since: Int64) {
        self.kind = kind
        self.isTrue = isTrue
        self.reason = reason
        self.message = message
        self.since = since
    }
}
