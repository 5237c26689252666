import F2SModel

/// Decides whether a request may have been sent by a web page: declaring a function runs code, so a page that somebody
/// happens to visit must not be able to do it (DNS rebinding, cross-site request forgery). A page of our own origin is
/// no better than a stranger's, because every function can serve one below `/invoke`.
struct OriginPolicy: Sendable {
    /// What a request says about where it comes from.
    struct Claims: Sendable, Hashable {
        /// The Host header.
        var host: String?
        /// The Origin header; only browsers send one.
        var origin: String?
        /// The Sec-Fetch-Site header; only browsers send one, and no page can forge it.
        var fetchSite: String?
        /// Whether the answer becomes a page of its own (Sec-Fetch-Mode `navigate`, Sec-Fetch-Dest `document`), which
        /// the page that led there cannot read: the answer's policy gives it another origin.
        var isNavigation: Bool

        /// Claims; absent headers are `nil`.
        init(host: String?, origin: String? = nil, fetchSite: String? = nil, isNavigation: Bool = false) {
            self.host = host
            self.origin = origin
            self.fetchSite = fetchSite
            self.isNavigation = isNavigation
        }
    }

    /// Why a request is refused.
    enum Refusal: Error, Sendable, Hashable {
        /// The Host header names somebody else, or nobody.
        case foreignHost(String?)
        /// A page of this origin has sent it.
        case page(origin: String)
        /// The browser says that a page has sent it.
        case pageOf(site: String)
    }

    private let listeners: [Authority]
    private let publicHosts: [String]

    /// A policy for a server that listeners make reachable at `authorities` (`host:port`).
    /// - Parameter publicHosts: names that lead to it besides, in lower case, whatever the port.
    init(authorities: [String], publicHosts: [String] = []) {
        listeners = authorities.compactMap { Authority($0) }
        self.publicHosts = publicHosts
    }

    /// The reason to refuse a request; `nil`: nothing speaks against it.
    func refusal(of claims: Claims, under rule: OriginRule) -> Refusal? {
        guard rule != .anywhere else { return nil }
        guard let host = claims.host.flatMap({ Authority($0) }), isOurs(host) else { return .foreignHost(claims.host) }
        if let origin = claims.origin { return .page(origin: origin) }
        guard let site = claims.fetchSite?.lowercased(), site != "none" else { return nil }
        return rule == .ownHost && claims.isNavigation ? nil : .pageOf(site: site)
    }

    /// Ports are not compared: a forwarded port is as good as ours, and rebinding a name cannot reach a loopback name.
    private func isOurs(_ host: Authority) -> Bool {
        if host.isLoopback || publicHosts.contains(host.host) { return true }
        // A listener on every address cannot know by which one it is reached. An address in place of a name is safe:
        // no name server was asked, so nobody can have rebound it.
        return listeners.contains { $0.isWildcard ? host.isAddress : host.host == $0.host }
    }
}

extension OriginPolicy.Refusal {
    /// The answer, which says what a rightful sender has to do.
    var problem: Problem {
        switch self {
        case .foreignHost(let host):
            Problem(
                status: 403, title: "The Host is not ours",
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
                detail: "The browser says Sec-Fetch-Site: \(site). \(Self.advice)", stage: .auth, reason: "FromPage")
        }
    }

    private static let advice =
        "Functions serve pages of this origin, so no page may use the management API here. Use f2s, curl or kubectl."
}
