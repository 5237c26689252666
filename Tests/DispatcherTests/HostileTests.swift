import F2SModel
import NIOCore
import Testing

/// Tests hostile clients. The dispatcher rejects ambiguous and oversized requests, and no bytes after them reach a
/// replica.
@Suite struct HostileTests {
    static let chunked = "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
    static let second = "GET /invoke/hello/smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

    /// Heads that the dispatcher rejects before any of their bytes reach a replica.
    static let refused = [
        "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\nContent-Length: 0\r\n\r\n",
        "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\u{b}chunked\r\n\r\n0\r\n\r\n",
        chunked + "Transfer-Encoding: cow\r\n\r\n0\r\n\r\n",
        "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n",
        "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nX: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nX: y\rTransfer-Encoding: chunked\r\n\r\n",
        "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 49\r\n\r\n",
        "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nContent-Length: 0, 49\r\n\r\n",
        "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nContent-Length: +49\r\n\r\n",
        "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nContent-Length: 0 49\r\n\r\n",
        "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nContent-Length\u{0}: 49\r\n\r\n",
        "POST /invoke/hello HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET /invoke/hello HTTP/1.1\r\n\r\n", "GET /invoke/hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /invoke/hello HTTP/1.1\nHost: a\n\n", "GET /invoke/hello HTTP/1.1\r\nHost: a\r\n\n",
        "GET http://other/invoke/hello HTTP/1.1\r\nHost: a\r\n\r\n", "GET /invoke/hello\r\n\r\n",
        "GET /invoke/hello HTTP/1.1\r\nHost: a\r\n X: folded\r\n\r\n",
        "GET /invoke/hel\u{0}lo HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /invoke/../functions HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /invoke/x/%2e%2e/hello HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /invoke/x%2Fhello HTTP/1.1\r\nHost: a\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\r\n\r\n",
    ]

    @Test(arguments: refused) func `an ambiguous request gets 400 and a close, and no byte reaches a replica`(
        text: String
    ) async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            let answer = try await client.ask(text + Self.second)
            #expect(answer.status == 400)
            #expect(answer.field("Connection") == "close")
            #expect(answer.body.contains("\"stage\":\"route\""))
            try await client.closed()
            #expect(client.inbox.bytes.isEmpty)
            #expect(server.requests.isEmpty)
            #expect(bed.isIdle())
        }
        await server.stop()
    }

    /// Malformed chunked bodies after a valid head.
    static let bodies = [
        "5\r\nhelloX\r\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "0\r\nX: y\n\r\n", "0\n\n", "-5\r\nhello\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "5;a\n\r\nhello\r\n0\r\n\r\n", "FFFFFFFFFFFFFFFF0\r\n\r\n", " 5\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n", "\r\n0\r\n\r\n",
        "0\r\n\rX", "1;\u{0}\r\na\r\n0\r\n\r\n", "0\r\n X: y\r\n\r\n",
    ]

    @Test(arguments: bodies) func `a malformed chunk ends both connections, and no second request is forwarded`(
        body: String
    ) async throws {
        let server = try await StubServer.start(call: .onHead) { _ in }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            let answer = try await client.ask(
                "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body + Self.second)
            #expect(answer.status == 400)
            try await client.closed()
            for request in server.requests {
                try await eventually("the replica's connection ends") { request.connection.inbox.isClosed }
                #expect(!request.connection.inbox.text.contains("smuggled"))
            }
            try await eventually("no invocation is left") { bed.isIdle() }
        }
        await server.stop()
    }

    @Test func `a body that looks like a request stays a body`() async throws {
        let server = try await StubServer.start { $0.connection.send(ok("\($0.body.utf8.count)")) }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            #expect(try await client.ask(post(body: Self.second)).body == "\(Self.second.utf8.count)")
            let size = String(Self.second.utf8.count, radix: 16)
            let chunked = Self.chunked + "\r\n\(size)\r\n\(Self.second)\r\n0\r\n\r\n"
            #expect(try await client.ask(chunked + get("/hello/after")).status == 200)
            #expect(try await client.answer().status == 200)
            #expect(server.requests.map(\.line) == ["POST / HTTP/1.1", "POST / HTTP/1.1", "GET /after HTTP/1.1"])
        }
        await server.stop()
    }

    private func small() -> Limits {
        var limits = Limits()
        limits.headBytesMax = 2000
        limits.targetBytesMax = 500
        limits.fieldsMax = 10
        limits.bodyBytesMax = 100_000
        return limits
    }

    static let oversized: [(String, Int)] = [
        ("GET /invoke/hello HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 3000))\r\n\r\n", 431),
        ("GET /invoke/hello HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 3000))", 431),
        ("GET /invoke/hello?\(String(repeating: "x", count: 500)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        ("GET /invoke/hello?\(String(repeating: "x", count: 300_000))", 414),
        ("GET /invoke/hello HTTP/1.1\r\nHost: a\r\n\(String(repeating: "X: y\r\n", count: 10))\r\n", 431),
        ("POST /invoke/hello HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n", 413),
        ("POST /invoke/hello HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\nExpect: 100-continue\r\n\r\n", 413),
        (chunked + "\r\n186a1\r\n" + String(repeating: "x", count: 100_001), 413),
    ]

    @Test(arguments: oversized) func `a request over a limit gets the status of that limit`(text: String, status: Int)
        async throws
    {
        let server = try await StubServer.start(call: .onHead) { _ in }
        try await withTestbed(limits: small()) { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            let answer = try await client.ask(text)
            #expect(answer.status == status)
            #expect(answer.field("Connection") == "close")
            try await client.closed()
            if status != 413 { #expect(server.requests.isEmpty) }
            try await eventually("no invocation is left") { bed.isIdle() }
        }
        await server.stop()
    }

    @Test func `a request at the limits is accepted`() async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed(limits: small()) { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            #expect(try await client.ask(post(body: String(repeating: "x", count: 100_000))).status == 200)
            let chunk = "c350\r\n\(String(repeating: "x", count: 50_000))\r\n"
            let head = "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            #expect(try await client.ask(head + chunk + chunk + "0\r\n\r\n").status == 200)
        }
        await server.stop()
    }

    @Test func `an error response reaches a client that keeps sending`() async throws {
        try await withTestbed(limits: small()) { bed in
            bed.declare(makeFunction())
            for _ in 0..<5 {
                let client = try await bed.client()
                client.send("POST /invoke/hello HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n")
                client.send(ByteBuffer(repeating: 0, count: 8_000_000))
                #expect(try await client.answer().status == 413)
                try await client.closed()
            }
            try await eventually("the clients are gone") { bed.clientConnections == 0 }
        }
    }

    @Test func `random bytes cause no crash, and their connection is closed`() async throws {
        let server = try await StubServer.answering(ok())
        var limits = Limits()
        limits.headTimeout = .milliseconds(100)
        try await withTestbed(limits: limits) { bed in
            try await bed.serve(server)
            var generator = SplitMix64(seed: 11)
            var clients: [RawClient] = []
            for _ in 0..<60 {
                let client = try await bed.client()
                let count = Int.random(in: 1...3000, using: &generator)
                client.send(ByteBuffer(bytes: (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }))
                client.send("\r\n\r\n")
                clients.append(client)
            }
            for client in clients { try await client.closed() }
            #expect(server.requests.isEmpty)
            bed.tune(limits: Limits())
            #expect(try await bed.client().ask(get()).status == 200)
        }
        await server.stop()
    }

    @Test func `requests that arrive byte by byte are the same requests`() async throws {
        let server = try await StubServer.start { $0.connection.send(ok($0.line + $0.body)) }
        try await withTestbed { bed in
            try await bed.serve(server)
            let text = "\r\n" + post("/hello/1", body: "abc") + get("/hello/2")
            let client = try await bed.client()
            try await client.dribble(text)
            #expect(try await client.answer().body == "POST /1 HTTP/1.1abc")
            #expect(try await client.answer().body == "GET /2 HTTP/1.1")
        }
        await server.stop()
    }
}
