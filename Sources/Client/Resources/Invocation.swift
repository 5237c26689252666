import F2SModel

/// One call of a function as the command line asks for it.
public struct Invocation: Sendable {
    /// HTTP method; `nil`: the function's own, else POST with content and GET without.
    public var method: String?
    /// What follows the function's route: path, query or both; may lack the leading slash.
    public var rest: String
    /// Header fields to send.
    public var fields: [(name: String, value: String)]
    /// What to send.
    public var content: ClientRequest.Content

    /// A call.
    public init(
        method: String? = nil, rest: String = "", fields: [(name: String, value: String)] = [],
        content: ClientRequest.Content = .none
    ) {
        self.method = method
        self.rest = rest
        self.fields = fields
        self.content = content
    }

    /// The request that calls `function`. It waits as long as the server's own time-outs allow.
    func request(to function: FunctionRecord) -> ClientRequest {
        // The route decides where a request goes; the dispatcher refuses it where that is not this function.
        let named = [(name: "\(FunctionField.name)", value: function.name)]
        let hasContent = if case .none = content { false } else { true }
        return ClientRequest(
            (method ?? function.spec.method ?? (hasContent ? "POST" : "GET")).uppercased(),
            Self.path(of: function, rest: rest), fields: named + fields, content: content, limit: nil)
    }

    /// Public path of a function with what follows its route.
    static func path(of function: FunctionRecord, rest: String) -> String {
        var route = "/invoke" + function.spec.endpoint
        guard let first = rest.first, first != "?" else { return route + rest }
        if route.hasSuffix("/") { route.removeLast() }
        return route + (first == "/" ? rest : "/" + rest)
    }
}
