import F2SModel
import NIOCore
import Testing

@testable import F2SDispatcher

@Suite struct HeadScannerTests {
    /// Parses a text as the head of a request.
    private func request(_ text: String, limits: Limits = Limits()) -> Result<RequestHead, HeadError> {
        var scanner = HeadScanner(limits: HeadLimits(limits))
        let bytes = ByteBuffer(string: text)
        do throws(HeadError) {
            return .success(try scanner.request(bytes.readableBytesUInt8Span, length: bytes.readableBytes))
        } catch {
            return .failure(error)
        }
    }

    private func response(_ text: String, limits: Limits = Limits()) -> Result<ResponseHead, HeadError> {
        var scanner = HeadScanner(limits: HeadLimits(limits))
        let bytes = ByteBuffer(string: text)
        do throws(HeadError) {
            return .success(try scanner.response(bytes.readableBytesUInt8Span, length: bytes.readableBytes))
        } catch {
            return .failure(error)
        }
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", Function.Method.get, "/", "/", Framing.none),
        ("GET /a/b?c=/d?e HTTP/1.1\r\nHost: a:80\r\n\r\n", .get, "/a/b?c=/d?e", "/a/b", .none),
        ("HEAD /a HTTP/1.0\r\n\r\n", .head, "/a", "/a", .none),
        ("GET http://A.b/c?d HTTP/1.1\r\nhost: a.B\r\n\r\n", .get, "/c?d", "/c", .none),
        ("OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n", .options, "*", "*", .none),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 17\r\n\r\n", .post, "/", "/", .length(17)),
        ("POST / HTTP/1.1\r\nHost: a\r\ncontent-length:\t 0 \r\n\r\n", .post, "/", "/", .none),
        ("PUT / HTTP/1.1\r\nHost: a\r\nTRANSFER-ENCODING: Chunked\r\n\r\n", .put, "/", "/", .chunked),
        ("DELETE / HTTP/1.1\r\nHost: a\r\nX: \u{e4}\r\nEmpty:\r\n\r\n", .delete, "/", "/", .none),
        (
            "PATCH / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999999999\r\n\r\n", .patch, "/", "/",
            .length(999_999_999_999_999_999)
        ),
        ("TRACE /%2e HTTP/1.1\r\nHost: [::1]:8\r\n\r\n", .trace, "/%2e", "/%2e", .none),
    ])
    func `a valid request is parsed`(
        text: String, method: Function.Method, target: String, path: String, framing: Framing
    ) throws {
        let head = try request(text).get()
        let span = ByteBuffer(string: text)
        #expect(head.method == method)
        #expect(span.readableBytesUInt8Span.text(head.target) == target)
        #expect(span.readableBytesUInt8Span.text(head.path) == path)
        #expect(head.framing == framing)
    }

    @Test func `an unknown method is accepted`() throws {
        #expect(try request("A / HTTP/1.1\r\nHost: a\r\n\r\n").get().method == nil)
        #expect(try request("get / HTTP/1.1\r\nHost: a\r\n\r\n").get().method == nil)
        #expect(try request("M-SEARCH / HTTP/1.1\r\nHost: a\r\n\r\n").get().method == nil)
    }

    @Test(arguments: [
        // The request line.
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
        "GET / http/1.1\r\nHost: a\r\n\r\n", "GET /\r\n\r\n", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\u{1} HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\u{7f} HTTP/1.1\r\nHost: a\r\n\r\n", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n",
        "GET x HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: a\r\n\r\n", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n",
        "GET http://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n", "GET https://a/ HTTP/1.1\r\nHost: a:80\r\n\r\n",
        "GET http://a/ HTTP/1.0\r\n\r\n", "GET http:///x HTTP/1.1\r\nHost:\r\n\r\n",
        // Host.
        "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
        // Fields.
        "GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n X: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\tz\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: y\nZ: y\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: y\rz\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: \u{0}\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: \u{b}\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX\u{e4}: y\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX[]: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: y\n\n", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\n",
        // Framing.
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1.0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000000000\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        // Others.
        "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: x\r\nAuthorization: y\r\n\r\n",
    ])
    func `a malformed or ambiguous request is rejected`(text: String) throws {
        let error = #expect(throws: HeadError.self) { try self.request(text).get() }
        if case .malformed = error { return }
        Issue.record("\(String(describing: error)) for \(text.debugDescription)")
    }

    @Test func `a target and a number of fields at the limit are accepted, and one more is rejected`() throws {
        var limits = Limits()
        limits.targetBytesMax = 10
        limits.fieldsMax = 3
        let fits = "GET /123456789 HTTP/1.1\r\nHost: a\r\nB: b\r\nC: c\r\n\r\n"
        #expect(throws: Never.self) { try request(fits, limits: limits).get() }
        let long = fits.replacing("/12", with: "/012")
        #expect(throws: HeadError.tooLarge(.target(bytesMax: 10))) { try self.request(long, limits: limits).get() }
        let many = fits.replacing("B:", with: "A: a\r\nB:")
        #expect(throws: HeadError.tooLarge(.fields(countMax: 3))) { try self.request(many, limits: limits).get() }
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", true),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", false),
        ("GET / HTTP/1.0\r\nHost: a\r\n\r\n", false), ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: a\r\nConnection: close\r\n\r\n", false),
    ])
    func `a request persists its connection by its version and Connection field`(text: String, goesOn: Bool) throws {
        #expect(try request(text).get().isPersistent == goesOn)
    }

    @Test func `an upgrade needs both fields, HTTP 1 point 1 and no content`() throws {
        let both = "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n"
        let named = try #require(request(both).get().upgrade)
        #expect(Array(both.utf8)[named.lower..<named.upper] == Array("websocket".utf8)[...])
        for (part, other) in [
            ("Connection: keep-alive, Upgrade\r\n", ""), ("Upgrade: websocket\r\n", ""), ("HTTP/1.1", "HTTP/1.0"),
            ("websocket", "h2c"), ("Host: a\r\n", "Host: a\r\nContent-Length: 1\r\n"),
            ("Host: a\r\n", "Host: a\r\nTransfer-Encoding: chunked\r\n"),
        ] { #expect(try request(both.replacing(part, with: other)).get().upgrade == nil) }
        #expect(
            try request(both.replacing("Host: a\r\n", with: "Host: a\r\nContent-Length: 0\r\n")).get().upgrade != nil)
    }

    @Test func `a Connection field with too many names is rejected`() {
        let names = String(repeating: "x,", count: 15_000)
        #expect(throws: HeadError.self) {
            try self.request("GET / HTTP/1.1\r\nHost: a\r\nConnection: \(names)\r\n\r\n").get()
        }
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", 200, Framing.length(3), true),
        ("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, .none, true),
        ("HTTP/1.1 200 \r\n\r\n", 200, .untilClose, true),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, .none, true),
        ("HTTP/1.1 304 \u{e4}\r\nContent-Length: 9\r\n\r\n", 304, .none, true),
        ("HTTP/1.1 100 Continue\r\n\r\n", 100, .none, true),
        ("HTTP/1.1 500 x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n", 500, .chunked, false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", 200, .length(3), false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: Keep-Alive\r\n\r\n", 200, .length(3), true),
        ("HTTP/1.1 999 x\r\n\r\n", 999, .untilClose, true),
    ])
    func `a valid response is parsed`(text: String, status: Int, framing: Framing, goesOn: Bool) throws {
        let head = try response(text).get()
        #expect(head.status == status)
        #expect(head.framing(isAnswerToHead: false) == framing)
        #expect(head.framing(isAnswerToHead: true) == .none)
        #expect(head.isPersistent == goesOn)
    }

    @Test(arguments: [
        "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/1.1 200 O\u{1}K\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.2 200 OK\r\n\r\n", "ICY 200 OK\r\n\r\n\r\n",
        "HTTP/1.1 200 OK\n\n\n\n", "HTTP/1.1 abc OK\r\n\r\n", "<html>garbage</html>\r\n\r\n", "HTTP/1.1 200OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX : y\r\n\r\n", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ])
    func `a malformed or ambiguous response is rejected`(text: String) {
        #expect(throws: HeadError.self) { try self.response(text).get() }
    }
}
