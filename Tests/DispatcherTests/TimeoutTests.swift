import F2SModel
import NIOCore
import NIOPosix
import Testing

extension DispatcherSerial {
    /// Tests every timeout and the stage that its error reports.
    @Suite struct TimeoutTests {
        private let short = Timeouts(request: .seconds(20), http: .milliseconds(250), scaling: .milliseconds(250))
        private let limit = Duration.milliseconds(250)

        private func expect(_ answer: Answer, _ status: Int, _ stage: String) {
            #expect(answer.status == status)
            #expect(answer.body.contains("\"stage\":\"\(stage)\""), "\(answer.body)")
        }

        @Test func `a timeout without a first replica has stage scale and keeps the connection`() async throws {
            try await withTestbed(timeouts: short) { bed in
                bed.declare(makeFunction())
                let client = try await bed.client()
                for _ in 0..<2 { expect(try await client.ask(get()), 504, "scale") }
                #expect(bed.isIdle())
            }
        }

        @Test func `a timeout without a slot has stage queue and contains the time of the wait`() async throws {
            let server = try await StubServer.answering("HTTP/1.1 200 OK\r\n\r\nendless")
            try await withTestbed { bed in
                try await bed.serve(server, function: makeFunction(concurrency: 1, timeout: limit))
                // The response of this client has begun, so its timeout no longer applies.
                let holder = try await bed.client()
                holder.send(get())
                try await eventually("the slot is in use") { holder.inbox.text.contains("endless") }
                let client = try await bed.client()
                let answer = try await client.ask(get())
                expect(answer, 504, "queue")
                #expect(answer.field("Server-Timing")?.contains("queue;dur=0.0") == false)
                #expect(answer.field("Server-Timing")?.contains("function;dur=0.000") == true)
                #expect(bed.load().inFlight == 1)
            }
            await server.stop()
        }

        @Test func `a function that does not respond in time has stage function, and its connection is closed`()
            async throws
        {
            let server = try await StubServer.start { _ in }
            try await withTestbed { bed in
                try await bed.serve(server, function: makeFunction(timeout: limit))
                let client = try await bed.client()
                for number in 0..<2 {
                    let answer = try await client.ask(get())
                    expect(answer, 504, "function")
                    let timing = try #require(answer.field("Server-Timing"))
                    #expect(!timing.contains("function;dur=0.0"))
                    try await eventually("the replica's connection ends") { server.hasEnded(number) }
                }
                try await eventually("no invocation is left") { bed.isIdle() }
            }
            await server.stop()
        }

        @Test func `request_timeout is the upper bound of a function's own timeout`() async throws {
            let server = try await StubServer.start { _ in }
            try await withTestbed(timeouts: Timeouts(request: limit)) { bed in
                try await bed.serve(server, function: makeFunction(timeout: .seconds(100)))
                let client = try await bed.client()
                expect(try await client.ask(get()), 504, "function")
            }
            await server.stop()
        }

        @Test func `a connection that the replica does not accept in time has stage connect`() async throws {
            // The kernel accepts connections while the backlog has room. The listener never accepts them from there.
            let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.backlog, value: 1).serverChannelOption(.autoRead, value: false)
                .bind(host: "127.0.0.1", port: 0).get()
            let port = try #require(listener.localAddress?.port)
            try await withTestbed { bed in
                let function = makeFunction(timeout: limit)
                bed.declare(function)
                bed.run(makeReplica("r", of: function, port: port))
                try await eventually("the replica has accepted once") { bed.accepting == 1 }
                var fillers: [any Channel] = []
                while let filler = try? await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connectTimeout(.milliseconds(200)).connect(host: "127.0.0.1", port: port).get(), fillers.count < 20
                {
                    fillers.append(filler)
                }
                let client = try await bed.client()
                expect(try await client.ask(get()), 504, "connect")
                try await eventually("no invocation is left") { bed.isIdle() }
                for filler in fillers { try await filler.close().get() }
            }
            try await listener.close().get()
        }

        @Test func `a client that stops within its body gets 408 and a close`() async throws {
            let server = try await StubServer.start(call: .onHead) { _ in }
            try await withTestbed(timeouts: short) { bed in
                try await bed.serve(server)
                let client = try await bed.client()
                let answer = try await client.ask(
                    "PUT /invoke/hello HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\nabc")
                expect(answer, 408, "timeout")
                #expect(answer.field("Connection") == "close")
                try await client.closed()
                try await eventually("the replica's connection ends") { server.hasEnded(0) }
                try await eventually("no invocation is left") { bed.isIdle() }
            }
            await server.stop()
        }

        @Test func `a replica that stops reading a body has stage function`() async throws {
            let server = try await StubServer.start(call: .onHead) { $0.connection.setReading(false) }
            try await withTestbed(timeouts: Timeouts(http: .seconds(1))) { bed in
                try await bed.serve(server)
                let client = try await bed.client()
                client.send("PUT /invoke/hello HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
                client.send(ByteBuffer(repeating: 0, count: 40 << 20))
                expect(try await client.answer(), 504, "function")
                try await eventually("no invocation is left") { bed.isIdle() }
            }
            await server.stop()
        }

        @Test func `a slow body does not extend the function's timeout`() async throws {
            let server = try await StubServer.start(call: .onHead) { _ in }
            try await withTestbed { bed in
                try await bed.serve(server, function: makeFunction(timeout: .milliseconds(400)))
                let client = try await bed.client()
                client.send("PUT /invoke/hello HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
                try await eventually("the connection ends") {
                    client.send("x")
                    return client.isClosed || client.inbox.total > 0
                }
                expect(try await client.answer(), 504, "function")
            }
            await server.stop()
        }

        @Test func `a response that stalls is aborted, but not one that makes progress`() async throws {
            let server = try await StubServer.start { request in
                request.connection.send("HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n")
                for number in 1...25 {
                    request.connection.schedule(in: .milliseconds(100) * number) { request.connection.send("x") }
                }
            }
            try await withTestbed(timeouts: Timeouts(http: .milliseconds(1500))) { bed in
                try await bed.serve(server)
                let client = try await bed.client()
                client.send(get())
                try await client.closed()
                #expect(client.inbox.text.hasSuffix("\r\n\r\n" + String(repeating: "x", count: 25)))
                try await eventually("no invocation is left") { bed.isIdle() }
                #expect(await bed.metric("f2s_requests_failed_total{function=\"hello\",stage=\"timeout\"}") == 1)
            }
            await server.stop()
        }

        @Test(arguments: ["G", "GET /invoke/hello HTTP/1.1\r\nHost: a\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r"])
        func `a head that does not end in time gets 408 even if it makes progress`(text: String) async throws {
            var limits = Limits()
            limits.headTimeout = .milliseconds(300)
            try await withTestbed(limits: limits) { bed in
                let client = try await bed.client()
                client.send(text)
                try await eventually("a response") {
                    if text.hasSuffix("\n") { client.send("X: y\r\n") }
                    return client.inbox.total > 0
                }
                expect(try await client.answer(), 408, "timeout")
                try await client.closed()
            }
        }

        @Test func `an idle connection is closed without a response`() async throws {
            var limits = Limits()
            limits.idleTimeout = .milliseconds(300)
            try await withTestbed(limits: limits) { bed in
                let silent = try await bed.client()
                try await silent.closed()
                #expect(silent.inbox.total == 0)
            }
            let server = try await StubServer.answering(ok())
            limits.idleTimeout = .seconds(3)
            try await withTestbed(limits: limits) { bed in
                try await bed.serve(server)
                let client = try await bed.client()
                #expect(try await client.ask(get()).status == 200)
                try await client.closed()
                #expect(client.inbox.bytes.isEmpty)
            }
            await server.stop()
        }

        @Test func `changed timeouts and limits apply to open connections`() async throws {
            let server = try await StubServer.start { _ in }
            try await withTestbed { bed in
                try await bed.serve(server)
                let client = try await bed.client()
                #expect(try await client.ask(get("/nothing")).status == 404)
                bed.tune(timeouts: Timeouts(request: limit))
                // The loops apply the change asynchronously, but before they serve a new connection.
                #expect(try await bed.client().ask(get("/nothing")).status == 404)
                expect(try await client.ask(get()), 504, "function")
            }
            await server.stop()
        }
    }
}
