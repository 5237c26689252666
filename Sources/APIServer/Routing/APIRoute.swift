import F2SManifest
import F2SModel
import HTTPTypes
import Hummingbird

/// One method of one path: what it demands, what it says about itself in `/docs`, and what it does. Every list of
/// routes is made of these, so none can be served without all four.
struct APIRoute: Sendable {
    /// Who may use a route.
    enum Access: Sendable, Hashable {
        /// Everybody, without credentials.
        case everybody
        /// Whoever has the privilege.
        case holder(of: Privilege)
    }

    /// What answers a request whose demands are met and whose content has been read.
    typealias Handler = @Sendable (APIRequest) async throws -> Response

    /// The method; GET answers HEAD too.
    let method: HTTPRequest.Method
    /// The path with its parameters in braces, as OpenAPI writes it.
    let path: String
    /// Who may use it.
    let access: Access
    /// Where requests may come from.
    let origin: OriginRule
    /// What content it takes.
    let content: ContentRule
    /// What `/docs` says about it.
    let documentation: OperationDocument
    /// What it does.
    let handler: Handler

    /// A route.
    init(
        _ method: HTTPRequest.Method, _ path: String, access: Access, origin: OriginRule,
        content: ContentRule = .none, documentation: OperationDocument, handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.access = access
        self.origin = origin
        self.content = content
        self.documentation = documentation
        self.handler = handler
    }

    /// `METHOD /path`, unique among the routes.
    var name: String { "\(method.rawValue) \(path)" }

    /// Refuses a query with parameters that the route does not know: one that is mistyped would count for nothing.
    /// - Throws: a ``Problem`` with status 400.
    func checkQuery(_ names: [String]) throws(Problem) {
        let known = documentation.parameters.filter { $0.place == .query }.map(\.name)
        guard let unknown = names.first(where: { !known.contains($0) }) else { return }
        let near = NearestName.of(unknown, among: known)
        let help =
            near.map { "did you mean \($0)?" }
            ?? (known.isEmpty ? "it takes none." : "known here are \(known.joined(separator: ", ")).")
        throw Problem(
            status: 400, title: "The query is malformed",
            detail: "\(path) has no query parameter \(unknown.printable): \(help)", reason: "UnknownParameter")
    }

    /// Whether a path of a request is one of this route's.
    func covers(_ requestPath: String) -> Bool {
        let pattern = path.split(separator: "/")
        let segments = requestPath.split(separator: "/")
        return pattern.count == segments.count
            && zip(pattern, segments).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }
}

extension [APIRoute] {
    /// The methods that a path answers, in alphabetical order, for an Allow header; empty: no such path.
    func methods(of requestPath: String) -> [String] {
        var methods = Set(filter { $0.covers(requestPath) }.map(\.method.rawValue))
        if methods.contains("GET") { methods.insert("HEAD") }
        return methods.sorted()
    }
}
