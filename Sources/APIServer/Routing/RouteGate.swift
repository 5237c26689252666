import F2SModel

/// The checks before every handler: the origin of a request, its caller, and the caller's privileges.
struct RouteGate: Sendable {
    /// Identifies the callers.
    let callers: CallerSource
    /// The pages that may send requests.
    let pages: OriginPolicy.Pages
    /// Returns the addresses of the listeners in front. It is called per request, because their ports are known only
    /// after they were bound.
    let authorities: @Sendable () -> [String]
    /// Returns further host names of the listeners. It is called per request because settings change.
    let publicHosts: @Sendable () -> [String]
    /// Returns the URL of the console for a client that uses this Host; `nil` if there is no console.
    let console: @Sendable (_ host: String?) -> String?

    /// Checks the origin of a request and returns its caller.
    /// - Throws: A ``Problem``: 403 for a foreign host or origin, 401 without valid credentials, 429 after too many
    ///   wrong passwords, 503 if too many credentials are being verified.
    func identify(
        _ claims: OriginPolicy.Claims, _ credentials: CallerCredentials, for route: APIRoute
    ) async throws(Problem) -> IdentifiedCaller {
        let policy = OriginPolicy(authorities: authorities(), publicHosts: publicHosts(), pages: pages)
        if let rejection = policy.rejection(of: claims, under: route.origin) {
            throw rejection.problem(pages: pages, console: console(claims.host))
        }
        guard route.access != .everybody else { return .anonymous }
        do throws(CredentialError) {
            return try await callers.caller(credentials)
        } catch {
            throw callers.problem(of: error)
        }
    }

    /// Checks that a caller may use a route.
    /// - Parameter function: The function's name in the path; `nil` if the path has none.
    /// - Throws: A ``Problem`` with status 403.
    func authorize(_ caller: IdentifiedCaller, for route: APIRoute, function: String?) throws(Problem) {
        guard route.access.admits(caller.principal, to: function) else {
            throw Problem.forbidden(route.access.privileges.first ?? .list)
        }
    }
}
