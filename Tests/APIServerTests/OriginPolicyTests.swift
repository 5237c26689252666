import Testing

@testable import F2SAPIServer

@Suite struct OriginPolicyTests {
    struct Case: Sendable, CustomStringConvertible {
        var listener = "127.0.0.1:8080"
        var host: String?
        var origin: String?
        var site: String?
        var isNavigation = false
        var names: [String] = []
        var description: String { "\(listener) host \(host ?? "-") origin \(origin ?? "-") site \(site ?? "-")" }
    }

    private func rejection(of request: Case, _ rule: OriginRule) -> OriginPolicy.Rejection? {
        OriginPolicy(
            authorities: ["192.0.2.99:1", request.listener], publicHosts: request.names, pages: .none
        ).rejection(
            of: OriginPolicy.Claims(
                host: request.host, origin: request.origin, fetchSite: request.site,
                isNavigation: request.isNavigation),
            under: rule)
    }

    @Test(arguments: [
        Case(host: "localhost"), Case(host: "localhost:8080"), Case(host: "LOCALHOST:8080"), Case(host: "localhost."),
        Case(host: "127.0.0.1:8080"), Case(host: "127.8.9.1"), Case(host: "[::1]:8080"), Case(host: "[::1]"),
        Case(host: "f2s.localhost:8080"), Case(host: "localhost:9000"),
        Case(listener: "192.0.2.7:8080", host: "192.0.2.7:8080"),
        Case(listener: "f2s.example:80", host: "f2s.example"),
        Case(listener: "0.0.0.0:8080", host: "192.0.2.7:8080"), Case(listener: "[::]:8080", host: "[2001:db8::1]:8080"),
        Case(listener: "0.0.0.0:8080", host: "F2S.example.:8080", names: ["f2s.example"]),
        Case(host: "f2s.example", names: ["other.example", "f2s.example"]), Case(host: "192.0.2.99:8083"),
        Case(host: "localhost:8080", site: "none"), Case(host: "localhost:8080", site: "none", isNavigation: true),
    ])
    func `requests to a host of F2S pass every rule`(request: Case) {
        for rule in OriginRule.allCases { #expect(rejection(of: request, rule) == nil) }
    }

    @Test(arguments: [
        Case(host: nil), Case(host: ""), Case(host: "evil.example"), Case(host: "evil.example:8080"),
        Case(host: "localhost.evil.example"), Case(host: "127.0.0.1.evil.example"), Case(host: "notlocalhost"),
        Case(host: "127.evil.example"), Case(host: "192.0.2.7:8080"), Case(host: "127.0.0.256"), Case(host: "127.1"),
        Case(host: "localhost:0"), Case(host: "localhost:http"), Case(host: "localhost:8080:1"),
        Case(host: "localhost:"),
        Case(host: "user@localhost"), Case(host: "[::1]evil"), Case(host: "[::1"), Case(host: "local host"),
        Case(host: "[localhost]:8080"),
        Case(listener: "0.0.0.0:8080", host: "evil.example"), Case(listener: "192.0.2.7:8080", host: "192.0.2.8:8080"),
        Case(listener: "", host: "evil.example"),
        Case(listener: "0.0.0.0:8080", host: "evil.f2s.example", names: ["f2s.example"]),
        Case(listener: "0.0.0.0:8080", host: "f2s.example.evil", names: ["f2s.example"]),
    ])
    func `a foreign host is rejected wherever the host counts`(request: Case) {
        #expect(rejection(of: request, .ownHost) == .foreignHost(request.host))
        #expect(rejection(of: request, .noPage) == .foreignHost(request.host))
        #expect(rejection(of: request, .anywhere) == nil)
    }

    @Test(arguments: [
        "http://evil.example", "null", "", "http://localhost:3000", "file://localhost:8080", "http://localhost:8080",
    ])
    func `no page may use the management API, not even one of the same origin`(origin: String) {
        for isNavigation in [false, true] {
            let request = Case(host: "localhost:8080", origin: origin, isNavigation: isNavigation)
            for rule in [OriginRule.ownHost, .entry, .noPage] {
                #expect(rejection(of: request, rule) == .page(origin: origin))
            }
            #expect(rejection(of: request, .anywhere) == nil)
        }
    }

    @Test(arguments: ["cross-site", "same-site", "same-origin", "Cross-Site", "whatever", ""])
    func `a request that a page has sent according to the browser reads and changes nothing`(site: String) {
        let request = Case(host: "localhost:8080", site: site)
        for rule in [OriginRule.ownHost, .entry, .noPage] {
            #expect(rejection(of: request, rule) == .pageOf(site: site.lowercased()))
        }
    }

    @Test(arguments: ["cross-site", "same-origin"])
    func `a link may lead a user to a route that only shows something`(site: String) {
        let request = Case(host: "localhost:8080", site: site, isNavigation: true)
        #expect(rejection(of: request, .ownHost) == nil)
        #expect(rejection(of: request, .noPage) == .pageOf(site: site))
    }
}
