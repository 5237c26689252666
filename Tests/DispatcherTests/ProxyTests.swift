import F2SModel
import Testing

/// Tests that requests and responses are forwarded completely and unchanged over real sockets.
@Suite struct ProxyTests {
    @Test func `a GET reaches the replica with path, query and fields, and its response the client`() async throws {
        let server = try await StubServer.answering(ok("hi", fields: "X-Own: 1\r\n"))
        try await withTestbed { bed in
            try await bed.serve(server, function: makeFunction(path: "/base"))
            let client = try await bed.client()
            let answer = try await client.ask(
                get("/hello/a%20b?x=1&y=%2F", "Accept: */*\r\nX-Forwarded-For: 6.6.6.6\r\n"))
            #expect(answer.status == 200)
            #expect(answer.body == "hi")
            #expect(answer.field("X-Own") == "1")
            #expect(answer.field("Server-Timing")?.contains("function;dur=") == true)
            #expect(answer.field("Connection") == nil)
            let request = try #require(server.requests.first)
            #expect(request.line == "GET /base/a%20b?x=1&y=%2F HTTP/1.1")
            #expect(request.field("Host") == "f2s.test")
            #expect(request.field("Accept") == "*/*")
            #expect(request.fields("X-Forwarded-For") == ["127.0.0.1"])
            #expect(request.field("X-Request-Id")?.count == 32)
            try await eventually("the slot is free") { bed.isIdle() }
            #expect(await bed.metric("f2s_requests_completed_total{function=\"hello\"}") == 1)
        }
        await server.stop()
    }

    @Test(arguments: [0, 1, 4096, 4097, 300_000]) func `a POST with a length is forwarded`(count: Int) async throws {
        let server = try await StubServer.start { $0.connection.send(ok("\($0.body.utf8.count)")) }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            let body = String(repeating: "x", count: count)
            #expect(try await client.ask(post(body: body)).body == "\(count)")
            #expect(server.requests.last?.body == body)
            #expect(server.requests.last?.field("Content-Length") == "\(count)")
            #expect(try await client.ask(get()).status == 200)
        }
        await server.stop()
    }

    @Test(arguments: [
        "5;ext=1\r\nhello\r\n0\r\nTrailer: t\r\n\r\n", "0\r\n\r\n",
        "3e8\r\n\(String(repeating: "y", count: 1000))\r\n1388\r\n\(String(repeating: "z", count: 5000))\r\n0\r\n\r\n",
    ])
    func `chunks and trailers arrive unchanged in one piece and in pieces`(sent: String) async throws {
        let server = try await StubServer.start { $0.connection.send(ok($0.body)) }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            let head = "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            // Chunk extensions concern one connection only and are removed.
            let body = sent.replacing(";ext=1", with: "")
            #expect(try await client.ask(head + sent).body == body)
            client.send(head)
            try await client.dribble(String(decoding: sent.utf8.prefix(40), as: UTF8.self))
            client.send(String(decoding: sent.utf8.dropFirst(40), as: UTF8.self))
            #expect(try await client.answer().body == body)
            #expect(server.requests.last?.field("Transfer-Encoding") == "chunked")
        }
        await server.stop()
    }

    @Test func `a chunked response with trailers arrives unchanged`() async throws {
        let server = try await StubServer.answering(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n3;x\r\nabc\r\n0\r\nT: 1\r\n\r\n")
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            client.send(get())
            try await eventually("the connection ends") {
                client.inbox.text.hasSuffix("\r\n\r\n3\r\nabc\r\n0\r\nT: 1\r\n\r\n")
            }
            #expect(try await client.answer().body == "abc")
            #expect(try await client.ask(get()).body == "abc")
            #expect(server.connections.count <= 2)
        }
        await server.stop()
    }

    @Test func `responses without content end at their head in spite of their fields`() async throws {
        let server = try await StubServer.start { request in
            let status =
                request.line.contains("/204")
                ? "204 No Content" : request.line.contains("/304") ? "304 Not Modified" : "200 OK"
            let length = status.hasPrefix("204") ? "" : "Content-Length: 1000\r\n"
            request.connection.send("HTTP/1.1 \(status)\r\n\(length)\r\n")
        }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            for _ in 0..<2 {
                let head = try await client.ask("HEAD /invoke/hello HTTP/1.1\r\nHost: a\r\n\r\n", toHead: true)
                #expect(head.status == 200)
                #expect(head.field("Content-Length") == "1000")
                #expect(try await client.ask(get("/hello/204")).status == 204)
                #expect(try await client.ask(get("/hello/304")).status == 304)
            }
            try await eventually("no invocation is left") { bed.isIdle() }
        }
        await server.stop()
    }

    @Test func `interim responses are forwarded, but not to a client of HTTP 1 point 0`() async throws {
        let server = try await StubServer.answering(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok("end"))
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            let early = try await client.ask(get())
            #expect(early.status == 103)
            #expect(early.field("Link") == "</a>")
            #expect(early.field("Server-Timing") == nil)
            #expect(try await client.answer().body == "end")
            let old = try await bed.client()
            #expect(try await old.ask("GET /invoke/hello HTTP/1.0\r\n\r\n").body == "end")
            try await old.closed()
        }
        await server.stop()
    }

    @Test func `a client with Expect gets 100 Continue once a replica has the head`() async throws {
        let server = try await StubServer.start { $0.connection.send(ok($0.body)) }
        try await withTestbed { bed in
            let function = makeFunction()
            bed.declare(function)
            let client = try await bed.client()
            client.send("POST /invoke/hello HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
            try await eventually("the invocation is queued") { bed.load().queued == 1 }
            #expect(client.inbox.total == 0)
            bed.run(makeReplica("r", of: function, port: server.port))
            #expect(try await client.answer().status == 100)
            client.send("abc")
            #expect(try await client.answer().body == "abc")
            #expect(server.requests.last?.field("Expect") == nil)
            // A client that sends its body at once gets no 100.
            let both = post(body: "xyz", "Expect: 100-continue\r\n")
            #expect(try await client.ask(both).body == "xyz")
        }
        await server.stop()
    }

    @Test func `a client of HTTP 1 point 0 gets chunked content without framing, then a close`() async throws {
        let server = try await StubServer.start { request in
            request.connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            request.connection.send("5000\r\n\(String(repeating: "d", count: 0x5000))\r\n0\r\nT: x\r\n\r\n")
        }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            let answer = try await client.ask("GET /invoke/hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            #expect(answer.framing == .close)
            #expect(answer.field("Connection") == "close")
            #expect(answer.body == "abc" + String(repeating: "d", count: 0x5000))
            #expect(server.requests.first?.line == "GET / HTTP/1.1")
            #expect(server.openConnections >= 1)
        }
        await server.stop()
    }

    @Test func `five pipelined requests get their responses in order over one upstream connection`() async throws {
        let server = try await StubServer.start { $0.connection.send(ok($0.line + $0.body)) }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            let big = String(repeating: "b", count: 20_000)
            client.send(
                get("/hello/1") + post("/hello/2", body: "two") + get("/nothing") + post("/hello/4", body: big) + "\r\n"
                    + get("/hello/5"))
            #expect(try await client.answer().body == "GET /1 HTTP/1.1")
            #expect(try await client.answer().body == "POST /2 HTTP/1.1two")
            #expect(try await client.answer().status == 404)
            #expect(try await client.answer().body == "POST /4 HTTP/1.1\(big)")
            #expect(try await client.answer().body == "GET /5 HTTP/1.1")
            #expect(Set(server.requests.map { ObjectIdentifier($0.connection) }).count == 1)
        }
        await server.stop()
    }

    @Test func `a connection to a replica is reused unless a response has Connection close`() async throws {
        let server = try await StubServer.start { request in
            request.connection.send(ok(fields: request.line.contains("last") ? "Connection: close\r\n" : ""))
        }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            for _ in 0..<20 { #expect(try await client.ask(get()).status == 200) }
            #expect(Set(server.requests.map { ObjectIdentifier($0.connection) }).count == 1)
            let last = try await client.ask(get("/hello/last"))
            #expect(last.field("Connection") == nil)
            #expect(try await client.ask(get()).status == 200)
            #expect(Set(server.requests.map { ObjectIdentifier($0.connection) }).count == 2)
        }
        await server.stop()
    }

    @Test(arguments: testedLoops) func `a response delimited by the connection's end reaches the client in chunks`(
        loops: Int
    ) async throws {
        let large = String(repeating: "d", count: 300_000)
        let server = try await StubServer.start {
            let body = $0.line.contains("large") ? large : $0.line.contains("empty") ? "" : "all of it"
            $0.connection.sendAndClose("HTTP/1.0 200 OK\r\nServer: old\r\n\r\n" + body)
        }
        try await withTestbed(loops: loops) { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            for (path, body) in [("/hello", "all of it"), ("/hello/large", large), ("/hello/empty", "")] {
                let answer = try await client.ask(get(path))
                #expect(answer.framing == .chunked)
                #expect(answer.body == body)
                #expect(answer.field("Connection") == nil)
            }
            // HTTP/1.0 does not have chunks.
            let old = try await bed.client()
            let answer = try await old.ask("GET /invoke/hello/large HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            #expect(answer.framing == .close)
            #expect(answer.body == large)
            #expect(answer.field("Connection") == "close")
            try await eventually("no invocation is left") { bed.isIdle() }
        }
        await server.stop()
    }

    @Test func `server-sent events arrive one by one`() async throws {
        let server = try await StubServer.start {
            $0.connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            client.send(get())
            try await eventually("the head") { client.inbox.text.contains("event-stream") }
            for number in 0..<5 {
                server.requests[0].connection.send("data: \(number)\n\n")
                try await eventually("event \(number)") {
                    client.inbox.text.hasSuffix("\r\n9\r\ndata: \(number)\n\n\r\n")
                }
            }
            client.close()
            try await eventually("the replica's connection ends") { server.hasEnded(0) }
            try await eventually("the slot is free") { bed.isIdle() }
        }
        await server.stop()
    }
}
