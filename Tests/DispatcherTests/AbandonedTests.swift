import F2SDispatcher
import F2SModel
import NIOCore
import Testing

/// How an invocation is abandoned.
enum Abandonment: CaseIterable {
    /// The client closes, resets or half-closes its connection.
    case closed, reset, halfClosed
    /// The function's own time is over.
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
    /// A slot is free when its replica is, whatever its caller does.
    @Suite struct AbandonedTests {
        @Test(arguments: Abandonment.allCases, testedLoops)
        func `a slot is held until the replica has answered, and the answer reaches nobody`(
            how: Abandonment, loops: Int
        ) async throws {
            let server = try await StubServer.start { _ in }
            try await withTestbed(loops: loops) { bed in
                try await bed.serve(server, function: makeFunction(concurrency: 1, timeout: how.timeout))
                let client = try await bed.client()
                client.send(get("/hello/1"))
                try await eventually("it works") { server.requests.count == 1 }
                let next = try await bed.client()
                if how != .timedOut {
                    next.send(get("/hello/2"))
                    try await eventually("the next one waits") { bed.load().queued == 1 }
                }
                try await how.apply(to: client)
                try await eventually("its entry is free") { how == .timedOut || bed.clientConnections == 1 }
                if how == .timedOut { next.send(get("/hello/2")) }
                try await eventually("the next one waits") { bed.load().queued == 1 }
                #expect(bed.load().inFlight == 1)
                #expect(server.requests.count == 1)
                #expect(!server.hasEnded(0))
                server.requests[0].connection.send(ok("one"))
                try await eventually("its turn") { server.requests.count == 2 }
                #expect(server.requests[1].line == "GET /2 HTTP/1.1")
                server.requests[1].connection.send(ok("two"))
                #expect(try await next.answer().body == "two")
                try await eventually("all is free") { bed.isIdle() }
            }
            await server.stop()
        }

        @Test(arguments: ["closed", "reset", "until the end", "chunked"])
        func `the replica's end, or the end of its answer, frees the slot`(end: String) async throws {
            let server = try await StubServer.start { _ in }
            try await withTestbed { bed in
                try await bed.serve(server, function: makeFunction(concurrency: 1))
                let client = try await bed.client()
                client.send(get())
                try await eventually("it works") { server.requests.count == 1 }
                client.close()
                try await eventually("it is abandoned") { bed.clientConnections == 0 }
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
                try await eventually("the next one is served") { server.requests.count == 2 }
                server.requests[1].connection.send(ok("two"))
                #expect(try await next.answer().body == "two")
            }
            await server.stop()
        }

        @Test func `the limit of a whole function holds for abandoned invocations as well`() async throws {
            let (one, two) = (try await StubServer.start { _ in }, try await StubServer.start { _ in })
            try await withTestbed { bed in
                try await bed.serve(one, two, function: makeFunction(limits: FunctionLimits(inFlight: 1)))
                let client = try await bed.client()
                client.send(get())
                try await eventually("it works") { one.requests.count + two.requests.count == 1 }
                client.close()
                let next = try await bed.client()
                next.send(get())
                try await eventually("the next one waits") { bed.load().queued == 1 }
                #expect(bed.load().inFlight == 1)
                for request in one.requests + two.requests { request.connection.send(ok()) }
                try await eventually("its turn") { one.requests.count + two.requests.count == 2 }
                for server in [one, two] { server.requests.last?.connection.send(ok("next")) }
                #expect(try await next.answer().body == "next")
            }
            await one.stop()
            await two.stop()
        }

        @Test func `a replica that waits for the rest of a body hears that none comes`() async throws {
            let server = try await StubServer.start(call: .onHead) { _ in }
            try await withTestbed { bed in
                try await bed.serve(server, function: makeFunction(concurrency: 1))
                let client = try await bed.client()
                client.send("POST /invoke/hello HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nbegun")
                try await eventually("it has begun") { server.requests.count == 1 }
                client.close()
                // The stub closes as soon as it reads the end.
                try await eventually("the replica sees it") { server.hasEnded(0) }
                try await eventually("the slot is free") { bed.isIdle() }
            }
            await server.stop()
        }

        @Test func `a replica that writes without end hears that nobody reads`() async throws {
            let server = try await StubServer.start {
                $0.connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            }
            try await withTestbed(timeouts: Timeouts(abandoned: .seconds(100))) { bed in
                try await bed.serve(server, function: makeFunction(concurrency: 1))
                let client = try await bed.client()
                client.send(get())
                try await eventually("the beginning") { client.inbox.text.contains("abc") }
                client.close()
                try await eventually("the replica sees it") { server.hasEnded(0) }
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
                try await eventually("the replica hears of it") { server.requests[0].connection.hasInputEnded }
                #expect(bed.load().inFlight == 1)
                server.requests[0].connection.close()
                try await eventually("the slot is free") { bed.isIdle() }
            }
            await server.stop()
        }

        @Test(arguments: testedLoops) func `a replica that does not finish in time is never used again`(
            concurrency: Int
        ) async throws {
            let (hung, other) = (try await StubServer.start { _ in }, try await StubServer.answering(ok("other")))
            let function = makeFunction(concurrency: concurrency)
            try await withTestbed(timeouts: Timeouts(abandoned: .milliseconds(200))) { bed in
                try await bed.serve(hung, function: function)
                let client = try await bed.client()
                client.send(get())
                try await eventually("it works") { hung.requests.count == 1 }
                client.close()
                try await eventually("it is given up") { bed.dispatcherLoad("r0")?.isUnresponsive == true }
                #expect(bed.dispatcherLoad("r0") == .init(inFlight: 0, isAccepting: false, isUnresponsive: true))
                try await eventually("its connection is closed") { hung.hasEnded(0) }
                // It counts until its replica is gone.
                #expect(bed.load().inFlight == 1)
                let next = try await bed.client()
                next.send(get())
                try await eventually("the next one waits") { bed.load().queued == 1 }
                bed.run(
                    makeReplica("r0", of: function, state: .draining, port: hung.port),
                    makeReplica("r1", of: function, port: other.port))
                #expect(try await next.answer().body == "other")
                bed.run(makeReplica("r1", of: function, port: other.port))
                try await eventually("all is free") { bed.isIdle() }
                #expect(hung.requests.count == 1)
            }
            await hung.stop()
            await other.stop()
        }

        @Test func `a replica that is drained keeps what was abandoned until it has finished`() async throws {
            let server = try await StubServer.start { _ in }
            let function = makeFunction(concurrency: 1)
            try await withTestbed { bed in
                try await bed.serve(server, function: function)
                let client = try await bed.client()
                client.send(get())
                try await eventually("it works") { server.requests.count == 1 }
                bed.run(makeReplica("r0", of: function, state: .draining, port: server.port))
                client.close()
                try await eventually("its entry is free") { bed.clientConnections == 0 }
                #expect(bed.dispatcherLoad("r0")?.inFlight == 1)
                server.requests[0].connection.send(ok())
                try await eventually("it is drained") { bed.dispatcherLoad("r0")?.inFlight == 0 }
            }
            await server.stop()
        }

        @Test(arguments: Abandonment.allCases, testedLoops)
        func `the owner of a function holds the slot of a client of another process`(
            how: Abandonment, loops: Int
        ) async throws {
            let server = try await StubServer.start { _ in }
            let function = makeFunction(concurrency: 1, timeout: how.timeout)
            try await withPair(loops: loops) { first, owner in
                try await owner.serve(server, function: function)
                try await first.serve(server, function: function)
                first.seat(elsewhere: owner.internalAddress, isHeld: true)
                let client = try await first.client()
                client.send(get())
                try await eventually("it works") { server.requests.count == 1 }
                try await how.apply(to: client)
                try await eventually("nothing is left of it here") { first.isIdle() }
                #expect(owner.load().inFlight == 1)
                // A shutdown of the owner waits for it: afterwards the other process grants the slots.
                #expect(owner.dispatcher.currentInvocations == 1)
                let next = try await owner.client()
                next.send(get())
                try await eventually("the next one waits") { owner.load().queued == 1 }
                server.requests[0].connection.send(ok())
                try await eventually("its turn") { server.requests.count == 2 }
                server.requests[1].connection.send(ok("two"))
                #expect(try await next.answer().body == "two")
                try await eventually("all is free") { first.isIdle() && owner.isIdle() }
            }
            await server.stop()
        }
    }
}
