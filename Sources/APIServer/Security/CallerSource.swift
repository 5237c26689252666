import F2SModel

/// Identifies the caller of a request: by its Authorization field or, at the console, by its session.
struct CallerSource: Sendable {
    /// Authenticates callers by the Authorization field.
    let authenticator: any Authenticator
    /// The sessions; `nil` on a listener that does not accept them.
    let sessions: (any ConsoleSessionProvider)?
    /// Returns the ranges of the proxies whose X-Forwarded-For counts. It is called per request because settings
    /// change.
    let trustedProxies: @Sendable () -> [AddressRange]

    /// The values of WWW-Authenticate for a response with status 401. Sessions have a scheme of their own, because a
    /// browser would ask for a password by a dialog of its own if the scheme were Basic.
    var challenges: [String] { sessions == nil ? authenticator.challenges : [Self.sessionChallenge] }

    /// The challenge for a session.
    static let sessionChallenge = "F2S-Session realm=\"f2s\""

    /// Returns the caller of a request. A request with an Authorization field is never identified by its session.
    func caller(_ credentials: CallerCredentials) async throws(CredentialError) -> IdentifiedCaller {
        if let sessions, authenticator.isProtected, credentials.authorization == nil {
            let caller = try await sessions.caller(
                cookies: credentials.sessionCookies, proof: credentials.proof)
            return IdentifiedCaller(principal: caller.principal, renewed: caller.renewed)
        }
        let principal = try await authenticator.verify(
            credentials.authorization, from: client(credentials.forwardedFor)?.rateKey)
        return IdentifiedCaller(principal: principal, renewed: nil)
    }

    /// Returns the response for a caller that is not identified.
    func problem(of error: CredentialError) -> Problem {
        var problem = Problem(InvocationError.unauthenticated(error), function: nil)
        guard sessions != nil else { return problem }
        problem.detail =
            error == .missing
            ? "The request has neither a session nor an Authorization field. Sign in to the console." : error.text
        return problem
    }

    /// Returns the right-most address of X-Forwarded-For that is not a trusted proxy's. The sender at that address may
    /// have invented everything to the left of it.
    func client(_ forwardedFor: String?) -> IPAddress? {
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
