/// What F2S has found out about a function (`status`).
public struct FunctionStatus: Sendable, Hashable, Codable {
    /// The generation that the rest of the status is about (`observedGeneration`).
    public var observedGeneration: Int
    /// Replicas that exist.
    public var replicas: Int
    /// Replicas of the declared revision that exist (`updatedReplicas`); one that is stopping does not count.
    public var updatedReplicas: Int
    /// Replicas that take invocations, of whichever revision.
    public var readyReplicas: Int
    /// Replicas of the declared revision that take invocations (`updatedReadyReplicas`). A rollout is complete when
    /// they are as many as are wanted.
    public var updatedReadyReplicas: Int
    /// Replicas wanted, and why: the autoscaler's own words.
    public var desiredReplicas: Int
    /// Path to invoke it at, below the listener's address.
    public var url: String
    /// What is the matter, one entry per type.
    public var conditions: [Condition]

    /// An empty status.
    public init(
        observedGeneration: Int = 0, replicas: Int = 0, updatedReplicas: Int = 0, readyReplicas: Int = 0,
        updatedReadyReplicas: Int = 0, desiredReplicas: Int = 0, url: String = "", conditions: [Condition] = []
    ) {
        self.observedGeneration = observedGeneration
        self.replicas = replicas
        self.updatedReplicas = updatedReplicas
        self.readyReplicas = readyReplicas
        self.updatedReadyReplicas = updatedReadyReplicas
        self.desiredReplicas = desiredReplicas
        self.url = url
        self.conditions = conditions
    }
}

/// One aspect of a function's state, in the form of Kubernetes' `metav1.Condition`.
public struct Condition: Sendable, Hashable, Codable {
    /// What a condition is about. A condition of type ``ready`` is always there; the others only while they hold.
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// Whether the declared revision answers: a replica of it takes invocations or, where none has to run, none of
        /// its starts has failed.
        case ready = "Ready"
        /// A replica of the declared revision is being started, or replicas of older ones are being replaced.
        case progressing = "Progressing"
        /// The newest declaration breaks the rules; the last good one may still serve.
        case refused = "Refused"
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

extension Condition {
    /// The condition of a function whose route belongs to an older function.
    public static func routeConflict(with holder: FunctionName, route: Route, since: Int64 = 0) -> Condition {
        Condition(
            .routeConflict, isTrue: true, reason: "OlderFunction",
            message:
                "\(holder) is older and has the same endpoint \(route) and method. Change spec.endpoint or spec.method "
                + "of one of the two.", since: since)
    }
}

/// The form of Kubernetes' `metav1.Condition`, which a function's status has too.
extension Condition {
    private enum CodingKeys: String, CodingKey {
        case type, status, reason, message, lastTransitionTime
    }

    /// Reads that form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let since = try container.decode(UTCTime.self, forKey: .lastTransitionTime)
        self.init(
            try container.decode(Kind.self, forKey: .type),
            isTrue: try container.decode(String.self, forKey: .status) == "True",
            reason: try container.decodeIfPresent(String.self, forKey: .reason) ?? "",
            message: try container.decodeIfPresent(String.self, forKey: .message) ?? "",
            since: Int64(since.wrappedValue.rounded(.down)))
    }

    /// Writes that form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(kind, forKey: .type)
        try container.encode(isTrue ? "True" : "False", forKey: .status)
        try container.encode(reason, forKey: .reason)
        try container.encode(message, forKey: .message)
        try container.encode(TimeText.utc(secondsSince1970: since), forKey: .lastTransitionTime)
    }
}
