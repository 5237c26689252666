import F2SModel
import HTTPTypes
import Hummingbird
import Logging

/// Creates Hummingbird's router from a list of routes.
struct APIRouter: Sendable {
    /// The routes to serve.
    let routes: [APIRoute]
    /// The checks before every handler.
    let gate: RouteGate
    /// Reads the content of requests.
    let content: ContentReader
    /// Returns the address at which another listener of F2S serves a path; `nil` if none does.
    var elsewhere: @Sendable (_ path: String) -> String? = { _ in nil }
    /// The logger of unexpected errors.
    let logger: Logger

    /// Returns the router: middleware first, then every route behind the gate.
    func router() -> Router<BasicRequestContext> {
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.add(
            middleware: ProblemMiddleware(
                routes: routes, challenges: { [gate] in gate.authenticator.challenges }, elsewhere: elsewhere,
                logger: logger))
        for route in routes {
            router.on(RouterPath(route.path), method: route.method) { request, context in
                try await respond(to: request, parameters: context.parameters, route: route)
            }
        }
        return router
    }

    /// The routes that the router serves, as `METHOD /path`. The documentation is checked against it.
    var served: [String] { router().routes.map { "\($0.method.rawValue) \($0.path)" } }

    private func respond(
        to request: Request, parameters: Parameters, route: APIRoute
    ) async throws -> Response {
        func field(_ name: String) -> String? { HTTPField.Name(name).flatMap { request.headers[$0] } }
        let claims = OriginPolicy.Claims(
            host: request.head.authority, origin: request.headers[.origin], fetchSite: field("Sec-Fetch-Site"),
            isNavigation: field("Sec-Fetch-Mode") == "navigate" && field("Sec-Fetch-Dest") == "document")
        let principal = try await gate.admit(
            claims, authorization: request.headers[.authorization], forwardedFor: field("X-Forwarded-For"), to: route,
            function: parameters.get("name"))
        // Probes add arbitrary query parameters, so public routes accept them.
        if route.access != .everybody { try route.checkQuery(request.uri.queryParameters.map { String($0.key) }) }
        try route.content.admit(request.headers)
        let named = parameters.map { (String($0.key), String($0.value)) }
        return try await content.withContent(of: request, upTo: route.content.bytesMax) { body in
            var read = request
            read.body = RequestBody(buffer: body)
            return try await route.handler(
                APIRequest(
                    underlying: read, body: body, parameters: Dictionary(named) { first, _ in first },
                    principal: principal))
        }
    }
}
