import F2SModel

/// What stands before every handler: where a request comes from, who sends it, and whether they may.
struct RouteGate: Sendable {
    /// Who calls.
    let authenticator: any Authenticator
    /// Where the listeners in front are reachable; asked per request, because their ports are known only once they are
    /// bound.
    let authorities: @Sendable () -> [String]
    /// Names that lead to them besides; asked per request, because settings change.
    let publicHosts: @Sendable () -> [String]

    /// Lets a request through and says who sends it.
    /// - Throws: a ``Problem``: 403 for a foreign host or origin, 401 without credentials, 403 without the privilege.
    func admit(
        _ claims: OriginPolicy.Claims, authorization: String?, to route: APIRoute
    ) throws(Problem) -> Principal {
        let policy = OriginPolicy(authorities: authorities(), publicHosts: publicHosts())
        if let refusal = policy.refusal(of: claims, under: route.origin) { throw refusal.problem }
        guard case .holder(of: let privilege) = route.access else { return .anonymous }
        guard let principal = authenticator.principal(authorization: authorization) else {
            throw Problem(InvocationError.unauthenticated, function: nil)
        }
        guard principal.privileges.contains(privilege) else {
            throw Problem(InvocationError.forbidden(privilege), function: nil)
        }
        return principal
    }
}
