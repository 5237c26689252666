import F2SDispatcher
import F2SModel
import Testing

/// Tests over sockets that the cookies of the console reach no function by any way, and that no response sets them.
@Suite struct ConsoleCookiesOfFunctionsTests {
    private static let sent = "Cookie: a=1; f2s-session=secret; b=2\r\ncookie: __Host-f2s-session=secret\r\n"
    private static let set = "Set-Cookie: f2s-session=evil\r\nSet-Cookie: a=b\r\nset-cookie: __Host-f2s-signin=evil\r\n"

    private func check(_ request: StubRequest?) throws {
        let request = try request.orThrow()
        #expect(request.fields("Cookie") == ["a=1; b=2"])
        #expect(!request.text.contains("secret"))
    }

    @Test(arguments: testedLoops)
    func `a function gets the other cookies, and sets only others`(loops: Int) async throws {
        let server = try await StubServer.answering(ok("hi", fields: Self.set))
        try await withTestbed(loops: loops, hasManagement: true) { bed in
            try await bed.serve(server)
            for client in [try await bed.client(), try await bed.manager()] {
                for text in [get("/hello", Self.sent), post(body: "text", Self.sent)] {
                    let answer = try await client.ask(text)
                    #expect(answer.body == "hi")
                    #expect(answer.fields("Set-Cookie") == ["a=b"])
                    try check(server.requests.last)
                }
            }
            #expect(try await bed.client().ask(get("/hello", "Cookie: f2s-signin=secret\r\n")).body == "hi")
            #expect(server.requests.last?.field("Cookie") == nil)
            #expect(bed.isIdle())
        }
        await server.stop()
    }

    @Test(arguments: testedLoops)
    func `an invocation that waits for a replica has lost the cookies too`(loops: Int) async throws {
        let server = try await StubServer.answering(ok("hi", fields: Self.set))
        try await withTestbed(loops: loops) { bed in
            let function = makeFunction()
            bed.declare(function)
            let client = try await bed.client()
            client.send(get("/hello", Self.sent))
            try await eventually("the invocation is queued") { bed.load().queued == 1 }
            bed.run(makeReplica("r", of: function, port: server.port))
            #expect(try await client.answer().fields("Set-Cookie") == ["a=b"])
            try check(server.requests.last)
        }
        await server.stop()
    }

    @Test(arguments: testedLoops)
    func `a forwarded invocation loses the cookies before it reaches the other process`(loops: Int) async throws {
        let server = try await StubServer.answering(ok("hi", fields: Self.set))
        let owner = try await StubServer.answering(ok("owner", fields: Self.set))
        try await withPair(loops: loops) { first, second in
            let function = makeFunction(concurrency: 1)
            try await second.serve(server, function: function)
            try await first.serve(server, function: function)
            first.setOwnership(elsewhere: second.internalAddress, isHeld: true)
            let answer = try await first.client().ask(get("/hello", Self.sent))
            #expect(answer.body == "hi")
            #expect(answer.fields("Set-Cookie") == ["a=b"])
            try check(server.requests.last)
            // A stub in place of the other process: it sees the bytes that leave this one, and filters nothing.
            first.setOwnership(elsewhere: Replica.Address(ip: "127.0.0.1", port: owner.port), isHeld: true)
            await first.dispatcher.waitForLoops()
            let other = try await first.client().ask(get("/hello", Self.sent))
            #expect(other.body == "owner")
            #expect(other.fields("Set-Cookie") == ["a=b"])
            try check(owner.requests.last)
        }
        await owner.stop()
        await server.stop()
    }

    @Test(arguments: testedLoops)
    func `an upgrade neither carries nor sets the cookies`(loops: Int) async throws {
        let server = try await StubServer.start(call: .onHead) { request in
            request.connection.send(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\(Self.set)\r\n")
        }
        try await withTestbed(loops: loops) { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            let answer = try await client.ask(
                get("/hello", "Connection: Upgrade\r\nUpgrade: websocket\r\n\(Self.sent)"))
            #expect(answer.status == 101)
            #expect(answer.fields("Set-Cookie") == ["a=b"])
            try check(server.requests.last)
            client.close()
            try await eventually("the tunnel is closed") { bed.isIdle() }
        }
        await server.stop()
    }

    @Test(arguments: testedLoops) func `an interim response does not set the cookies`(loops: Int) async throws {
        let server = try await StubServer.answering("HTTP/1.1 103 Early Hints\r\n\(Self.set)\r\n" + ok("end"))
        try await withTestbed(loops: loops) { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            let early = try await client.ask(get())
            #expect(early.status == 103)
            #expect(early.fields("Set-Cookie") == ["a=b"])
            #expect(try await client.answer().body == "end")
        }
        await server.stop()
    }

    @Test(arguments: testedLoops) func `no trailer carries or sets a cookie`(loops: Int) async throws {
        let server = try await StubServer.answering(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nSet-Cookie: f2s-session=evil\r\n\r\n")
        try await withTestbed(loops: loops) { bed in
            try await bed.serve(server)
            let head = "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            let answer = try await bed.client().ask("\(head)1\r\nx\r\n0\r\nCookie: f2s-session=secret\r\n\r\n")
            #expect(answer.status == 400)
            #expect(server.requests.allSatisfy { !$0.text.contains("secret") })
            let client = try await bed.client()
            client.send(get())
            try await eventually("it has failed") { bed.isIdle() && (client.isClosed || client.inbox.total > 0) }
            #expect(!client.inbox.text.contains("evil"), "\(client.inbox.text)")
        }
        await server.stop()
    }

    @Test(arguments: testedLoops)
    func `a call of this process neither carries nor receives the cookies`(loops: Int) async throws {
        let server = try await StubServer.answering(ok("hi", fields: Self.set))
        try await withTestbed(loops: loops) { bed in
            try await bed.serve(server)
            let cookies = InvocationField("Cookie", "a=1; f2s-session=secret; b=2")
            let (response, _) = try await bed.dispatcher.invoke(
                InvocationRequest(.get, "/hello", fields: [cookies], caller: "trigger:test"), contentBytesMax: 2)
            #expect(response.fields.filter { $0.name.lowercased() == "set-cookie" }.map(\.value) == ["a=b"])
            try check(server.requests.last)
        }
        await server.stop()
    }
}
