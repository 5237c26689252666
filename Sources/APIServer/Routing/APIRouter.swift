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
    /// Receives the actions of callers, and the requests that are refused; `nil` if nothing does.
    let auditLog: (any AuditLog)?
    /// Returns the address at which another listener of F2S serves a path; `nil` if none does.
    var elsewhere: @Sendable (_ path: String) -> String? = { _ in nil }
    /// Returns the scheme and authority at which a client reaches `/invoke`. The arguments are the Host of the client's
    /// request to this listener, and true if the client uses https.
    var invocationOrigin: @Sendable (_ host: String?, _ isSecure: Bool) -> String? = { host, isSecure in
        host.map { "\(isSecure ? "https" : "http")://\($0)" }
    }
    /// The logger of unexpected errors.
    let logger: Logger

    /// Returns the router: middleware first, then every route behind the gate.
    func router() -> Router<BasicRequestContext> {
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.add(
            middleware: ProblemMiddleware(
                routes: routes, pages: gate.pages, challenges: { [gate] in gate.callers.challenges },
                elsewhere: elsewhere, logger: logger))
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
        let audit = RequestAudit(
            route: route, path: request.uri.path, function: parameters.get("name"),
            client: gate.callers.client(request.headers.field("X-Forwarded-For"))?.description)
        do {
            let response = try await respond(to: request, parameters, route, audit)
            if let entry = audit.entry(of: response.status.code) { auditLog?.record(entry) }
            return response
        } catch {
            let problem = Problem(of: error)
            if let entry = audit.entry(of: problem.status, because: problem.detail) { auditLog?.record(entry) }
            throw error
        }
    }

    private func respond(
        to request: Request, _ parameters: Parameters, _ route: APIRoute, _ audit: RequestAudit
    ) async throws -> Response {
        let credentials = CallerCredentials(request)
        if let authorization = credentials.authorization {
            audit.claims(gate.callers.authenticator.claimedUser(of: authorization))
        }
        let caller = try await gate.identify(claims(of: request, credentials), credentials, for: route)
        if route.access != .everybody, gate.callers.authenticator.isProtected {
            audit.identified(caller.principal.name)
        }
        let cookie = caller.renewed.map { ConsoleOrigin(request).setting($0) }
        do {
            try gate.authorize(caller, for: route, function: parameters.get("name"))
            var response = try await handle(request, parameters, route, caller.principal, audit)
            if let cookie { response.headers.append(HTTPField(name: .setCookie, value: cookie)) }
            return response
        } catch {
            guard let cookie else { throw error }
            throw RenewedSessionError(error: error, cookie: cookie)
        }
    }

    private func claims(of request: Request, _ credentials: CallerCredentials) -> OriginPolicy.Claims {
        let fields = request.headers
        return OriginPolicy.Claims(
            host: request.head.authority, origin: fields[.origin], fetchSite: fields.field("Sec-Fetch-Site"),
            isNavigation: fields.field("Sec-Fetch-Mode") == "navigate" && fields.field("Sec-Fetch-Dest") == "document",
            isSecure: ConsoleOrigin(request).isSecure,
            hasCredentials: credentials.authorization != nil || credentials.proof != nil)
    }

    private func handle(
        _ request: Request, _ parameters: Parameters, _ route: APIRoute, _ principal: Principal,
        _ audit: RequestAudit
    ) async throws -> Response {
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
                    principal: principal, audit: audit,
                    invocationOrigin: invocationOrigin(request.head.authority, ConsoleOrigin(request).isSecure)))
        }
    }
}

/// An error after a session was renewed. The response must set the new cookie all the same, because most providers do
/// not accept the earlier refresh token again.
struct RenewedSessionError: Error {
    /// The error itself.
    let error: any Error
    /// The value of Set-Cookie.
    let cookie: String
}
