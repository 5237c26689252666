/// A function in the form of the REST API: the manifest with the data that the store and the operator add.
public struct FunctionRecord: Sendable, Hashable, Decodable {
    /// `metadata`.
    public struct Metadata: Sendable, Hashable, Decodable {
        /// The name of the function.
        public var name: String
        /// The namespace of the function.
        public var namespace: String?
        /// The identity of the function; it stays the same until the function is deleted.
        public var uid: String?
        /// A number that grows by one with every change.
        public var generation: Int?
        /// The stored version.
        public var resourceVersion: String?
        /// The time of creation (RFC 3339); absent if the platform does not know it.
        public var creationTimestamp: String?
    }

    /// `spec`.
    public struct Spec: Sendable, Hashable, Decodable {
        /// The public path below `/invoke`.
        public var endpoint: String
        /// The only HTTP method that is accepted; absent: any.
        public var method: String?
        /// A description for people.
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
    /// Returns the condition of a type, if the status has it.
    public func condition(_ type: String) -> ConditionRecord? { status?.conditions?.first { $0.type == type } }
}

/// `status`: the state that F2S has observed.
public struct StatusRecord: Sendable, Hashable, Decodable {
    /// The generation that the other members describe.
    public var observedGeneration: Int?
    /// The number of replicas.
    public var replicas: Int?
    /// The number of replicas of the declared revision.
    public var updatedReplicas: Int?
    /// The number of ready replicas of any revision.
    public var readyReplicas: Int?
    /// The number of ready replicas of the declared revision.
    public var updatedReadyReplicas: Int?
    /// The number of replicas that the autoscaler wants.
    public var desiredReplicas: Int?
    /// The URL of the function.
    public var url: String?
    /// The conditions of the function.
    public var conditions: [ConditionRecord]?
}

/// One aspect of a function's state, in the form of Kubernetes' `metav1.Condition`.
public struct ConditionRecord: Sendable, Hashable, Decodable {
    /// The type, for example `Ready`.
    public var type: String
    /// `True`, `False` or `Unknown`.
    public var status: String
    /// The reason, one CamelCase word for programs.
    public var reason: String?
    /// The message, a sentence for people.
    public var message: String?
    /// The time of the last change of `status` (RFC 3339).
    public var lastTransitionTime: String?

    /// True if `status` is `True`.
    public var isTrue: Bool { status == "True" }

    /// True if this is a condition other than Ready that reports a failure. Progressing never does.
    var isFailure: Bool { Self.isFailure(type, isTrue: isTrue) && type != "Ready" }

    /// Returns true if a condition reports a failure: Ready when it is false, any other except Progressing when it is
    /// true.
    static func isFailure(_ type: String, isTrue: Bool) -> Bool {
        switch type {
        case "Ready": !isTrue
        case "Progressing": false
        default: isTrue
        }
    }

    /// The reason and the message, separated by a colon.
    public var words: String {
        [reason, message].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ": ")
    }
}

/// A list of the REST API.
public struct ItemList<Item> {
    /// The items of this page.
    public var items: [Item]
    /// Paging data; `nil`: this is the last page.
    public var metadata: ListMetadata?

    /// Creates a list of one page.
    public init(items: [Item]) { self.items = items }
}

/// Paging data of a list.
public struct ListMetadata: Codable, Sendable {
    /// `continue`: the value of the query parameter `continue` for the next page.
    public var next: String?

    private enum CodingKeys: String, CodingKey { case next = "continue" }
}

extension ItemList: Decodable where Item: Decodable {}
extension ItemList: Encodable where Item: Encodable {}
