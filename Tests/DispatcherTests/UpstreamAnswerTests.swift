import F2SModel
import Glibc
import NIOCore
import Testing

/// Tests responses that arrive too early, are incomplete, or are malformed.
@Suite struct UpstreamAnswerTests {
    @Test(arguments: [true, false]) func `a response before the request's end is forwarded, and both connections end`(
        isChunked: Bool
    ) async throws {
        let server = try await StubServer.start(call: .onHead) { $0.connection.send(ok("early")) }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            let framing = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: 10000000"
            client.send("POST /invoke/hello HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n")
            client.send(
                isChunked ? "1000\r\n" + String(repeating: "x", count: 2000) : String(repeating: "x", count: 200_000))
            #expect(try await client.answer().body == "early")
            try await client.closed()
            try await eventually("the replica's connection ends") { server.hasEnded(0) }
            try await eventually("no invocation is left") { bed.isIdle() }
            let next = try await bed.client()
            #expect(try await next.ask(get()).body == "early")
            #expect(server.requests[1].connection !== server.requests[0].connection)
        }
        await server.stop()
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc", "garbage\r\n\r\n", "SSH-2.0-x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX : y\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "HTTP/3 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: \(String(repeating: "x", count: 40_000))\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\(String(repeating: "X: y\r\n", count: 101))\r\n",
    ])
    func `a malformed response becomes 502, and its connection is not reused`(text: String) async throws {
        let server = try await StubServer.start { request in
            request.connection.send(request.line.contains("good") ? ok() : text)
        }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            let answer = try await client.ask(get())
            #expect(answer.status == 502)
            #expect(answer.body.contains("\"stage\":\"function\""))
            #expect(try await client.ask(get("/hello/good")).status == 200)
            #expect(server.requests[1].connection !== server.requests[0].connection)
            #expect(await bed.metric("f2s_requests_failed_total{function=\"hello\",stage=\"function\"}") == 1)
            try await eventually("no invocation is left") { bed.isIdle() }
        }
        await server.stop()
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ])
    func `an incomplete response ends the client's connection`(text: String) async throws {
        let server = try await StubServer.start { $0.connection.send(text) }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            client.send(get())
            try await eventually("the first bytes of the response") { client.inbox.text.contains("abc") }
            server.requests[0].connection.close()
            try await client.closed()
            #expect(throws: Never.self) { try #require(client.inbox.text.contains("abc")) }
            try await eventually("no invocation is left") { bed.isIdle() }
            #expect(await bed.metric("f2s_requests_failed_total{function=\"hello\",stage=\"function\"}") == 1)
            #expect(await bed.metric("f2s_requests_completed_total{function=\"hello\"}") == 0)
        }
        await server.stop()
    }

    @Test func `a response delimited by the connection's end is not completed by a reset`() async throws {
        let server = try await StubServer.start { $0.connection.send("HTTP/1.1 200 OK\r\n\r\nabc") }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            client.send(get())
            try await eventually("the first bytes of the response") { client.inbox.text.contains("abc") }
            server.requests[0].connection.reset()
            try await client.closed()
            try await eventually("no invocation is left") { bed.isIdle() }
            #expect(await bed.metric("f2s_requests_completed_total{function=\"hello\"}") == 0)
        }
        await server.stop()
    }

    @Test(arguments: testedLoops, [true, false]) func `an aborted response without a length never looks complete`(
        loops: Int, isReset: Bool
    ) async throws {
        let server = try await StubServer.start { $0.connection.send("HTTP/1.1 200 OK\r\n\r\nabc") }
        let silence = Timeouts(http: isReset ? .seconds(60) : .milliseconds(100))
        try await withTestbed(loops: loops, timeouts: silence) { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            client.send(get())
            let old = try Wire.connect(to: bed.port)
            defer { close(old) }
            Wire.send(old, Array("GET /invoke/hello HTTP/1.0\r\n\r\n".utf8))
            if isReset {
                try await eventually("both requests at the replica") { server.requests.count == 2 }
                try await eventually("the first bytes of the response") { client.inbox.text.contains("abc") }
                for request in server.requests { request.connection.reset() }
            }
            try await client.closed()
            #expect(client.inbox.text.hasSuffix("\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"))
            try await eventually("the reset") { Wire.end(of: old) == .reset }
            try await eventually("no invocation is left") { bed.isIdle() }
            #expect(await bed.metric("f2s_requests_completed_total{function=\"hello\"}") == 0)
        }
        await server.stop()
    }

    @Test func `an aborted chunked response ends in a reset for HTTP 1 point 0`() async throws {
        let server = try await StubServer.start {
            $0.connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        }
        try await withTestbed { bed in
            try await bed.serve(server)
            let old = try Wire.connect(to: bed.port)
            defer { close(old) }
            Wire.send(old, Array("GET /invoke/hello HTTP/1.0\r\n\r\n".utf8))
            try await eventually("the replica has the request") { server.requests.count == 1 }
            server.requests[0].connection.close()
            try await eventually("the reset") { Wire.end(of: old) == .reset }
        }
        await server.stop()
    }

    @Test func `a chunked response that becomes malformed is aborted`() async throws {
        let server = try await StubServer.start {
            $0.connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            client.send(get())
            try await eventually("the first bytes of the response") { client.inbox.text.contains("abc") }
            server.requests[0].connection.send("zz\r\n0\r\n\r\n")
            try await client.closed()
            #expect(!client.inbox.text.contains("zz"))
            try await eventually("no invocation is left") { bed.isIdle() }
        }
        await server.stop()
    }

    @Test func `bytes after a response reach no client`() async throws {
        let server = try await StubServer.start { request in
            request.connection.send(ok("right") + ok("wrong"))
        }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            for _ in 0..<3 { #expect(try await client.ask(get()).body == "right") }
            #expect(Set(server.requests.map { ObjectIdentifier($0.connection) }).count == 3)
            #expect(!client.inbox.text.contains("wrong"))
        }
        await server.stop()
    }

    @Test func `a connection on which a replica sends an unsolicited response is closed`() async throws {
        let server = try await StubServer.answering(ok("right"))
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            #expect(try await client.ask(get()).body == "right")
            let first = server.requests[0].connection
            first.send(ok("wrong"))
            try await eventually("the connection is closed") { first.inbox.isClosed }
            #expect(try await client.ask(get()).body == "right")
        }
        await server.stop()
    }

    @Test(arguments: testedLoops) func `content after a response without content reaches no client`(
        loops: Int
    ) async throws {
        // Sends the content shortly after the head, when a reused connection would already have its next request.
        let server = try await StubServer.start { request in
            guard request.line.contains("/none") else { return request.connection.send(ok("right")) }
            let status = request.line.contains("304") ? "304 Not Modified" : "200 OK"
            request.connection.send("HTTP/1.1 \(status)\r\nContent-Length: 50\r\n\r\n")
            request.connection.schedule(in: .milliseconds(1)) { request.connection.send(ok("wrong")) }
        }
        try await withTestbed(loops: loops) { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            for _ in 0..<50 {
                client.send("HEAD /invoke/hello/none HTTP/1.1\r\nHost: a\r\n\r\n" + get() + get("/hello/none/304"))
                #expect(try await client.answer(toHead: true).status == 200)
                #expect(try await client.answer().body == "right")
                #expect(try await client.answer().status == 304)
                #expect(try await client.ask(get()).body == "right")
            }
        }
        await server.stop()
    }

    @Test(arguments: testedLoops) func `a replica that sent surplus bytes gets one request per connection`(
        loops: Int
    ) async throws {
        let server = try await StubServer.start { request in
            request.connection.send(ok(request.line))
            request.connection.schedule(in: .milliseconds(1)) { request.connection.send(ok("wrong")) }
        }
        try await withTestbed(loops: loops) { bed in
            try await bed.serve(server)
            let clients = [try await bed.client(), try await bed.client(), try await bed.client()]
            _ = try await clients[0].ask(get())
            try await eventually("the surplus is counted") { bed.metric("f2s_upstream_surplus_total") > 0 }
            for number in 0..<100 {
                let answer = try await clients[number % 3].ask(get("/hello/\(number)"))
                #expect(answer.body == "GET /\(number) HTTP/1.1")
            }
        }
        await server.stop()
    }

    @Test func `an idle connection to a replica is closed after its timeout`() async throws {
        let server = try await StubServer.answering(ok())
        var limits = Limits()
        limits.upstreamIdleTimeout = .milliseconds(100)
        try await withTestbed(limits: limits) { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            #expect(try await client.ask(get()).status == 200)
            try await eventually("no connection is open") { bed.upstreamConnections == 0 }
            #expect(try await client.ask(get()).status == 200)
        }
        await server.stop()
    }
}
