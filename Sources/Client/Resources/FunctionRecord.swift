/// A function as the REST API gives it: the manifest with what the store and the operator have added.
public struct FunctionRecord: Sendable, Hashable, Decodable {
    /// `metadata`.
    public struct Metadata: Sendable, Hashable, Decodable {
        /// Name of the function.
        public var name: String
        /// Its namespace.
        public var namespace: String?
        /// Stable identity.
        public var uid: String?
        /// Grows by one with every change.
        public var generation: Int?
        /// The stored version.
        public var resourceVersion: String?
        /// When it was created, RFC 3339; absent where the platform does not know.
        public var creationTimestamp: String?
    }

    /// `spec`.
    public struct Spec: Sendable, Hashable, Decodable {
        /// Public path below `/invoke`.
        public var endpoint: String
        /// The only method answered; absent: any.
        public var method: String?
        /// For people.
        public var description: String?
    }

    /// `metadata`.
    public var metadata: Metadata
    /// `spec`.
    public var spec: Spec
    /// `target`.
    public var target: TargetRecord
    /// `status`; absent before the operator has seen the function.
    public var status: StatusRecord?

    /// Name of the function.
    public var name: String { metadata.name }
    /// The condition of a type, if it is there.
    public func condition(_ type: String) -> ConditionRecord? { status?.conditions?.first { $0.type == type } }
}

/// `target`: what runs a function.
public struct TargetRecord: Sendable, Hashable, Decodable {
    /// `resources`.
    public struct Resources: Sendable, Hashable, Decodable {
        /// Processor time.
        public var cpu: String?
        /// Memory.
        public var memory: String?
    }

    /// `readinessProbe`.
    public struct Probe: Sendable, Hashable, Decodable {
        /// Path asked.
        public var path: String
        /// Longest time for one answer.
        public var timeout: String?
    }

    /// `scaling`.
    public struct Scaling: Sendable, Hashable, Decodable {
        /// Invocations per replica to aim at.
        public var targetConcurrency: Double?
        /// Silence before the minimum.
        public var idle: String?
        /// The stable window.
        public var window: String?
    }

    /// `limits`.
    public struct Limits: Sendable, Hashable, Decodable {
        /// Invocations at once of the whole function.
        public var inFlight: Int?
        /// Invocations that may wait.
        public var queued: Int?
        /// Invocations per second of each caller.
        public var rate: Double?
        /// Invocations that a quiet caller may begin at once.
        public var burst: Int?
    }

    /// Image that Kubernetes runs.
    public var containerImage: String?
    /// Process that Local runs.
    public var command: [String]?
    /// Port of the container.
    public var port: Int?
    /// Path on the replica.
    public var endpoint: String?
    /// Replicas that always run.
    public var minReplicas: Int?
    /// Replicas that may run.
    public var maxReplicas: Int?
    /// Invocations at once per replica; absent: no limit.
    public var concurrency: Int?
    /// Environment.
    public var env: [String: String]?
    /// Secrets.
    public var secrets: [String]?
    /// What a replica may use.
    public var resources: Resources?
    /// How to ask a replica whether it is ready.
    public var readinessProbe: Probe?
    /// Longest time to the response's head.
    public var timeout: String?
    /// Longest time that a replica may take to become ready.
    public var startTimeout: String?
    /// Longest time that a replica finishes its invocations before it is stopped.
    public var drainTimeout: String?
    /// When to run how many replicas.
    public var scaling: Scaling?
    /// What it lets through.
    public var limits: Limits?
    /// True if a change of a file beside the manifest rolls it.
    public var watch: Bool?
}

/// `status`: what F2S has found out.
public struct StatusRecord: Sendable, Hashable, Decodable {
    /// The generation that the rest is about.
    public var observedGeneration: Int?
    /// Replicas that exist.
    public var replicas: Int?
    /// Replicas of the declared revision that exist.
    public var updatedReplicas: Int?
    /// Replicas that take invocations, of whichever revision.
    public var readyReplicas: Int?
    /// Replicas of the declared revision that take invocations.
    public var updatedReadyReplicas: Int?
    /// Replicas wanted.
    public var desiredReplicas: Int?
    /// Where to invoke it.
    public var url: String?
    /// What is the matter.
    public var conditions: [ConditionRecord]?
}

/// One aspect of a function's state, in the form of Kubernetes' `metav1.Condition`.
public struct ConditionRecord: Sendable, Hashable, Decodable {
    /// What it is about.
    public var type: String
    /// `True`, `False` or `Unknown`.
    public var status: String
    /// One word for programs.
    public var reason: String?
    /// One sentence for people.
    public var message: String?
    /// When `status` last changed, RFC 3339.
    public var lastTransitionTime: String?

    /// Whether it holds.
    public var isTrue: Bool { status == "True" }

    /// Whether it says that something is wrong. Of the conditions besides Ready, Progressing alone does not.
    var isTrouble: Bool { Self.isTrouble(type, isTrue: isTrue) && type != "Ready" }

    /// Whether it is not as one would wish: Ready should hold, and the others, Progressing aside, should not.
    static func isTrouble(_ type: String, isTrue: Bool) -> Bool {
        switch type {
        case "Ready": !isTrue
        case "Progressing": false
        default: isTrue
        }
    }

    /// Reason and message.
    public var words: String {
        [reason, message].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ": ")
    }
}

/// A list as the API gives it.
public struct ItemList<Item> {
    /// What is in it.
    public var items: [Item]
    /// Paging data; `nil`: this is the last page.
    public var metadata: ListMetadata?

    /// A list.
    public init(items: [Item]) { self.items = items }
}

/// Paging data of a list.
public struct ListMetadata: Codable, Sendable {
    /// `continue`: the parameter of that name.
    public var next: String?

    private enum CodingKeys: String, CodingKey { case next = "continue" }
}

extension ItemList: Decodable where Item: Decodable {}
extension ItemList: Encodable where Item: Encodable {}
