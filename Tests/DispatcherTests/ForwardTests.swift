import F2SDispatcher
import F2SModel
import NIOCore
import Testing

/// Tests invocations of a function with a remote owner.
@Suite struct ForwardTests {
    /// Runs two processes. Clients connect to the first; the second owns `/hello`, for which the stub is the replica.
    private func withOwner(
        _ server: StubServer, function: Function = makeFunction(concurrency: 1), timeouts: Timeouts = Timeouts(),
        limits: Limits = .ofTests, _ body: (_ first: Testbed, _ owner: Testbed) async throws -> Void
    ) async throws {
        try await withPair(limits: limits, timeouts: timeouts) { first, owner in
            try await owner.serve(server, function: function)
            try await first.serve(server, function: function)
            first.setOwnership(elsewhere: owner.internalAddress, isHeld: true)
            try await body(first, owner)
            try await eventually("no invocation is open") { first.isIdle() && owner.isIdle() }
        }
        await server.stop()
    }

    @Test func `the owner gets the request unchanged, and the replica sees the client's address`() async throws {
        let server = try await StubServer.answering(ok("hi", fields: "X-Own: 1\r\n"))
        try await withOwner(server, function: makeFunction(path: "/to/", concurrency: 1)) { first, owner in
            let client = try await RawClient.connect(to: first.port, from: "127.0.0.9")
            for (target, arrives) in [("/hello", "/to/"), ("/hello/a%2Fb//c?d=/e", "/to/a%2Fb//c?d=/e")] {
                let answer = try await client.ask(get(target, "X-Other: 2\r\nX-F2S-Token: guess\r\n"))
                #expect(answer.body == "hi")
                #expect(answer.field("X-Own") == "1")
                #expect(answer.fields("Server-Timing").count == 1)
                let request = try server.requests.last.orThrow()
                #expect(request.line == "GET \(arrives) HTTP/1.1")
                #expect(request.fields("X-Other") == ["2"])
                #expect(request.fields("X-Forwarded-For") == ["127.0.0.9"])
                #expect(request.fields("X-Forwarded-Host") == ["f2s.test"])
                #expect(request.fields("X-Request-Id").count == 1)
                #expect(request.fields("traceparent").count == 1)
                #expect(!request.head.lowercased().contains("token"))
            }
            #expect(await first.metric("f2s_requests_forwarded_total{function=\"hello\"}") == 2)
            #expect(await first.metric("f2s_requests_incoming_total{function=\"hello\"}") == 0)
            #expect(await first.metric("f2s_requests_completed_total{function=\"hello\"}") == 0)
            #expect(await owner.metric("f2s_requests_incoming_total{function=\"hello\"}") == 2)
            #expect(await owner.metric("f2s_requests_completed_total{function=\"hello\"}") == 2)
            #expect(await owner.metric("f2s_requests_forwarded_total{function=\"hello\"}") == 0)
        }
    }

    @Test func `a forwarded invocation is counted only in the load of its owner`() async throws {
        let server = try await StubServer.start { _ in }
        try await withOwner(server) { first, owner in
            let (one, two) = (try await first.client(), try await first.client())
            one.send(get())
            try await eventually("the replica has the request") { server.requests.count == 1 }
            two.send(get())
            try await eventually("the other invocation is queued") { owner.load().queued == 1 }
            #expect(owner.load().inFlight == 1)
            #expect(first.load().inFlight == 0 && first.load().queued == 0 && !first.load().wantsActivation)
            #expect(first.dispatcher.currentInvocations == 2)
            server.requests[0].connection.send(ok("1"))
            #expect(try await one.answer().body == "1")
            try await eventually("the next request reaches the replica") { server.requests.count == 2 }
            // The owner frees the slot of a client that left once the replica has responded.
            two.close()
            server.requests[1].connection.send(ok("2"))
        }
    }

    @Test func `the client gets the owner's error response unchanged`() async throws {
        try await withPair { first, owner in
            let function = makeFunction(concurrency: 1)
            first.declare(function)
            owner.declare(function)
            let startFailure = StartFailure(
                stage: .image, reason: "ImagePullBackOff", message: "No such image.", revision: function.revision,
                attempts: 1, nextAttempt: .infinity, retryAfterSeconds: 1)
            owner.run(startFailures: [function.id: startFailure])
            first.setOwnership(elsewhere: owner.internalAddress, isHeld: true)
            let direct = try await owner.client().ask(get())
            let answer = try await first.client().ask(get())
            #expect(answer.status == 502)
            #expect(answer.body == direct.body)
            #expect(answer.body.contains("ImagePullBackOff"))
            #expect(answer.fields("Server-Timing").count == 1)
            #expect(answer.field("Content-Type") == Problem.mediaType)
            #expect(await first.metric("f2s_requests_failed_total{function=\"hello\",stage=\"image\"}") == 0)
        }
    }

    @Test(arguments: [1, 4096, 4097, 1_000_000], ["Content-Length", "chunked"])
    func `bodies of any size are forwarded in both directions`(count: Int, framing: String) async throws {
        let server = try await StubServer.start { request in
            request.connection.send(ok(request.body))
        }
        try await withOwner(server) { first, _ in
            let body = String(repeating: "x", count: count)
            let client = try await first.client()
            for pause in [false, true] {
                let isChunked = framing == "chunked"
                let head =
                    "POST /invoke/hello HTTP/1.1\r\nHost: a\r\n"
                    + (isChunked ? "Transfer-Encoding: chunked\r\n\r\n" : "Content-Length: \(count)\r\n\r\n")
                let content = isChunked ? "\(String(count, radix: 16))\r\n\(body)\r\n0\r\n\r\n" : body
                if pause {
                    client.send(head)
                    try await eventually("the head has arrived") { first.dispatcher.currentInvocations == 1 }
                    client.send(content)
                } else {
                    client.send(head + content)
                }
                let answer = try await client.answer()
                #expect(answer.status == 200)
                #expect(answer.body == (isChunked ? content : body))
            }
        }
    }

    @Test func `a client with Expect gets 100 Continue once the owner grants a slot`() async throws {
        let server = try await StubServer.start { $0.connection.send(ok($0.body)) }
        let body = String(repeating: "x", count: 10_000)
        try await withOwner(server) { first, owner in
            owner.run()
            let client = try await first.client()
            client.send(
                "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 10000\r\n\r\n")
            try await eventually("the invocation is queued at the owner") { owner.load().queued == 1 }
            #expect(client.inbox.total == 0)
            owner.run(makeReplica("again", port: server.port))
            #expect(try await client.answer().status == 100)
            client.send(body)
            #expect(try await client.answer().body == body)
        }
    }

    @Test func `an upgraded connection is forwarded`() async throws {
        let server = try await StubServer.start { request in
            request.connection.send(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello")
        }
        try await withOwner(server) { first, _ in
            let client = try await first.client()
            client.send(get("/hello", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: y\r\n"))
            #expect(try await client.answer().status == 101)
            try await eventually("the replica's bytes arrive") { client.inbox.text == "hello" }
            client.send("world")
            try await eventually("the client's bytes arrive") {
                server.requests[0].connection.inbox.text.hasSuffix("world")
            }
            client.close()
        }
    }

    @Test func `the owner accepts a forwarded request of the maximum size`() async throws {
        let server = try await StubServer.answering(ok())
        var limits = Limits()
        limits.headBytesMax = 4096
        limits.fieldsMax = 20
        let many = (0..<19).map { "X-\($0): y\r\n" }.joined()
        let large = "GET /invoke/hello HTTP/1.1\r\nHost: \(String(repeating: "h", count: 4058))\r\n\r\n"
        #expect(large.utf8.count == 4096)
        try await withOwner(server, limits: limits) { first, _ in
            for (request, status) in [
                (get("/hello", many), 200), (large, 200), (get("/hello", many + "X: z\r\n"), 431),
            ] {
                let client = try await first.client()
                #expect(try await client.ask(request).status == status)
            }
        }
    }

    @Test func `the process that the client connects to enforces the rate limit`() async throws {
        let server = try await StubServer.answering(ok())
        let function = makeFunction(
            concurrency: 1, limits: FunctionLimits(rate: 0.001, burst: 2))
        try await withOwner(server, function: function) { first, owner in
            for source in ["127.0.0.2", "127.0.0.3"] {
                let client = try await RawClient.connect(to: first.port, from: source)
                #expect(try await client.ask(get()).status == 200)
                #expect(try await client.ask(get()).status == 200)
                #expect(try await client.ask(get()).status == 429)
            }
            #expect(await first.metric("f2s_requests_limited_total{function=\"hello\"}") == 2)
            #expect(await owner.metric("f2s_requests_limited_total{function=\"hello\"}") == 0)
        }
    }

    @Test func `the owner reports the timeout`() async throws {
        let server = try await StubServer.start { _ in }
        try await withOwner(server, function: makeFunction(concurrency: 1, timeout: .seconds(2))) { first, _ in
            let answer = try await first.client().ask(get())
            try #require(server.requests.first).connection.send(ok())
            #expect(answer.status == 504)
            #expect(answer.body.contains("\"stage\":\"function\""))
            #expect(await first.metric("f2s_requests_failed_total{function=\"hello\",stage=\"function\"}") == 0)
        }
    }

    @Test func `a function's response with a wrong token is not taken for a response of the owner`() async throws {
        let server = try await StubServer.answering(
            "HTTP/1.1 503 Service Unavailable\r\nX-F2S-Token: guess\r\nContent-Length: 2\r\n\r\nno")
        try await withOwner(server) { first, _ in
            let client = try await first.client()
            #expect(try await client.ask(get()).body == "no")
            #expect(server.requests.count == 1)
        }
    }
}
