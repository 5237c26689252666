import F2SModel

/// Decides whether a request may have been sent by a stranger's web page: declaring a function runs code, so a page
/// that somebody happens to visit must not be able to do it (DNS rebinding, cross-site request forgery).
struct OriginPolicy: Sendable {
    /// What a request says about where it comes from.
    struct Claims: Sendable, Hashable {
        /// The Host header.
        var host: String?
        /// The Origin header; only browsers send one.
        var origin: String?
        /// The Sec-Fetch-Site header; only browsers send one, and no page can forge it.
        var fetchSite: String?

        /// Claims; absent headers are `nil`.
        init(host: String?, origin: String? = nil, fetchSite: String? = nil) {
            self.host = host
            self.origin = origin
            self.fetchSite = fetchSite
        }
    }

    /// Why a request is refused.
    enum Refusal: Error, Sendable, Hashable {
        /// The Host header names somebody else, or nobody.
        case foreignHost(String?)
        /// A page of another origin has sent it.
        case foreignOrigin(String)
        /// The browser says that a page of another site or origin has sent it.
        case crossSite(String)
    }

    private let listener: Authority?
    private let publicHosts: [String]

    /// A policy for a server that the public listener makes reachable at `publicAuthority` (`host:port`).
    /// - Parameter publicHosts: names that lead to it besides, in lower case, whatever the port.
    init(publicAuthority: String, publicHosts: [String] = []) {
        listener = Authority(publicAuthority)
        self.publicHosts = publicHosts
    }

    /// The reason to refuse a request; `nil`: nothing speaks against it.
    func refusal(of claims: Claims, under rule: OriginRule) -> Refusal? {
        guard rule != .anywhere else { return nil }
        guard let host = claims.host.flatMap({ Authority($0) }), isOurs(host) else { return .foreignHost(claims.host) }
        guard rule == .ownOrigin else { return nil }
        if let origin = claims.origin, !isSame(origin: origin, as: host) { return .foreignOrigin(origin) }
        if let site = claims.fetchSite?.lowercased(), site != "same-origin", site != "none" { return .crossSite(site) }
        return nil
    }

    /// Ports are not compared: a forwarded port is as good as ours, and rebinding a name cannot reach a loopback name.
    private func isOurs(_ host: Authority) -> Bool {
        if host.isLoopback || publicHosts.contains(host.host) { return true }
        guard let listener else { return false }
        // A listener on every address cannot know by which one it is reached. An address in place of a name is safe:
        // no name server was asked, so nobody can have rebound it.
        return listener.isWildcard ? host.isAddress : host.host == listener.host
    }

    /// Same origin means the same port too: another server on this machine is a stranger.
    private func isSame(origin: String, as host: Authority) -> Bool {
        for (scheme, port) in [("http://", 80), ("https://", 443)] where origin.lowercased().hasPrefix(scheme) {
            guard let authority = Authority(String(origin.dropFirst(scheme.count))) else { return false }
            return authority.host == host.host && (authority.port ?? port) == (host.port ?? port)
        }
        return false
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
        case .foreignOrigin(let origin):
            Problem(
                status: 403, title: "The Origin is not ours",
                detail: "A page of \(origin) has sent this, and only pages of F2S itself may change something.",
                stage: .auth, reason: "ForeignOrigin")
        case .crossSite(let site):
            Problem(
                status: 403, title: "The request comes from another site",
                detail: "The browser says Sec-Fetch-Site: \(site), and only pages of F2S itself may change something.",
                stage: .auth, reason: "CrossSite")
        }
    }
}
