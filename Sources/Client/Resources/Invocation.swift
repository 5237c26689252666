import F2SModel

/// One invocation of a function from the command line.
public struct Invocation: Sendable {
    /// The HTTP method; `nil`: the function's own, else POST with content and GET without.
    public var method: String?
    /// The path, the query or both after the function's route. The leading slash is optional.
    public var rest: String
    /// The header fields to send.
    public var fields: [(name: String, value: String)]
    /// The content to send.
    public var content: ClientRequest.Content

    /// Creates an invocation.
    public init(
        method: String? = nil, rest: String = "", fields: [(name: String, value: String)] = [],
        content: ClientRequest.Content = .none
    ) {
        self.method = method
        self.rest = rest
        self.fields = fields
        self.content = content
    }

    /// Returns the request that invokes `function`. Only the timeouts of the server limit its duration.
    func request(to function: FunctionRecord) -> ClientRequest {
        // The route selects the function. If that is not the named one, the dispatcher rejects the request.
        let named = [(name: "\(FunctionField.name)", value: function.name)]
        let hasContent = if case .none = content { false } else { true }
        return ClientRequest(
            (method ?? function.spec.method ?? (hasContent ? "POST" : "GET")).uppercased(),
            Self.path(of: function, rest: rest), fields: named + fields, content: content, limit: nil)
    }

    /// Returns the public path of a function followed by `rest`.
    static func path(of function: FunctionRecord, rest: String) -> String {
        var route = "/invoke" + function.spec.endpoint
        guard let first = rest.first, first != "?" else { return route + rest }
        if route.hasSuffix("/") { route.removeLast() }
        return route + (first == "/" ? rest : "/" + rest)
    }
}
