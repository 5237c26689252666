import F2SModel

/// What stands before every handler: where a request comes from, who sends it, and whether they may.
struct RouteGate: Sendable {
    /// Who calls.
    let authenticator: any Authenticator
    /// Where the public listener is reachable; asked per request, because its port is known only once it is bound.
    let publicAuthority: @Sendable () -> String
    /// Names that lead to it besides; asked per request, because settings change.
    let publicHosts: @Sendable () -> [String]

    /// Lets a request through and says who sends it.
    /// - Throws: a ``Problem``: 403 for a foreign host or origin, 401 without credentials, 403 without the privilege.
    func admit(
        _ claims: OriginPolicy.Claims, authorization: String?, to route: APIRoute
    ) throws(Problem) -> Principal {
        let policy = OriginPolicy(publicAuthority: publicAuthority(), publicHosts: publicHosts())
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
