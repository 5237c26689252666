import Testing

@testable import F2SAPIServer

@Suite struct OriginPolicyTests {
    struct Case: Sendable, CustomStringConvertible {
        var listener = "127.0.0.1:8080"
        var host: String?
        var origin: String?
        var site: String?
        var names: [String] = []
        var description: String { "\(listener) host \(host ?? "-") origin \(origin ?? "-") site \(site ?? "-")" }
    }

    private func refusal(of request: Case, _ rule: OriginRule) -> OriginPolicy.Refusal? {
        OriginPolicy(publicAuthority: request.listener, publicHosts: request.names).refusal(
            of: OriginPolicy.Claims(host: request.host, origin: request.origin, fetchSite: request.site), under: rule)
    }

    @Test(arguments: [
        Case(host: "localhost"), Case(host: "localhost:8080"), Case(host: "LOCALHOST:8080"), Case(host: "localhost."),
        Case(host: "127.0.0.1:8080"), Case(host: "127.8.9.1"), Case(host: "[::1]:8080"), Case(host: "[::1]"),
        Case(host: "f2s.localhost:8080"), Case(host: "localhost:9000"),
        Case(listener: "192.0.2.7:8080", host: "192.0.2.7:8080"),
        Case(listener: "f2s.example:80", host: "f2s.example"),
        Case(listener: "0.0.0.0:8080", host: "192.0.2.7:8080"), Case(listener: "[::]:8080", host: "[2001:db8::1]:8080"),
        Case(listener: "0.0.0.0:8080", host: "F2S.example.:8080", names: ["f2s.example"]),
        Case(host: "f2s.example", origin: "https://f2s.example", names: ["other.example", "f2s.example"]),
        Case(host: "localhost:8080", origin: "http://localhost:8080", site: "same-origin"),
        Case(host: "127.0.0.1:8080", origin: "http://127.0.0.1:8080"),
        Case(host: "[::1]:8080", origin: "http://[::1]:8080"),
        Case(host: "localhost", origin: "http://localhost:80"), Case(host: "localhost:80", origin: "HTTP://LOCALHOST"),
        Case(host: "localhost", origin: "https://localhost"), Case(host: "localhost:8080", site: "none"),
    ])
    func `our own requests pass every rule`(request: Case) {
        for rule in OriginRule.allCases { #expect(refusal(of: request, rule) == nil) }
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
    func `a foreign host is refused wherever the host counts`(request: Case) {
        #expect(refusal(of: request, .ownHost) == .foreignHost(request.host))
        #expect(refusal(of: request, .ownOrigin) == .foreignHost(request.host))
        #expect(refusal(of: request, .anywhere) == nil)
    }

    @Test(arguments: [
        "http://evil.example", "https://localhost:8080.evil.example", "null", "", "http://localhost:3000",
        "http://127.0.0.1:8080", "file://localhost:8080", "http://", "http://localhost", "https://localhost",
        "http://localhost:8080/", "http://user@localhost:8080",
    ])
    func `a foreign origin changes nothing`(origin: String) {
        let request = Case(host: "localhost:8080", origin: origin)
        #expect(refusal(of: request, .ownOrigin) == .foreignOrigin(origin))
        #expect(refusal(of: request, .ownHost) == nil)
    }

    @Test(arguments: ["cross-site", "same-site", "Cross-Site", "whatever"])
    func `what a browser calls cross-site changes nothing`(site: String) {
        let request = Case(host: "localhost:8080", site: site)
        #expect(refusal(of: request, .ownOrigin) == .crossSite(site.lowercased()))
        #expect(refusal(of: request, .ownHost) == nil)
    }
}
