import F2SModel
import HTTPTypes
import Hummingbird

/// `POST /functions/{name}/invocations`: one invocation, for clients that cannot use `/invoke`, such as the console,
/// which serves no functions.
///
/// The invocation passes the port `Invoker`, and therefore the function's route, admission, queue, limits and metrics.
/// It is made on behalf of the caller of the request. The route needs the privilege ``Privilege/invoke`` for the
/// function, also for a public one: the API answers no caller without credentials. In addition, the dispatcher checks
/// `spec.access` for that caller, so that a function for the members of a group stays closed to all others, whatever
/// their privileges are. The function learns the caller as in a request over HTTP: from `X-F2S-User` and
/// `X-F2S-Groups`, unless it is public. The credentials of the request to the API never reach the function.
///
/// The request names the function in ``FunctionField``, so that no other function answers if the path belongs to one.
struct InvocationRoutes: Sendable {
    private let functions: any FunctionStore
    private let invocation: BoundedInvocation
    private let limit: ConcurrencyLimit

    /// The time after the response's head in which the content must be complete. A stream may be endless, and is cut.
    static let contentTimeout = Duration.seconds(30)

    /// - Parameter limit: The bound of all listeners together.
    init(parts: APIServerParts, limit: ConcurrencyLimit) {
        functions = parts.platform.functions
        invocation = BoundedInvocation(invoker: parts.invoker, contentTimeout: Self.contentTimeout)
        self.limit = limit
    }

    /// Returns the bound for the settings in force.
    static func limit(countMax: @escaping @Sendable () -> Int) -> ConcurrencyLimit {
        ConcurrencyLimit(countMax: countMax) {
            "\($0) invocations through it are in flight (f2s.limits.api_invocations). Retry in a second, or invoke the "
                + "function at its own URL."
        }
    }

    var routes: [APIRoute] { [invoke] }

    private var invoke: APIRoute {
        APIRoute(
            .post, "/functions/{name}/invocations", access: .holder(of: .invoke), origin: .noPage,
            content: InvocationBody.rule,
            documentation: OperationDocument(
                "invokeFunction",
                "Invokes a function on behalf of the caller, and returns its response as JSON, with at most 256 KiB of "
                    + "content. spec.access of the function applies.",
                takes: OperationDocument.schema("InvocationRequest"),
                answers: [
                    .init(
                        200, "The response of the function, or the problem because of which there is none.",
                        [.json: OperationDocument.schema("InvocationResult")])
                ], problems: [404, 503]),
            handler: { request in
                let body = try InvocationBody(request.body)
                let function = try await functions.fetch(request.functionName(), for: request.principal)
                let holder = try await functions.fetchCurrent().routeHolder(of: function)
                let lease = try limit.acquire()
                defer { withExtendedLifetime(lease) {} }
                let call = Self.request(body, to: function, for: request.principal)
                // The whole request was read, so anything else on the connection means that the client disconnects.
                let result = try await request.underlying.body.consumeWithCancellationOnInboundClose { _ in
                    try await invocation.run(call) {
                        Self.problem(of: $0, function, holder: holder)
                    }
                }
                var response = try Response(json: result)
                // The connection was read to its end to detect that, so it cannot serve another request.
                response.headers[.connection] = "close"
                return response
            })
    }

    private static func request(
        _ body: InvocationBody, to function: Function, for principal: Principal
    ) -> InvocationRequest {
        let route = function.route.path
        // The route `/` ends where the rest begins.
        let path = route.hasSuffix("/") && body.rest.hasPrefix("/") ? body.rest : route + body.rest
        return InvocationRequest(
            body.method ?? function.method ?? .get, path,
            fields: [InvocationField("\(FunctionField.name)", function.name.text)] + body.fields,
            content: .bytes(body.content), caller: "api:\(principal.name)", principal: principal)
    }

    /// Returns the problem of a failed invocation. If an older function has the same route, the reason names it, as in
    /// the function's condition.
    private static func problem(
        of error: InvocationError, _ function: Function, holder: Function?
    ) -> Problem {
        var problem = Problem(error, function: function.name)
        if case .otherFunction = error, let holder {
            problem.detail = Condition.routeConflict(with: holder.name, route: function.route).message
        }
        return problem
    }
}
