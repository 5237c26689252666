/// A declaration as the user writes it, before a store holds it. Copies share its fields.
public struct FunctionDraft: Sendable, Hashable {
    private struct Fields: Sendable, Hashable {
        var name: FunctionName
        var namespace: String
        var route: Route
        var method: Function.Method?
        var summary: String
        var access: Function.Access?
        var cors: Function.CORS?
        var offersLogin: Bool
        var target: Target
        var metadata: FunctionMetadata
    }

    @Boxed private var fields: Fields

    /// The maximum size of `spec.description`, in bytes.
    public static let summaryBytesMax = 4096
    /// The namespace of a function whose manifest names none.
    public static let namespaceDefault = "f2s"

    /// Creates a draft. Call ``fieldErrors()`` before it is stored.
    public init(
        name: FunctionName, namespace: String = FunctionDraft.namespaceDefault, route: Route,
        method: Function.Method? = nil, summary: String = "", access: Function.Access? = nil,
        cors: Function.CORS? = nil, offersLogin: Bool = false, target: Target, metadata: FunctionMetadata = .none
    ) {
        fields = Fields(
            name: name, namespace: namespace, route: route, method: method, summary: summary, access: access,
            cors: cors, offersLogin: offersLogin, target: target, metadata: metadata)
    }

    /// Returns an error for each invalid value and each invalid combination of values. A draft without errors may be
    /// stored.
    public func fieldErrors() -> [FieldError] {
        var found = target.fieldErrors()
        if summary.utf8.count > Self.summaryBytesMax {
            found.insert(
                FieldError(
                    field: "spec.description", value: "\(summary.utf8.count) bytes",
                    requirement: "have at most \(Self.summaryBytesMax) bytes"), at: 0)
        }
        return found + (access?.fieldErrors ?? []) + (cors?.fieldErrors ?? [])
    }

    /// `metadata.name`.
    public var name: FunctionName {
        get { fields.name }
        set { fields.name = newValue }
    }

    /// The Kubernetes namespace (`metadata.namespace`). Local ignores it.
    public var namespace: String {
        get { fields.namespace }
        set { fields.namespace = newValue }
    }

    /// The public path below `/invoke` (`spec.endpoint`).
    public var route: Route {
        get { fields.route }
        set { fields.route = newValue }
    }

    /// The only method that the function answers; `nil` if it answers any (`spec.method`).
    public var method: Function.Method? {
        get { fields.method }
        set { fields.method = newValue }
    }

    /// A description for people (`spec.description`).
    public var summary: String {
        get { fields.summary }
        set { fields.summary = newValue }
    }

    /// The callers that may invoke the function; `nil` if the settings decide (`spec.access`).
    public var access: Function.Access? {
        get { fields.access }
        set { fields.access = newValue }
    }

    /// The pages of other origins that may use the function; `nil` if the function decides (`spec.cors`).
    public var cors: Function.CORS? {
        get { fields.cors }
        set { fields.cors = newValue }
    }

    /// True if a browser that opens the function without credentials is led to the console's sign-in, and back
    /// (`spec.login`).
    public var offersLogin: Bool {
        get { fields.offersLogin }
        set { fields.offersLogin = newValue }
    }

    /// The program or image that runs the function, and its settings (`target`).
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
