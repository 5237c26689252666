import F2SDispatcher
import F2SModel
import NIOCore
import Testing

/// Tests which requests may ask a replica for an upgrade, and the reuse of their connections.
@Suite struct UpgradeTests {
    private func asking(_ protocols: String, _ fields: String = "", method: String = "GET", body: String = "") -> String
    {
        let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
        return "\(method) /invoke/hello HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
            + "Upgrade: \(protocols)\r\nHTTP2-Settings: AAAA\r\n\(length)\(fields)\r\n\(body)"
    }

    @Test(arguments: testedLoops) func `no client gets a response to the body of an upgrade request`(loops: Int)
        async throws
    {
        // This replica parses the body of a request with an unknown upgrade as further requests, as some parsers do.
        let server = try await StubServer.start { request in
            request.connection.send(ok("one for \(request.line)"))
            if request.field("Upgrade") != nil, !request.body.isEmpty { request.connection.send(ok("smuggled")) }
        }
        try await withTestbed(loops: loops) { bed in
            try await bed.serve(server)
            let (attacker, victim) = (try await bed.client(), try await bed.client())
            for name in ["h2c", "foo", "websocket"] {
                let body = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
                #expect(try await attacker.ask(asking(name, body: body)).body == "one for GET / HTTP/1.1")
                let request = try #require(server.requests.last)
                #expect(request.body == body)
                #expect(request.field("Upgrade") == nil && request.field("Connection") == nil, "\(name)")
                #expect(request.field("HTTP2-Settings") == nil)
                #expect(try await victim.ask(get("/hello/own")).body == "one for GET /own HTTP/1.1")
            }
        }
        await server.stop()
    }

    @Test(arguments: [
        ("Content-Length: 3\r\n", "abc"), ("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    ])
    func `a POST with an upgrade is forwarded with its body but without the upgrade`(fields: String, body: String)
        async throws
    {
        let server = try await StubServer.start { $0.connection.send(ok($0.body)) }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            for name in ["h2c", "websocket"] {
                #expect(try await client.ask(asking(name, fields, method: "POST") + body).body == body)
                #expect(server.requests.last?.field("Upgrade") == nil)
            }
        }
        await server.stop()
    }

    @Test(
        arguments: [
            ("h2c", nil), ("foo", nil), ("websocket/13", nil), ("xwebsocket", nil), ("", nil),
            ("WebSocket", "websocket"),
            ("h2c, websocket", "websocket"), (",websocket ,", "websocket"), ("websocket\r\nUpgrade: h2c", nil),
        ] as [(String, String?)])
    func `only a known protocol is requested`(asked: String, sent: String?) async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            try await bed.serve(server)
            #expect(try await bed.client().ask(asking(asked)).status == 200)
            #expect(server.requests[0].fields("Upgrade") == (sent.map { [$0] } ?? []))
            #expect(server.requests[0].fields("Connection") == (sent == nil ? [] : ["Upgrade"]))
        }
        await server.stop()
    }

    @Test func `a setting allows another protocol`() async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            bed.dispatcher.apply(DispatcherSettings.Tuning(upgradeProtocols: ["foo"]))
            try await bed.serve(server)
            #expect(try await bed.client().ask(asking("websocket, Foo")).status == 200)
            #expect(server.requests[0].field("Upgrade") == "foo")
        }
        await server.stop()
    }

    @Test(arguments: testedLoops) func `a connection with a declined upgrade is not reused`(loops: Int)
        async throws
    {
        let server = try await StubServer.answering(ok())
        try await withTestbed(loops: loops) { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            #expect(try await client.ask(asking("websocket")).status == 200)
            #expect(try await client.ask(get()).status == 200)
            #expect(server.requests[1].connection !== server.requests[0].connection)
            // A request whose upgrade was not forwarded is an ordinary request.
            #expect(try await client.ask(asking("h2c")).status == 200)
            #expect(try await client.ask(get()).status == 200)
            #expect(server.requests[3].connection === server.requests[2].connection)
        }
        await server.stop()
    }

    @Test(arguments: ["Upgrade: h2c\r\n", "", "Upgrade: websocket\r\nUpgrade: h2c\r\n", "Upgrade: websocket, h2c\r\n"])
    func `a switch to a protocol that was not requested gets 502`(field: String) async throws {
        let server = try await StubServer.answering(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\(field)\r\n")
        try await withTestbed { bed in
            try await bed.serve(server)
            let answer = try await bed.client().ask(asking("websocket"))
            #expect(answer.status == 502)
            #expect(answer.body.contains("not asked for"))
            try await eventually("its connection is closed") { server.hasEnded(0) }
            try await eventually("the slot is free") { bed.isIdle() }
        }
        await server.stop()
    }

    @Test func `a 426 response keeps its Upgrade field`() async throws {
        let server = try await StubServer.answering(
            "HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade\r\nUpgrade: websocket, foo\r\n"
                + "Content-Length: 2\r\n\r\nno"
        )
        try await withTestbed { bed in
            try await bed.serve(server)
            let answer = try await bed.client().ask(get())
            #expect(answer.status == 426)
            #expect(answer.fields("Upgrade") == ["websocket, foo"])
            #expect(answer.fields("Connection") == ["Upgrade"])
        }
        await server.stop()
    }
}
