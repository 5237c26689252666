import F2SManifest
import F2SModel
import HTTPTypes
import Hummingbird

/// One method of one path: its requirements, its documentation in `/docs`, and its handler. Every list of routes
/// consists of these, so no route is served without all of them.
struct APIRoute: Sendable {
    /// The callers that may use a route.
    enum Access: Sendable, Hashable {
        /// Every caller, without credentials.
        case everybody
        /// Every caller whose credentials are valid.
        case authenticated
        /// Callers with the privilege: for the function in the path, or for every function if the path names none.
        case holder(of: Privilege)
        /// Callers with one of the privileges for some functions. The handler decides about each function by
        /// `Principal.require(_:on:)`.
        case partialHolder(of: Privilege, or: [Privilege] = [])

        /// The privileges of which a caller needs one; empty if it needs none.
        var privileges: [Privilege] {
            switch self {
            case .everybody, .authenticated: []
            case .holder(of: let privilege): [privilege]
            case .partialHolder(of: let privilege, or: let others): [privilege] + others
            }
        }

        /// Returns true if a caller may use the route.
        /// - Parameter function: The function's name in the path; `nil` if the path has none.
        func admits(_ principal: Principal, to function: String?) -> Bool {
            switch self {
            case .everybody, .authenticated: true
            case .holder(of: let privilege):
                function.map { principal.may(privilege, on: $0) } ?? principal.may(privilege)
            case .partialHolder: privileges.contains { principal.maySometimes($0) }
            }
        }
    }

    /// Answers a request that meets the requirements and whose content was read.
    typealias Handler = @Sendable (APIRequest) async throws -> Response

    /// The method. GET also answers HEAD.
    let method: HTTPRequest.Method
    /// The path, with its parameters in braces as in OpenAPI.
    let path: String
    /// The callers that may use the route.
    let access: Access
    /// The requirement for the origin of requests.
    let origin: OriginRule
    /// The requirement for the content of requests.
    let content: ContentRule
    /// The documentation in `/docs`.
    let documentation: OperationDocument
    /// The handler.
    let handler: Handler

    /// Creates a route.
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

    /// True if the route begins or ends a session.
    var isSignIn: Bool { method != .get && path.hasPrefix(ConsoleOrigin.sessionPath) }

    /// True if a request can change something, so that the audit log records it.
    var isAction: Bool { method != .get && access != .everybody && path != ManifestRoutes.path }

    /// `METHOD /path`, unique among the routes.
    var name: String { "\(method.rawValue) \(path)" }

    /// Rejects a query with parameters that the route does not know, because a mistyped parameter would be ignored.
    /// - Throws: A ``Problem`` with status 400.
    func checkQuery(_ names: [String]) throws(Problem) {
        let known = documentation.parameters.filter { $0.location == .query }.map(\.name)
        guard let unknown = names.first(where: { !known.contains($0) }) else { return }
        let near = NearestName.of(unknown, among: known)
        let help =
            near.map { "did you mean \($0)?" }
            ?? (known.isEmpty ? "it takes none." : "known here are \(known.joined(separator: ", ")).")
        throw Problem(
            status: 400, title: "The query is malformed",
            detail: "\(path) has no query parameter \(unknown.printable): \(help)", reason: "UnknownParameter")
    }

    /// Returns true if the path of a request matches this route.
    func covers(_ requestPath: String) -> Bool {
        let pattern = path.split(separator: "/")
        let segments = requestPath.split(separator: "/")
        return pattern.count == segments.count
            && zip(pattern, segments).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }
}

extension [APIRoute] {
    /// Returns the methods that a path answers, in alphabetical order, for an Allow header; empty if no route matches.
    func methods(of requestPath: String) -> [String] {
        var methods = Set(filter { $0.covers(requestPath) }.map(\.method.rawValue))
        if methods.contains("GET") { methods.insert("HEAD") }
        return methods.sorted()
    }
}

/// The requirement of a route for the content of a request. The head alone decides if the content is read.
struct ContentRule: Sendable {
    /// The maximum bytes of one request's content.
    let bytesMax: Int
    /// Checks the header fields of a request.
    /// - Throws: A ``Problem`` if the content must not be read.
    let admit: @Sendable (HTTPFields) throws -> Void

    /// The rule of a route without content. Some clients send a little all the same; it is ignored.
    static let none = ContentRule(bytesMax: 4096) { _ in }

    /// The rule of a route with a small JSON object.
    static let json = json(bytesMax: 16 * 1024)

    /// Returns the rule of a route with a JSON object.
    static func json(bytesMax: Int) -> ContentRule {
        ContentRule(bytesMax: bytesMax) { fields in
            let contentType = fields[.contentType]
            guard MediaType(contentType: contentType) == .json else {
                throw Problem(
                    status: 415, title: "The content type is not accepted",
                    detail: "Content-Type is \(contentType ?? "missing"). Send application/json.")
            }
        }
    }
}

/// The requirement of a route for the origin of a request.
enum OriginRule: Sendable, Hashable, CaseIterable {
    /// No requirement: the response is the same for every client, and probes use any Host.
    case anywhere
    /// The Host must belong to F2S. Otherwise a foreign page could read the response through a name that it points at
    /// F2S (DNS rebinding). No page may send the request, except those that the listener allows
    /// (``OriginPolicy/Pages``). A user may navigate there.
    case ownHost
    /// The same as ``ownHost``, for the routes at which a user may enter the console from a page of another site. Other
    /// routes of the console cannot be reached by such a link.
    case entry
    /// The same as ``ownHost``, but a user may not navigate there either, because the request changes something.
    case noPage
}
