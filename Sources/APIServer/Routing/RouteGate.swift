import F2SModel

/// The checks before every handler: the origin of a request, its caller, and the caller's privileges.
struct RouteGate: Sendable {
    /// Authenticates the callers.
    let authenticator: any Authenticator
    /// Returns the addresses of the listeners in front. It is called per request, because their ports are known only
    /// after they were bound.
    let authorities: @Sendable () -> [String]
    /// Returns further host names of the listeners. It is called per request because settings change.
    let publicHosts: @Sendable () -> [String]

    /// Checks a request and returns its caller.
    /// - Parameter function: The function's name in the path; `nil` if the path has none.
    /// - Throws: A ``Problem``: 403 for a foreign host or origin, 401 without valid credentials, 403 without the
    ///   privilege, 503 if too many credentials are being verified.
    func admit(
        _ claims: OriginPolicy.Claims, authorization: String?, to route: APIRoute, function: String?
    ) async throws(Problem) -> Principal {
        let policy = OriginPolicy(authorities: authorities(), publicHosts: publicHosts())
        if let rejection = policy.rejection(of: claims, under: route.origin) { throw rejection.problem }
        guard route.access != .everybody else { return .anonymous }
        let principal: Principal
        do throws(CredentialError) { principal = try await authenticator.verify(authorization) } catch {
            throw Problem(InvocationError.unauthenticated(error), function: nil)
        }
        guard route.access.admits(principal, to: function) else {
            throw Problem.forbidden(route.access.privileges.first ?? .list)
        }
        return principal
    }
}
