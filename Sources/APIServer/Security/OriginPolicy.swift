import F2SModel

/// Decides if a request may come from a web page. Declaring a function runs code, so a web page that a user happens to
/// visit must not be able to do it (DNS rebinding, cross-site request forgery).
struct OriginPolicy: Sendable {
    /// The pages that may send requests to a listener.
    enum Pages: Sendable, Hashable {
        /// No page. A page of the listener's own origin is no better than any other page, because every function can
        /// serve one below `/invoke`.
        case none
        /// The pages of the listener's own origin, which serves no function: the console.
        case sameOrigin
    }

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
        /// True if the browser uses https. The policy of the console compares it with the Origin.
        var isSecure: Bool
        /// True if the request has an Authorization field, or the proof of a session. A page of another origin can send
        /// neither, because F2S never permits it (CORS).
        var hasCredentials: Bool

        /// Creates the claims of a request. Absent headers are `nil`.
        init(
            host: String?, origin: String? = nil, fetchSite: String? = nil, isNavigation: Bool = false,
            isSecure: Bool = false, hasCredentials: Bool = false
        ) {
            self.host = host
            self.origin = origin
            self.fetchSite = fetchSite
            self.isNavigation = isNavigation
            self.isSecure = isSecure
            self.hasCredentials = hasCredentials
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
        /// The request changes something, and does not say that a page of the console has sent it.
        case withoutOrigin
    }

    private let listeners: [Authority]
    private let publicHosts: [String]
    private let pages: Pages

    /// Creates a policy for a server whose listeners are at `authorities` (`host:port`).
    /// - Parameter publicHosts: Further host names of the server, in lower case, with any port.
    init(authorities: [String], publicHosts: [String], pages: Pages) {
        listeners = authorities.compactMap { Authority($0) }
        self.publicHosts = publicHosts
        self.pages = pages
    }

    /// Returns the reason to reject a request; `nil` to accept it.
    func rejection(of claims: Claims, under rule: OriginRule) -> Rejection? {
        guard rule != .anywhere else { return nil }
        guard let host = claims.host.flatMap({ Authority($0) }), isOurs(host) else { return .foreignHost(claims.host) }
        switch pages {
        case .none: return rejectionOfPage(claims, rule)
        case .sameOrigin: return rejectionOfOtherPage(claims, rule, host)
        }
    }

    private func rejectionOfPage(_ claims: Claims, _ rule: OriginRule) -> Rejection? {
        if let origin = claims.origin { return .page(origin: origin) }
        guard let site = claims.fetchSite?.lowercased(), site != "none" else { return nil }
        return rule != .noPage && claims.isNavigation ? nil : .pageOf(site: site)
    }

    private func rejectionOfOtherPage(_ claims: Claims, _ rule: OriginRule, _ host: Authority) -> Rejection? {
        if let origin = claims.origin {
            let scheme = claims.isSecure ? "https://" : "http://"
            guard origin.hasPrefix(scheme), let sender = Authority(String(origin.dropFirst(scheme.count))),
                sender.isSame(as: host, defaultPort: claims.isSecure ? 443 : 80)
            else { return .page(origin: origin) }
        }
        if let site = claims.fetchSite?.lowercased() {
            guard ["same-origin", "none"].contains(site) || rule == .entry && claims.isNavigation else {
                return .pageOf(site: site)
            }
        } else if rule == .noPage, claims.origin == nil, !claims.hasCredentials {
            return .withoutOrigin
        }
        return nil
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
    /// Returns the response, which contains the remedy for a legitimate client.
    /// - Parameters:
    ///   - pages: The pages that may send requests to the listener.
    ///   - console: The URL of the console; `nil` if there is none.
    func problem(pages: OriginPolicy.Pages, console: String?) -> Problem {
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
                detail: "It has Origin: \(origin). \(Self.advice(pages, console))", stage: .auth, reason: "FromPage")
        case .pageOf(let site):
            Problem(
                status: 403, title: "A web page has sent the request",
                detail: "The browser sent Sec-Fetch-Site: \(site). \(Self.advice(pages, console))", stage: .auth,
                reason: "FromPage")
        case .withoutOrigin:
            Problem(
                status: 403, title: "The request does not come from the console",
                detail:
                    "It has neither Origin nor Sec-Fetch-Site. A program must send an Authorization field here, or use "
                    + "the address of --listen or --management.",
                stage: .auth, reason: "WithoutOrigin")
        }
    }

    private static func advice(_ pages: OriginPolicy.Pages, _ console: String?) -> String {
        switch pages {
        case .none:
            "Functions serve pages of this origin, so no page may use the management API here. Use "
                + (console.map { "the console at \($0), or " } ?? "") + "f2s, curl or kubectl."
        case .sameOrigin:
            "Only pages of the console itself may use its API. A proxy in front of it must be in f2s.trusted_proxies, "
                + "pass Host on unchanged, and send X-Forwarded-Proto."
        }
    }
}
