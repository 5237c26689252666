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
    /// Returns the ranges of the proxies whose X-Forwarded-For counts. It is called per request because settings
    /// change.
    let trustedProxies: @Sendable () -> [AddressRange]

    /// Checks a request and returns its caller.
    /// - Parameters:
    ///   - forwardedFor: The value of X-Forwarded-For, whose last address is that of the dispatcher's client.
    ///   - function: The function's name in the path; `nil` if the path has none.
    /// - Throws: A ``Problem``: 403 for a foreign host or origin, 401 without valid credentials, 403 without the
    ///   privilege, 429 after too many wrong passwords, 503 if too many credentials are being verified.
    func admit(
        _ claims: OriginPolicy.Claims, authorization: String?, forwardedFor: String?, to route: APIRoute,
        function: String?
    ) async throws(Problem) -> Principal {
        let policy = OriginPolicy(authorities: authorities(), publicHosts: publicHosts())
        if let rejection = policy.rejection(of: claims, under: route.origin) { throw rejection.problem }
        guard route.access != .everybody else { return .anonymous }
        let principal: Principal
        do throws(CredentialError) {
            principal = try await authenticator.verify(authorization, from: client(forwardedFor)?.rateKey)
        } catch {
            throw Problem(InvocationError.unauthenticated(error), function: nil)
        }
        guard route.access.admits(principal, to: function) else {
            throw Problem.forbidden(route.access.privileges.first ?? .list)
        }
        return principal
    }

    /// Returns the right-most address that is not a trusted proxy's. The sender at that address may have invented
    /// everything to the left of it.
    private func client(_ forwardedFor: String?) -> IPAddress? {
        let trusted = trustedProxies()
        var client: IPAddress?
        for element in (forwardedFor ?? "").split(separator: ",").reversed() {
            let text = element.filter { $0 != " " }
            // Some proxies add the port, and then brackets around an IPv6 address.
            let host = Authority(text).map { Array($0.host.utf8) }
            guard let address = IPAddress(Array(text.utf8)) ?? host.flatMap({ IPAddress($0) }) else { break }
            client = address
            guard trusted.contains(where: { $0.contains(address) }) else { break }
        }
        return client
    }
}
