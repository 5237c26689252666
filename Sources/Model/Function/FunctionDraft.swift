/// What a user has written down: a declaration before a store has kept it.
public struct FunctionDraft: Sendable, Hashable {
    /// `metadata.name`.
    public var name: FunctionName
    /// `metadata.namespace`; Local ignores it.
    public var namespace: String
    /// Public path below `/invoke` (`spec.endpoint`).
    public var route: Route
    /// The only method answered; `nil`: any (`spec.method`).
    public var method: Function.Method?
    /// For people (`spec.description`).
    public var summary: String
    /// What runs it (`target`).
    public var target: Target

    /// Namespace of functions when the manifest names none.
    public static let namespaceDefault = "f2s"

    /// A draft; call ``complaints()`` before it is stored.
    public init(
        name: FunctionName, namespace: String = FunctionDraft.namespaceDefault, route: Route,
        method: Function.Method? = nil, summary: String = "", target: Target
    ) {
        self.name = name
        self.namespace = namespace
        self.route = route
        self.method = method
        self.summary = summary
        self.target = target
    }
}
