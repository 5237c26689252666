/// The state of a function as F2S observes it (`status`).
public struct FunctionStatus: Sendable, Hashable, Codable {
    /// The generation that the rest of the status describes (`observedGeneration`).
    public var observedGeneration: Int
    /// The number of replicas that exist.
    public var replicas: Int
    /// The number of replicas of the declared revision that exist (`updatedReplicas`). A replica that is stopping does
    /// not count.
    public var updatedReplicas: Int
    /// The number of replicas that accept invocations, of any revision.
    public var readyReplicas: Int
    /// The number of replicas of the declared revision that accept invocations (`updatedReadyReplicas`). A rollout is
    /// complete when it equals the desired number.
    public var updatedReadyReplicas: Int
    /// The number of replicas that the autoscaler wants.
    public var desiredReplicas: Int
    /// The path at which the function is invoked, below the listener's address.
    public var url: String
    /// The conditions of the function, one per type.
    public var conditions: [Condition]

    /// Creates a status, by default an empty one.
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
    /// The type of a condition. The condition ``ready`` is always present, the others only while they hold.
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// The declared revision can serve: a replica of it accepts invocations or, if no replica has to run, none of
        /// its starts has failed.
        case ready = "Ready"
        /// A replica of the declared revision is being started, or replicas of older ones are being replaced.
        case progressing = "Progressing"
        /// The newest declaration is invalid. The last valid one may still serve.
        case refused = "Refused"
        /// Another, older function has the same route and method.
        case routeConflict = "RouteConflict"
        /// The newest revision does not start. An older one may still serve.
        case rolloutFailed = "RolloutFailed"
        /// No replica can be started.
        case startFailed = "StartFailed"
        /// The function declares an image and no command, which cannot run on Local.
        case noCommand = "NoCommand"
    }

    /// The type of the condition (`type`).
    public var kind: Kind
    /// True if the condition holds (`status`, "True" or "False").
    public var isTrue: Bool
    /// One word for programs, CamelCase.
    public var reason: String
    /// One sentence for people: what happened and what to do.
    public var message: String
    /// The time of the last change of `isTrue`, in seconds since 1970.
    public var since: Int64

    /// Creates a condition.
    public init(_ kind: Kind, isTrue: Bool, reason: String, message: String, since: Int64) {
        self.kind = kind
        self.isTrue = isTrue
        self.reason = reason
        self.message = message
        self.since = since
    }
}

extension Condition {
    /// Returns the condition of a function whose route belongs to an older function.
    public static func routeConflict(with holder: FunctionName, route: Route, since: Int64 = 0) -> Condition {
        Condition(
            .routeConflict, isTrue: true, reason: "OlderFunction",
            message:
                "\(holder) is older and has the same endpoint \(route) and method. Change spec.endpoint or spec.method "
                + "of one of the two.", since: since)
    }
}

/// The coding of Kubernetes' `metav1.Condition`, which a function's status uses too.
extension Condition {
    private enum CodingKeys: String, CodingKey {
        case type, status, reason, message, lastTransitionTime
    }

    /// Decodes a `metav1.Condition`.
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

    /// Encodes a `metav1.Condition`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(kind, forKey: .type)
        try container.encode(isTrue ? "True" : "False", forKey: .status)
        try container.encode(reason, forKey: .reason)
        try container.encode(message, forKey: .message)
        try container.encode(TimeText.utc(secondsSince1970: since), forKey: .lastTransitionTime)
    }
}
