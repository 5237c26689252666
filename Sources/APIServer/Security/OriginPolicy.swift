import F2SModel

/// Decides if a request may come from a web page. Declaring a function runs code, so a web page that a user happens to
/// visit must not be able to do it (DNS rebinding, cross-site request forgery). A page of F2S's own origin is no better
/// than any other page, because every function can serve one below `/invoke`.
struct OriginPolicy: Sendable {
    /// The headers that describe the origin of a request.
    struct Claims: Sendable, Hashable {
        /// The Host header.
        var host: String?
        /// The Origin header; only browsers send one.
        var origin: String?
        /// The Sec-Fetch-Site header; only browsers send one, and no page can forge it.
        var fetchSite: String?
        /// True if the response becomes a page of its own (Sec-Fetch-Mode `navigate`, Sec-Fetch-Dest `document`). The
        /// page with the link cannot read it, because the policy of the response gives it another origin.
        var isNavigation: Bool

        /// Creates the claims of a request. Absent headers are `nil`.
        init(host: String?, origin: String? = nil, fetchSite: String? = nil, isNavigation: Bool = false) {
            self.host = host
            self.origin = origin
            self.fetchSite = fetchSite
            self.isNavigation = isNavigation
        }
    }

    /// The reason to reject a request.
    enum Rejection: Error, Sendable, Hashable {
        /// The Host header is absent or does not belong to F2S.
        case foreignHost(String?)
        /// A page of this origin has sent the request.
        case page(origin: String)
        /// The browser reports that a page has sent the request.
        case pageOf(site: String)
    }

    private let listeners: [Authority]
    private let publicHosts: [String]

    /// Creates a policy for a server whose listeners are at `authorities` (`host:port`).
    /// - Parameter publicHosts: Further host names of the server, in lower case, with any port.
    init(authorities: [String], publicHosts: [String] = []) {
        listeners = authorities.compactMap { Authority($0) }
        self.publicHosts = publicHosts
    }

    /// Returns the reason to reject a request; `nil` to accept it.
    func rejection(of claims: Claims, under rule: OriginRule) -> Rejection? {
        guard rule != .anywhere else { return nil }
        guard let host = claims.host.flatMap({ Authority($0) }), isOurs(host) else { return .foreignHost(claims.host) }
        if let origin = claims.origin { return .page(origin: origin) }
        guard let site = claims.fetchSite?.lowercased(), site != "none" else { return nil }
        return rule == .ownHost && claims.isNavigation ? nil : .pageOf(site: site)
    }

    /// Returns true if the host belongs to F2S. Ports are not compared: a forwarded port is as good as the original
    /// one, and rebinding a name cannot affect a loopback name.
    private func isOurs(_ host: Authority) -> Bool {
        if host.isLoopback || publicHosts.contains(host.host) { return true }
        // A listener on every address cannot know the address by which a client reaches it. An address instead of a
        // name is safe: no name server was asked, so the name cannot have been rebound.
        return listeners.contains { $0.isWildcard ? host.isAddress : host.host == $0.host }
    }
}

extension OriginPolicy.Rejection {
    /// The response, which contains the remedy for a legitimate client.
    var problem: Problem {
        switch self {
        case .foreignHost(let host):
            Problem(
                status: 403, title: "The Host does not belong to F2S",
                detail:
                    "The request names \(host ?? "no host"). Use the address that F2S listens on, or localhost, or add "
                    + "the name to f2s.public_hosts.",
                stage: .auth, reason: "ForeignHost")
        case .page(let origin):
            Problem(
                status: 403, title: "A web page has sent the request",
                detail: "It has Origin: \(origin). \(Self.advice)", stage: .auth, reason: "FromPage")
        case .pageOf(let site):
            Problem(
                status: 403, title: "A web page has sent the request",
                detail: "The browser sent Sec-Fetch-Site: \(site). \(Self.advice)", stage: .auth, reason: "FromPage")
        }
    }

    private static let advice =
        "Functions serve pages of this origin, so no page may use the management API here. Use f2s, curl or kubectl."
}
