import F2SDispatcher
import F2SModel
import NIOCore
import Testing

/// A reason for which an invocation is abandoned.
enum ClientEnding: CaseIterable {
    /// The client closes, resets or half-closes its connection.
    case closed, reset, halfClosed
    /// The function's timeout has passed.
    case timedOut

    func apply(to client: RawClient) async throws {
        switch self {
        case .closed: client.close()
        case .reset: client.reset()
        case .halfClosed: client.finishSending()
        case .timedOut: #expect(try await client.answer().status == 504)
        }
    }

    var timeout: Duration? { self == .timedOut ? .milliseconds(300) : nil }
}

extension DispatcherSerial {
    /// Tests that an abandoned invocation holds its slot until its replica has finished.
    @Suite struct AbandonedTests {
        @Test(arguments: ClientEnding.allCases, testedLoops)
        func `a slot is held until the replica has responded, and no client receives the response`(
            how: ClientEnding, loops: Int
        ) async throws {
            let server = try await StubServer.start { _ in }
            try await withTestbed(loops: loops) { bed in
                try await bed.serve(server, function: makeFunction(concurrency: 1, timeout: how.timeout))
                let client = try await bed.client()
                client.send(get("/hello/1"))
                try await eventually("the replica has the request") { server.requests.count == 1 }
                let next = try await bed.client()
                if how != .timedOut {
                    next.send(get("/hello/2"))
                    try await eventually("the next invocation is queued") { bed.load().queued == 1 }
                }
                try await how.apply(to: client)
                try await eventually("the client's connection is released") {
                    how == .timedOut || bed.clientConnections == 1
                }
                if how == .timedOut { next.send(get("/hello/2")) }
                try await eventually("the next invocation is queued") { bed.load().queued == 1 }
                #expect(bed.load().inFlight == 1)
                #expect(server.requests.count == 1)
                #expect(!server.hasEnded(0))
                server.requests[0].connection.send(ok("one"))
                try await eventually("the next request reaches the replica") { server.requests.count == 2 }
                #expect(server.requests[1].line == "GET /2 HTTP/1.1")
                server.requests[1].connection.send(ok("two"))
                #expect(try await next.answer().body == "two")
                try await eventually("no invocation is left") { bed.isIdle() }
            }
            await server.stop()
        }

        @Test(arguments: ["closed", "reset", "until the end", "chunked"])
        func `the end of the replica's connection or response frees the slot`(end: String) async throws {
            let server = try await StubServer.start { _ in }
            try await withTestbed { bed in
                try await bed.serve(server, function: makeFunction(concurrency: 1))
                let client = try await bed.client()
                client.send(get())
                try await eventually("the replica has the request") { server.requests.count == 1 }
                client.close()
                try await eventually("the invocation is abandoned") { bed.clientConnections == 0 }
                #expect(bed.load().inFlight == 1)
                let connection = server.requests[0].connection
                switch end {
                case "closed": connection.close()
                case "reset": connection.reset()
                case "until the end":
                    connection.send("HTTP/1.1 200 OK\r\n\r\nsome")
                    #expect(bed.load().inFlight == 1)
                    connection.sendAndClose(" more")
                default:
                    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
                    #expect(bed.load().inFlight == 1)
                    connection.send("0\r\n\r\n")
                }
                try await eventually("the slot is free") { bed.isIdle() }
                let next = try await bed.client()
                next.send(get())
                try await eventually("the next request reaches the replica") { server.requests.count == 2 }
                server.requests[1].connection.send(ok("two"))
                #expect(try await next.answer().body == "two")
            }
            await server.stop()
        }

        @Test func `a function's limit of requests in flight includes abandoned invocations`() async throws {
            let (one, two) = (try await StubServer.start { _ in }, try await StubServer.start { _ in })
            try await withTestbed { bed in
                try await bed.serve(one, two, function: makeFunction(limits: FunctionLimits(inFlight: 1)))
                let client = try await bed.client()
                client.send(get())
                try await eventually("the replica has the request") { one.requests.count + two.requests.count == 1 }
                client.close()
                let next = try await bed.client()
                next.send(get())
                try await eventually("the next invocation is queued") { bed.load().queued == 1 }
                #expect(bed.load().inFlight == 1)
                for request in one.requests + two.requests { request.connection.send(ok()) }
                try await eventually("the next request reaches the replica") {
                    one.requests.count + two.requests.count == 2
                }
                for server in [one, two] { server.requests.last?.connection.send(ok("next")) }
                #expect(try await next.answer().body == "next")
            }
            await one.stop()
            await two.stop()
        }

        @Test func `a replica that waits for the rest of an abandoned body sees its connection end`() async throws {
            let server = try await StubServer.start(call: .onHead) { _ in }
            try await withTestbed { bed in
                try await bed.serve(server, function: makeFunction(concurrency: 1))
                let client = try await bed.client()
                client.send("POST /invoke/hello HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nbegun")
                try await eventually("the request has begun") { server.requests.count == 1 }
                client.close()
                // The stub closes its connection as soon as it reads the end.
                try await eventually("the replica's connection ends") { server.hasEnded(0) }
                try await eventually("the slot is free") { bed.isIdle() }
            }
            await server.stop()
        }

        @Test func `a replica that sends an endless abandoned response sees its connection end`() async throws {
            let server = try await StubServer.start {
                $0.connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            }
            try await withTestbed(timeouts: Timeouts(abandoned: .seconds(100))) { bed in
                try await bed.serve(server, function: makeFunction(concurrency: 1))
                let client = try await bed.client()
                client.send(get())
                try await eventually("the first bytes of the response") { client.inbox.text.contains("abc") }
                client.close()
                try await eventually("the replica's connection ends") { server.hasEnded(0) }
                try await eventually("the slot is free") { bed.isIdle() }
            }
            await server.stop()
        }

        @Test func `a tunnel's slot is held until the replica has closed`() async throws {
            let server = try await StubServer.start { request in
                request.connection.setHalfOpen()
                request.connection.send(
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            }
            try await withTestbed { bed in
                try await bed.serve(server, function: makeFunction(concurrency: 1))
                let client = try await bed.client()
                let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n"
                #expect(try await client.ask(get("/hello", upgrade)).status == 101)
                client.close()
                try await eventually("the replica sees the end") { server.requests[0].connection.hasInputEnded }
                #expect(bed.load().inFlight == 1)
                server.requests[0].connection.close()
                try await eventually("the slot is free") { bed.isIdle() }
            }
            await server.stop()
        }

        @Test(arguments: testedLoops, [1, 3])
        func `a replica that does not finish in time is never used again`(loops: Int, concurrency: Int) async throws {
            let (hung, other) = (try await StubServer.start { _ in }, try await StubServer.answering(ok("other")))
            let function = makeFunction(concurrency: concurrency)
            try await withTestbed(loops: loops, timeouts: Timeouts(abandoned: .milliseconds(200))) { bed in
                try await bed.serve(hung, function: function)
                let client = try await bed.client()
                client.send(get())
                try await eventually("the replica has the request") { hung.requests.count == 1 }
                client.close()
                try await eventually("the replica is given up") { bed.dispatcherLoad("r0")?.isUnresponsive == true }
                #expect(bed.dispatcherLoad("r0") == .init(inFlight: 0, isAccepting: false, isUnresponsive: true))
                try await eventually("its connection is closed") { hung.hasEnded(0) }
                // The invocation counts as in flight until its replica is gone.
                #expect(bed.load().inFlight == 1)
                let next = try await bed.client()
                next.send(get())
                try await eventually("the next invocation is queued") { bed.load().queued == 1 }
                bed.run(
                    makeReplica("r0", of: function, state: .draining, port: hung.port),
                    makeReplica("r1", of: function, port: other.port))
                #expect(try await next.answer().body == "other")
                bed.run(makeReplica("r1", of: function, port: other.port))
                try await eventually("no invocation is left") { bed.isIdle() }
                #expect(hung.requests.count == 1)
            }
            await hung.stop()
            await other.stop()
        }

        @Test func `a draining replica counts an abandoned invocation until it has finished`() async throws {
            let server = try await StubServer.start { _ in }
            let function = makeFunction(concurrency: 1)
            try await withTestbed { bed in
                try await bed.serve(server, function: function)
                let client = try await bed.client()
                client.send(get())
                try await eventually("the replica has the request") { server.requests.count == 1 }
                bed.run(makeReplica("r0", of: function, state: .draining, port: server.port))
                client.close()
                try await eventually("the client's connection is released") { bed.clientConnections == 0 }
                #expect(bed.dispatcherLoad("r0")?.inFlight == 1)
                server.requests[0].connection.send(ok())
                try await eventually("the replica is drained") { bed.dispatcherLoad("r0")?.inFlight == 0 }
            }
            await server.stop()
        }

        @Test(arguments: ClientEnding.allCases, testedLoops)
        func `the owner of a function holds the slot of an abandoned invocation from another process`(
            how: ClientEnding, loops: Int
        ) async throws {
            let server = try await StubServer.start { _ in }
            let function = makeFunction(concurrency: 1, timeout: how.timeout)
            try await withPair(loops: loops) { first, owner in
                try await owner.serve(server, function: function)
                try await first.serve(server, function: function)
                first.setOwnership(elsewhere: owner.internalAddress, isHeld: true)
                let client = try await first.client()
                client.send(get())
                try await eventually("the replica has the request") { server.requests.count == 1 }
                try await how.apply(to: client)
                try await eventually("the first process has no invocation left") { first.isIdle() }
                #expect(owner.load().inFlight == 1)
                // The owner's shutdown waits for the invocation, because the other process grants the slots afterwards.
                #expect(owner.dispatcher.currentInvocations == 1)
                let next = try await owner.client()
                next.send(get())
                try await eventually("the next invocation is queued") { owner.load().queued == 1 }
                server.requests[0].connection.send(ok())
                try await eventually("the next request reaches the replica") { server.requests.count == 2 }
                server.requests[1].connection.send(ok("two"))
                #expect(try await next.answer().body == "two")
                try await eventually("no invocation is left") { first.isIdle() && owner.isIdle() }
            }
            await server.stop()
        }
    }
}
