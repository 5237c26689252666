import F2SModel
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// The outermost layer of every listener. It turns every error into a problem document, and adds the headers that every
/// response has.
struct ProblemMiddleware: RouterMiddleware {
    typealias Context = BasicRequestContext

    /// The routes, for the Allow header of 405.
    let routes: [APIRoute]
    /// The pages that may send requests to the listener.
    let pages: OriginPolicy.Pages
    /// Returns the values of WWW-Authenticate (RFC 9110 section 11.6.1). It is called per response because settings
    /// change.
    let challenges: @Sendable () -> [String]
    /// Returns the address at which another listener of F2S serves a path.
    let elsewhere: @Sendable (_ path: String) -> String?
    /// The logger of unexpected errors.
    let logger: Logger

    /// In a browser, a response has no origin, runs nothing, and cannot be framed.
    static let contentPolicy = "sandbox; frame-ancestors 'none'"

    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response = await answer(request, context: context, next: next)
        // The files of the console are public.
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        // The console's own pages run scripts, so they need an origin.
        if pages == .none || response.headers[.contentSecurityPolicy] != ConsolePage.contentPolicy {
            let policy = response.headers[.contentSecurityPolicy].map { "; \($0)" } ?? ""
            response.headers[.contentSecurityPolicy] = Self.contentPolicy + policy
        }
        response.headers[.xContentTypeOptions] = "nosniff"
        if pages == .sameOrigin {
            for (name, value) in ConsolePage.isolation { response.headers[name] = value }
        }
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async -> Response {
        do {
            // The router would ignore an empty segment.
            let path = request.head.path?.prefix { $0 != "?" } ?? ""
            guard !path.contains("//") else { throw Self.noSuchPath(String(path)) }
            return try await next(request, context)
        } catch {
            let problem = problem(of: error, request: request)
            var response = Response(problem)
            response.headers[.setCookie] = (error as? RenewedSessionError)?.cookie
            switch problem.status {
            case 401: response.headers[values: .wwwAuthenticate] = challenges()
            case 405: response.headers[.allow] = routes.methods(of: request.uri.path).joined(separator: ", ")
            case 429: response.headers[.retryAfter] = CredentialError.tooManyFailures.retryAfterSeconds.map { "\($0)" }
            case 503: response.headers[.retryAfter] = "1"
            default: break
            }
            return response
        }
    }

    private func problem(of error: any Error, request: Request) -> Problem {
        if let error = error as? HTTPError, error.status == .notFound { return unknownRoute(request) }
        let problem = Problem(of: error)
        if problem == .unexpected {
            // The client learns that it is not at fault. The log contains the error for the operator of F2S.
            logger.error(
                "A request failed with an unexpected error. Please report it.",
                metadata: ["request": "\(request.method) \(request.uri.path)", "error": "\(error)"])
        }
        return problem
    }

    private func unknownRoute(_ request: Request) -> Problem {
        let path = request.uri.path
        let methods = routes.methods(of: path)
        guard methods.isEmpty else {
            return Problem(
                status: 405, title: "The method is not allowed here",
                detail: "\(path) answers \(methods.joined(separator: ", ")), not \(request.method.rawValue).")
        }
        if let address = elsewhere(path) {
            return Problem(
                status: 404, title: "Another listener serves this path", detail: "\(path) is served at \(address).")
        }
        return Self.noSuchPath(path)
    }

    private static func noSuchPath(_ path: String) -> Problem {
        Problem(
            status: 404, title: "No such path",
            detail: "Nothing is served at \(path). GET /docs lists every path; functions are invoked below /invoke.")
    }
}

extension Problem {
    /// Creates the problem of an error that a handler has thrown.
    init(of error: any Error) {
        self =
            switch error {
            case let renewed as RenewedSessionError: Problem(of: renewed.error)
            case let problem as Problem: problem
            case let error as StoreError: error.problem
            case let error as APITokenStoreError: error.problem
            case let error as FunctionSecretError: error.problem
            case is CancellationError: Problem(InvocationError.draining, function: nil)
            default: .unexpected
            }
    }
}
