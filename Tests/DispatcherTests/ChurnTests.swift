import F2SModel
import Glibc
import NIOCore
import Synchronization
import Testing

extension DispatcherSerial {
    /// Tests connections that end at every possible moment and in every way. No invocation may hang, and no connection
    /// or slot may be left over.
    @Suite struct ChurnTests {
        enum Way: CaseIterable, Sendable { case end, half, reset }

        private func leave(_ descriptor: Int32, _ way: Way) {
            switch way {
            case .end: close(descriptor)
            case .half: Wire.finishSending(descriptor)
            case .reset: Wire.reset(descriptor)
            }
        }

        private func expectNothingLeft(_ bed: Testbed) async throws {
            try await eventually("no invocation or connection is left") { bed.isIdle() && bed.clientConnections == 0 }
        }

        static let requests = [
            get("/hello/first"), post(body: "hello") + get("/hello/second"),
            "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5\r\nhello\r\n0\r\nX: y\r\n\r\n",
        ]

        @Test(arguments: requests.indices, Way.allCases)
        func `a client may leave after any byte of its requests`(number: Int, way: Way) async throws {
            let server = try await StubServer.start { $0.connection.send(ok()) }
            try await withTestbed { bed in
                try await bed.serve(server, function: makeFunction(concurrency: 2))
                let bytes = Array(Self.requests[number].utf8)
                var halves: [Int32] = []
                for cut in 0...bytes.count {
                    let descriptor = try Wire.connect(to: bed.port)
                    Wire.send(descriptor, bytes.prefix(cut))
                    leave(descriptor, way)
                    if way == .half { halves.append(descriptor) }
                }
                // The dispatcher also closes the half-closed connections, although the client's ends are still open.
                try await expectNothingLeft(bed)
                for descriptor in halves { close(descriptor) }
                #expect(try await bed.client().ask(get()).status == 200)
            }
            await server.stop()
        }

        static let answers = [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ]

        @Test(arguments: answers.indices, [true, false])
        func `a replica may leave after any byte of its response`(number: Int, isReset: Bool) async throws {
            let text = Self.answers[number]
            let server = try await StubServer.start { request in
                let cut = Int(request.line.split(separator: " ")[1].dropFirst()) ?? text.utf8.count
                request.connection.send(String(decoding: text.utf8.prefix(cut), as: UTF8.self))
                guard cut < text.utf8.count else { return }
                if isReset { request.connection.reset() } else { request.connection.closeAfterWriting() }
            }
            try await withTestbed { bed in
                try await bed.serve(server)
                let headEnd = try text.ranges(of: "\r\n\r\n").first.orThrow().upperBound
                let headBytes = text[..<headEnd].utf8.count
                for cut in 0..<text.utf8.count {
                    let client = try await bed.client()
                    client.send(post("/hello/\(cut)", body: "once"))
                    if !isReset, cut >= headBytes {
                        try await client.closed()
                        #expect(client.inbox.text.hasPrefix("HTTP/1.1 200"), "cut at \(cut)")
                        #expect(
                            try Answer.parse(client.inbox.bytes, isClosed: true, isToHead: false) == nil,
                            "cut at \(cut)")
                    } else {
                        // A reset may discard any part of the response, but the client never gets a complete one.
                        try await eventually("a response or the end") { client.inbox.total > 0 || client.isClosed }
                        let text = client.inbox.text
                        #expect(text.hasPrefix("HTTP/1.1 502") || text.hasPrefix("HTTP/1.1 200") && isReset, "\(cut)")
                    }
                    client.close()
                    try await eventually("no invocation is left") { bed.isIdle() && bed.accepting == 1 }
                }
                #expect(try await bed.client().ask(get("/hello/whole")).body == "hello")
            }
            await server.stop()
        }

        @Test func `a replica that resets each connection causes errors and leaves no connection`()
            async throws
        {
            let (listener, port) = try Wire.listen()
            let isOver = Flag()
            async let resetting: Void = onThread {
                while !isOver.isSet.load(ordering: .relaxed) {
                    var one = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
                    poll(&one, 1, 20)
                    let descriptor = accept(listener, nil, nil)
                    if descriptor >= 0 { Wire.reset(descriptor) }
                }
                close(listener)
            }
            try await withTestbed(timeouts: Timeouts(request: .seconds(2), scaling: .seconds(1))) { bed in
                let function = makeFunction(concurrency: 1)
                bed.declare(function)
                bed.run(makeReplica("r", of: function, port: port))
                for _ in 0..<10 {
                    let client = try await bed.client()
                    let status = try await client.ask(get()).status
                    #expect([502, 503, 504].contains(status), "\(status)")
                    client.close()
                }
                try await expectNothingLeft(bed)
                try await eventually("no connection to the replica is left") { bed.upstreamConnections <= 1 }
            }
            isOver.isSet.store(true, ordering: .relaxed)
            try await resetting
        }

        private final class Flag: Sendable { let isSet = Atomic<Bool>(false) }

        @Test func `a client may leave while the dispatcher connects to a replica`() async throws {
            // The kernel accepts only the first connection for this listener; all others wait.
            let (listener, port) = try Wire.listen()
            listen(listener, 0)
            try await withTestbed { bed in
                let function = makeFunction(concurrency: 20)
                bed.declare(function)
                bed.run(makeReplica("r", of: function, port: port))
                try await eventually("the replica has accepted once") { bed.accepting == 1 }
                var clients: [Int32] = []
                for _ in 0..<10 {
                    clients.append(try Wire.connect(to: bed.port))
                    Wire.send(clients[clients.count - 1], Array(get().utf8))
                }
                try await eventually("the invocations are in flight") { bed.load().inFlight == 10 }
                for (number, client) in clients.enumerated() { leave(client, Way.allCases[number % 3]) }
                try await expectNothingLeft(bed)
                for (number, client) in clients.enumerated() where Way.allCases[number % 3] == .half { close(client) }
                try await eventually("the attempts have ended") { bed.upstreamConnections == 0 }
            }
            close(listener)
        }

        @Test(arguments: Way.allCases) func `a client may leave an unread response`(way: Way) async throws {
            let replicas = try LeanReplicas(1)
            try await withTestbed { bed in
                try await bed.serve(ports: replicas.ports)
                var clients: [Int32] = []
                for _ in 0..<20 {
                    clients.append(try Wire.connect(to: bed.port, receiveBytes: 4096))
                    Wire.send(clients[clients.count - 1], Array(get("/hello/large").utf8))
                }
                var (last, same) = (0, 0)
                try await eventually("no more bytes are sent") {
                    let bytes = replicas.tally.largeBytes
                    same = bytes > 0 && bytes == last ? same + 1 : 0
                    last = bytes
                    return same == 10
                }
                #expect(bed.load().inFlight == 20)
                for client in clients { leave(client, way) }
                try await expectNothingLeft(bed)
                if way == .half { for client in clients { close(client) } }
                try await eventually("no connection is left") { bed.upstreamConnections == 0 }
            }
            replicas.stop()
        }

        @Test(arguments: Way.allCases) func `a client may leave a tunnel without readers`(way: Way) async throws {
            let server = try await StubServer.start { request in
                request.connection.setReading(false)
                request.connection.send(
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
                request.connection.send(ByteBuffer(repeating: 1, count: 16 << 20))
            }
            // After a client closes its direction, the dispatcher still delivers its bytes, until the tunnel stalls for
            // longer than the timeout.
            try await withTestbed(timeouts: Timeouts(http: .seconds(5))) { bed in
                try await bed.serve(server, function: makeFunction(concurrency: 1))
                let fields = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n"
                let client = try Wire.connect(to: bed.port, receiveBytes: 4096)
                Wire.send(client, Array(get("/hello", fields).utf8))
                try await eventually("the tunnel") {
                    bed.metric("f2s_requests_completed_total{function=\"hello\"}") == 1
                }
                let bytes = [UInt8](repeating: 2, count: 65_536)
                // The tunnel is full once it has accepted no byte for a while.
                var refused = 0
                try await eventually("the tunnel is full") {
                    while Wire.send(client, bytes) > 0 { refused = 0 }
                    refused += 1
                    return refused == 15
                }
                leave(client, way)
                // A FIN is read only after the undelivered bytes; a reset is seen at once.
                if way == .reset {
                    try await eventually("the client's connection is released") { bed.clientConnections == 0 }
                    server.requests[0].connection.setReading(true)
                    try await expectNothingLeft(bed)
                } else {
                    server.requests[0].connection.setReading(true)
                    try await eventually("the replica sees the end") { server.hasEnded(0) }
                    try await expectNothingLeft(bed)
                    if way == .half { close(client) }
                }
            }
            await server.stop()
        }
    }
}
