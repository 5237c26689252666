/// What a user has written down: a declaration before a store has kept it. Copies share what is declared.
public struct FunctionDraft: Sendable, Hashable {
    private struct Fields: Sendable, Hashable {
        var name: FunctionName
        var namespace: String
        var route: Route
        var method: Function.Method?
        var summary: String
        var target: Target
        var metadata: FunctionMetadata
    }

    @Boxed private var fields: Fields

    /// Namespace of functions when the manifest names none.
    public static let namespaceDefault = "f2s"

    /// A draft; call ``complaints()`` before it is stored.
    public init(
        name: FunctionName, namespace: String = FunctionDraft.namespaceDefault, route: Route,
        method: Function.Method? = nil, summary: String = "", target: Target,
        metadata: FunctionMetadata = .none
    ) {
        fields = Fields(
            name: name, namespace: namespace, route: route, method: method, summary: summary, target: target,
            metadata: metadata)
    }

    /// `metadata.name`.
    public var name: FunctionName {
        get { fields.name }
        set { fields.name = newValue }
    }

    /// `metadata.namespace`; Local ignores it.
    public var namespace: String {
        get { fields.namespace }
        set { fields.namespace = newValue }
    }

    /// Public path below `/invoke` (`spec.endpoint`).
    public var route: Route {
        get { fields.route }
        set { fields.route = newValue }
    }

    /// The only method answered; `nil`: any (`spec.method`).
    public var method: Function.Method? {
        get { fields.method }
        set { fields.method = newValue }
    }

    /// For people (`spec.description`).
    public var summary: String {
        get { fields.summary }
        set { fields.summary = newValue }
    }

    /// What runs it (`target`).
    public var target: Target {
        get { fields.target }
        set { fields.target = newValue }
    }

    /// Labels and annotations (`metadata.labels`, `metadata.annotations`).
    public var metadata: FunctionMetadata {
        get { fields.metadata }
        set { fields.metadata = newValue }
    }
}
