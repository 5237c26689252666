import Testing

@testable import F2SAPIServer

/// The origins from which the console accepts requests.
@Suite struct ConsoleOriginPolicyTests {
    private func rejection(_ claims: OriginPolicy.Claims, _ rule: OriginRule) -> OriginPolicy.Rejection? {
        OriginPolicy(authorities: ["127.0.0.1:8090"], publicHosts: ["f2s.example"], pages: .sameOrigin)
            .rejection(of: claims, under: rule)
    }

    @Test(arguments: [
        ("localhost:8090", "http://localhost:8090", false), ("127.0.0.1:8090", "http://127.0.0.1:8090", false),
        ("[::1]:8090", "http://[::1]:8090", false), ("localhost", "http://localhost", false),
        ("localhost:80", "http://localhost", false), ("f2s.example", "https://f2s.example", true),
        ("f2s.example:443", "https://f2s.example", true), ("F2S.example", "https://f2s.example:443", true),
    ])
    func `a page of the console's own origin may send everything`(host: String, origin: String, isSecure: Bool) {
        for site in [nil, "same-origin"] {
            let claims = OriginPolicy.Claims(host: host, origin: origin, fetchSite: site, isSecure: isSecure)
            for rule in OriginRule.allCases { #expect(rejection(claims, rule) == nil) }
        }
    }

    @Test(arguments: [
        ("localhost:8090", "http://localhost:8080", false), ("localhost:8090", "http://localhost", false),
        ("localhost:8090", "https://localhost:8090", false), ("localhost:8090", "http://localhost:8090", true),
        ("localhost:8090", "http://127.0.0.1:8090", false), ("localhost:8090", "http://evil.example:8090", false),
        ("localhost:8090", "null", false), ("localhost:8090", "", false), ("localhost:8090", "http://", false),
        ("localhost:8090", "http://localhost:8090/", false), ("localhost:8090", "localhost:8090", false),
        ("localhost:8090", "http://localhost:8090, http://localhost:8090", false),
        ("localhost:8090", "http://a@localhost:8090", false), ("localhost:8090", "file://localhost:8090", false),
        ("f2s.example", "http://f2s.example", true), ("f2s.example", "https://f2s.example", false),
        ("f2s.example", "https://f2s.example:8443", true), ("[::1]:8090", "http://[::]:8090", false),
    ])
    func `a page of another origin may send nothing`(host: String, origin: String, isSecure: Bool) {
        for site in [nil, "none", "same-origin", "same-site", "cross-site"] {
            for (isNavigation, hasCredentials) in [(false, false), (true, false), (false, true), (true, true)] {
                let claims = OriginPolicy.Claims(
                    host: host, origin: origin, fetchSite: site, isNavigation: isNavigation, isSecure: isSecure,
                    hasCredentials: hasCredentials)
                for rule in OriginRule.allCases where rule != .anywhere {
                    #expect(rejection(claims, rule) == .page(origin: origin))
                }
            }
        }
    }

    @Test(arguments: ["same-site", "cross-site", "Cross-Site", "whatever", ""])
    func `another site may only navigate, and only to the routes where a user enters`(site: String) {
        for hasCredentials in [false, true] {
            for rule in [OriginRule.ownHost, .entry, .noPage] {
                for isNavigation in [false, true] {
                    let claims = OriginPolicy.Claims(
                        host: "localhost:8090", fetchSite: site, isNavigation: isNavigation,
                        hasCredentials: hasCredentials)
                    let isAccepted = rule == .entry && isNavigation
                    #expect(rejection(claims, rule) == (isAccepted ? nil : .pageOf(site: site.lowercased())))
                }
            }
        }
    }

    @Test func `a request that does not name its origin changes something only with credentials`() {
        for rule in OriginRule.allCases {
            for hasCredentials in [false, true] {
                let claims = OriginPolicy.Claims(host: "localhost:8090", hasCredentials: hasCredentials)
                let isAccepted = rule != .noPage || hasCredentials
                #expect(rejection(claims, rule) == (isAccepted ? nil : .withoutOrigin))
            }
        }
    }

    @Test(arguments: [nil, "evil.example:8090", "192.0.2.7:8090", "f2s.example.evil"])
    func `a foreign host is rejected, even with an Origin of the same name`(host: String?) {
        for rule in [OriginRule.ownHost, .entry, .noPage] {
            let claims = OriginPolicy.Claims(host: host, origin: host.map { "http://\($0)" }, hasCredentials: true)
            #expect(rejection(claims, rule) == .foreignHost(host))
        }
    }

    @Test(arguments: [
        ("0.0.0.0:8090", "f2s.example:8080", "f2s.example:8090"), ("[::]:8090", "[2001:db8::1]", "[2001:db8::1]:8090"),
        ("0.0.0.0:8090", nil, "0.0.0.0:8090"), ("0.0.0.0:8090", "a b", "0.0.0.0:8090"),
        ("127.0.0.1:8090", "f2s.example:8080", "127.0.0.1:8090"),
        ("127.0.0.1:8090", "localhost:8080", "localhost:8090"), ("[::1]:8090", "f2s.localhost", "f2s.localhost:8090"),
        ("127.0.0.1:8090", "[::1]:8080", "127.0.0.1:8090"), ("127.0.0.1:8090", "127.0.0.2:8080", "127.0.0.1:8090"),
        ("192.0.2.7:8090", "localhost:8080", "192.0.2.7:8090"),
    ])
    func `a listener on every or on a loopback address has the host by which the client reaches another listener`(
        listener: String, requested: String?, address: String
    ) {
        #expect(Authority.address(of: listener, for: requested) == address)
    }
}
