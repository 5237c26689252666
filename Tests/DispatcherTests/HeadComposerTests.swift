import F2SModel
import Testing

@testable import F2SDispatcher

@Suite struct HeadComposerTests {
    static let identity = RequestIdentity(high: 0xA, low: 0xB, span: 0x10)
    static let requestID = "000000000000000a000000000000000b"

    /// Returns the lines of the head that a replica gets.
    private func composed(
        _ text: String, path: String? = nil, rest: Int = 0, address: String = "10.1.2.3"
    ) throws -> [String] {
        var scanner = HeadScanner(limits: HeadLimits(Limits()))
        let bytes = Array(text.utf8)
        let span = bytes.span
        let head = try scanner.request(span, length: bytes.count)
        let out = Buffer(capacity: 64)
        HeadComposer.request(
            span, head, fields: scanner.fields,
            to: .init(path: path.map { Array($0.utf8) }, rest: path == nil ? 0 : head.path.lower + rest),
            from: .init(client: ClientAddress(IPAddress(Array(address.utf8)))), identity: Self.identity, into: out)
        out.append("\r\n")
        let lines = out.text.split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines.suffix(2) == ["", ""])
        return lines.dropLast(2)
    }

    private let added = [
        "X-Forwarded-For: 10.1.2.3", "X-Forwarded-Proto: http", "Forwarded: for=10.1.2.3;proto=http",
        "X-Forwarded-Host: a:8",
        "X-Request-Id: \(requestID)", "traceparent: 00-\(requestID)-0000000000000011-00",
    ]

    @Test func `a head is forwarded unchanged, followed by the fields that F2S adds`() throws {
        let lines = try composed("GET /x HTTP/1.1\r\nHost: a:8\r\nAccept:  */* \r\ncookie: b\r\n\r\n")
        #expect(lines == ["GET /x HTTP/1.1", "Host: a:8", "Accept:  */* ", "cookie: b"] + added)
    }

    @Test(arguments: [
        "Connection: close", "connection: Keep-Alive", "Keep-Alive: timeout=5", "Proxy-Connection: x", "TE: gzip",
        "Upgrade: h2c", "Connection: X-Own\r\nX-Own: 1\r\nx-own: 2", "Connection: close , x-OWN\r\nX-Own: 1",
        "X-Own: 1\r\nConnection: upgrade, X-Own", "X-Forwarded-For: 6.6.6.6", "x-forwarded-proto: https",
        "X-Forwarded-Port: 1", "X-Forwarded-Prefix: /x", "X_Forwarded_For: 6.6.6.6",
        "X-FORWARDED-HOST: evil", "Forwarded: for=6.6.6.6", "Expect: 100-continue",
        "Connection: X-Request-Id\r\nX-Request-Id: 7",
        "Connection: traceparent\r\ntraceparent: 7",
    ])
    func `hop-by-hop fields and a client's forwarding claims are removed`(field: String) throws {
        let lines = try composed("GET /x HTTP/1.1\r\nHost: a:8\r\nBefore: 1\r\n\(field)\r\nAfter: 2\r\n\r\n")
        #expect(lines == ["GET /x HTTP/1.1", "Host: a:8", "Before: 1", "After: 2"] + added)
    }

    @Test(arguments: ["Host", "Content-Length", "Content-Type", "Authorization"])
    func `a Connection field cannot remove essential fields`(name: String) throws {
        let lines = try composed(
            "POST /x HTTP/1.1\r\nHost: a:8\r\nContent-Length: 1\r\nContent-Type: b\r\n"
                + "Authorization: c\r\nConnection: \(name)\r\n\r\n"
        )
        #expect(lines.contains { $0.hasPrefix(name + ":") })
    }

    @Test func `a client's own traceparent and X-Request-Id are kept`() throws {
        let own = ["X-Request-Id: mine", "traceparent: 00-1-2-01"]
        let lines = try composed("GET /x HTTP/1.1\r\nHost: a:8\r\n\(own[0])\r\n\(own[1])\r\n\r\n")
        #expect(lines == ["GET /x HTTP/1.1", "Host: a:8"] + own + added.prefix(4))
    }

    @Test func `an upgrade is requested again on the next hop`() throws {
        let lines = try composed(
            "GET /x HTTP/1.1\r\nHost: a:8\r\nUpgrade: WebSocket\r\nConnection: X, Upgrade\r\nX: 1\r\n\r\n")
        #expect(lines == ["GET /x HTTP/1.1", "Host: a:8", "Connection: Upgrade", "Upgrade: websocket"] + added)
    }

    @Test func `a request of HTTP 1 point 0 becomes one of 1 point 1 with a Host`() throws {
        let lines = try composed("GET /x HTTP/1.0\r\nA: b\r\n\r\n")
        #expect(lines == ["GET /x HTTP/1.1", "A: b", "Host: "] + added.filter { !$0.hasPrefix("X-Forwarded-Host") })
    }

    @Test func `an IPv6 client address has the format of RFC 7239`() throws {
        let lines = try composed("GET /x HTTP/1.1\r\nHost: a\r\n\r\n", address: "::1")
        #expect(lines.contains("X-Forwarded-For: ::1"))
        #expect(lines.contains("Forwarded: for=\"[::1]\";proto=http"))
    }

    @Test(arguments: [
        ("/invoke/f", "/", "/"), ("/invoke/f/", "/", "/"), ("/invoke/f/a/b", "/", "/a/b"),
        ("/invoke/f?q=1", "/", "/?q=1"),
        ("/invoke/f/?q", "/", "/?q"), ("/invoke/f", "/base", "/base"), ("/invoke/f/a", "/base", "/base/a"),
        ("/invoke/f", "/base/", "/base/"), ("/invoke/f/a", "/base/", "/base/a"), ("/invoke/f?q", "/base/", "/base/?q"),
        ("/invoke/f/../x%2F//?a=/b?c", "/", "/../x%2F//?a=/b?c"), ("http://a/invoke/f/x?y", "/b", "/b/x?y"),
    ])
    func `the rest of the path and the query are appended to the target's path`(
        target: String, path: String, wanted: String
    ) throws {
        let lines = try composed("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n", path: path, rest: "/invoke/f".utf8.count)
        #expect(lines.first == "GET \(wanted) HTTP/1.1")
    }

    @Test func `a response is forwarded as HTTP 1 point 1 without hop-by-hop fields`() throws {
        var scanner = HeadScanner(limits: HeadLimits(Limits()))
        let text =
            "HTTP/1.0 299 Fine  thing\r\nConnection: keep-alive, X\r\nKeep-Alive: 5\r\n"
            + "X: 1\r\nHost: y\r\nTE: z\r\nSet-Cookie: a\r\n\r\n"
        let bytes = Array(text.utf8)
        let head = try scanner.response(bytes.span, length: bytes.count)
        let out = Buffer(capacity: 64)
        HeadComposer.response(bytes.span, head, fields: scanner.fields, into: out)
        #expect(out.text == "HTTP/1.1 299 Fine  thing\r\nHost: y\r\nTE: z\r\nSet-Cookie: a\r\n")
    }

    @Test(arguments: [
        (0, "0.000"), (7, "0.007"), (45, "0.045"), (999, "0.999"), (1000, "1.000"), (1_234_567, "1234.567"),
    ])
    func `Server-Timing is in milliseconds with three decimal places`(microseconds: UInt64, text: String) {
        let out = Buffer(capacity: 64)
        HeadComposer.serverTiming(queue: microseconds, start: 0, function: 1, into: out)
        #expect(out.text == "Server-Timing: queue;dur=\(text), start;dur=0.000, function;dur=0.001\r\n")
    }

    @Test func `request identities are unique and have the format of W3C Trace Context`() {
        var generator = IdentityGenerator(seed: 1)
        var seen: Set<String> = []
        for _ in 0..<1000 {
            let out = Buffer(capacity: 64)
            generator.next().writeTraceparent(into: out)
            let parts = out.text.split(separator: "-")
            #expect(parts.map(\.count) == [2, 32, 16, 2])
            seen.insert(String(parts[1]))
        }
        #expect(seen.count == 1000)
    }
}
