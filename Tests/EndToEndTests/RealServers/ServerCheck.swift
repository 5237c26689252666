import ProcessSupport
import Testing

/// A check of a real server.
enum ServerCheck: String, CaseIterable, Sendable {
    case cold, post, upload, chunkedUpload, expect, download, head, statuses, cookies, turns, abort, webSocket, upgrade

    /// A response that differs from the server's response without F2S.
    struct Wrong: Error, CustomStringConvertible {
        let description: String
    }

    private static let bytesMax = 20 << 20
    private static let digest = "b9dc45e76c3e084bb92d9af5a383533a"

    func run(_ server: RealServer, _ f2s: F2SServer) throws {
        let exchange = ServerExchange(server: server, f2s: f2s)
        switch self {
        case .cold: try exchange.expectHello()
        case .post: try exchange.expectEcho(of: "abc", "900150983cd24fb0d6963f7d28e17f72")
        case .upload: try upload(exchange, isChunked: false)
        case .chunkedUpload: try upload(exchange, isChunked: true)
        case .expect: try expectContinue(exchange)
        case .download: try download(exchange)
        case .head: try head(exchange)
        case .statuses: try statuses(exchange)
        case .cookies: try cookies(exchange)
        case .turns: try turns(exchange)
        case .abort: try abort(exchange)
        case .webSocket: try webSocket(exchange)
        case .upgrade: try upgrade(exchange)
        }
    }

    private func upload(_ exchange: ServerExchange, isChunked: Bool) throws {
        let connection = try exchange.connect()
        let framing = isChunked ? ("Transfer-Encoding", "chunked") : ("Content-Length", "\(Self.bytesMax)")
        try connection.send("POST", exchange.target("/echo"), [framing])
        let part = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 16)
        for _ in 0..<(Self.bytesMax / part.count) {
            try connection.send(isChunked ? Array("10000\r\n".utf8) + part + Array("\r\n".utf8) : part)
        }
        if isChunked { try connection.send("0\r\n\r\n") }
        try exchange.expectEcho(connection.answer(to: "POST"), count: Self.bytesMax, Self.digest)
    }

    private func expectContinue(_ exchange: ServerExchange) throws {
        let connection = try exchange.connect()
        try connection.send(
            "POST", exchange.target("/echo"), [("Expect", "100-continue"), ("Content-Length", "3")])
        let first = try connection.head()
        guard first.status == 100 else { throw Wrong(description: "\(first.status) instead of 100") }
        try connection.send("abc")
        try exchange.expectEcho(connection.answer(to: "POST"), count: 3, "900150983cd24fb0d6963f7d28e17f72")
    }

    private func download(_ exchange: ServerExchange) throws {
        let answer = try exchange.exchange("GET", "/download")
        guard answer.status == 200, answer.body.count == Self.bytesMax,
            answer.body.allSatisfy({ $0 == UInt8(ascii: "x") })
        else { throw Wrong(description: "\(answer.status) with \(answer.body.count) bytes") }
    }

    /// Sends HEAD twice on one connection. Bytes after the first response would be read as the second response.
    private func head(_ exchange: ServerExchange) throws {
        let connection = try exchange.connect()
        for _ in 0..<2 {
            let answer = try connection.exchange("HEAD", exchange.target("/"))
            guard answer.status == 200, answer["connection"]?.lowercased() != "close" else {
                throw Wrong(description: "\(answer.status), Connection \(answer["connection"] ?? "")")
            }
        }
    }

    private func statuses(_ exchange: ServerExchange) throws {
        for status in [201, 204, 302, 304, 400, 404, 409, 418, 500, 503] {
            let answer = try exchange.exchange("GET", "/status/\(status)")
            guard answer.status == status else { throw Wrong(description: "\(answer.status) instead of \(status)") }
            let isEmpty = [204, 304].contains(status)
            // The text is not checked, because some servers use their own.
            guard answer.body.isEmpty == isEmpty else { throw Wrong(description: "\(status) with \(answer.text)") }
        }
    }

    private func cookies(_ exchange: ServerExchange) throws {
        let cookies = try exchange.exchange("GET", "/cookies")["set-cookie"] ?? ""
        guard cookies.contains("a=1"), cookies.contains(", b=2") else { throw Wrong(description: cookies) }
    }

    /// Sends sequential requests, each on a new connection and so on the next event loop.
    private func turns(_ exchange: ServerExchange) throws {
        var times: [Int64] = []
        for _ in 0..<20 {
            let begun = monotonicNanoseconds()
            try exchange.expectHello()
            times.append(monotonicNanoseconds() - begun)
            // A request takes up to 60 ms, or seconds if the server waits on another connection of F2S.
            guard times.last ?? 0 < 1_000_000_000 else {
                throw Wrong(description: "call \(times.count) took \((times.last ?? 0).milliseconds)")
            }
        }
        report(
            3, "\(exchange.server.name): 20 calls in turn, median \(times.median.milliseconds),",
            "slowest \((times.max() ?? 0).milliseconds)")
    }

    /// Disconnects in the middle of a body and of a response. The next request must succeed.
    private func abort(_ exchange: ServerExchange) throws {
        for _ in 0..<3 {
            do {
                let sending = try exchange.connect()
                try sending.send("POST", exchange.target("/echo"), [("Content-Length", "\(Self.bytesMax)")])
                try sending.send([UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20))
                let reading = try exchange.connect()
                try reading.send("GET", exchange.target("/download"))
                // A server with one connection at a time may be busy with the request above.
                if exchange.server.concurrency == nil { _ = try reading.head() }
            }
            try exchange.expectHello()
        }
    }

    private func webSocket(_ exchange: ServerExchange) throws {
        let connection = try exchange.connect()
        try connection.send(
            "GET", exchange.target("/ws"),
            [
                ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ])
        let answer = try connection.head()
        guard answer.status == 101, answer["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" else {
            throw Wrong(description: "\(answer.status) to a WebSocket")
        }
        for text in ["one", String(repeating: "x", count: 40_000)] {
            try connection.send(WebSocketFrame.masked(text))
            let echo = try WebSocketFrame.text(from: connection)
            guard echo == text else { throw Wrong(description: "\(echo.count) characters instead of \(text.count)") }
        }
    }

    /// Sends the h2c upgrade that Java's HttpClient sends by default. The body has the form of a request, and must
    /// arrive as a body.
    private func upgrade(_ exchange: ServerExchange) throws {
        for _ in 0..<2 {
            let connection = try exchange.connect()
            let body = "GET /status/418 HTTP/1.1\r\nHost: a\r\n\r\n"
            try connection.send(
                "POST", exchange.target("/echo"),
                [
                    ("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"),
                    ("HTTP2-Settings", "AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA"),
                ], body: Array(body.utf8))
            try exchange.expectEcho(
                connection.answer(to: "POST"), count: body.utf8.count, "521a8a923feb851dd45b33b073b370ca")
        }
        for _ in 0..<4 { try exchange.expectHello() }
    }
}

/// Requests to one server.
struct ServerExchange {
    let server: RealServer
    let f2s: F2SServer

    func target(_ path: String) -> String { "/invoke/\(server.name)" + (path == "/" ? "" : path) }

    func connect() throws -> HTTPConnection { try f2s.connect(silence: .seconds(20)) }

    func exchange(_ method: String, _ path: String, body: [UInt8]? = nil) throws -> HTTPAnswer {
        try connect().exchange(method, target(path), body: body)
    }

    func expectHello() throws {
        let answer = try exchange("GET", "/")
        guard answer.status == 200, answer.text == "hello\n" else {
            throw ServerCheck.Wrong(description: "\(answer.status): \(answer.text.prefix(400))")
        }
    }

    func expectEcho(of text: String, _ digest: String) throws {
        let answer = try exchange("POST", "/echo", body: Array(text.utf8))
        try expectEcho(answer, count: text.utf8.count, digest)
    }

    func expectEcho(_ answer: HTTPAnswer, count: Int, _ digest: String) throws {
        let expected = server.isWithoutDigest ? "\(count)\n" : "\(count) \(digest)\n"
        guard answer.status == 200, answer.text == expected else {
            throw ServerCheck.Wrong(
                description: "\(answer.status): \(answer.text.prefix(400)) instead of \(count) bytes")
        }
    }
}
