import F2SModel
import NIOCore
import Testing

extension DispatcherSerial {
    /// Tests back pressure: a slow reader slows its writer down and does not fill the memory.
    @Suite struct BackPressureTests {
        static let total = 48 << 20
        /// A generous bound for the bytes in the kernel's buffers of two connections. The dispatcher's own buffers are
        /// much smaller.
        static let heldMax = 32 << 20

        private func bytes(_ count: Int) -> ByteBuffer { ByteBuffer(repeating: UInt8(ascii: "x"), count: count) }

        @Test func `a client that does not read stops the replica, and gets all bytes once it reads`() async throws {
            let server = try await StubServer.start { request in
                request.connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(BackPressureTests.total)\r\n\r\n")
                request.connection.send(ByteBuffer(repeating: UInt8(ascii: "x"), count: BackPressureTests.total))
            }
            try await withTestbed { bed in
                try await bed.serve(server)
                let client = try await bed.client(isReading: false)
                client.send(get())
                try await eventually("the request") { server.requests.count == 1 }
                let connection = server.requests[0].connection
                let left = try await settled("the replica's unwritten bytes") { try await connection.unwritten() }
                #expect(left > Self.total - Self.heldMax)
                try await client.setReading(true)
                try await eventually("all bytes arrive") { client.inbox.total > Self.total }
                try await eventually("no invocation is left") { bed.isIdle() }
                #expect(server.requests.count == 1)
            }
            await server.stop()
        }

        @Test func `a replica that does not read stops the client, and gets all bytes once it reads`() async throws {
            let server = try await StubServer.start(call: .onHead) { $0.connection.setReading(false) }
            try await withTestbed { bed in
                try await bed.serve(server)
                let client = try await bed.client()
                client.send("PUT /invoke/hello HTTP/1.1\r\nHost: a\r\nContent-Length: \(Self.total)\r\n\r\n")
                client.send(bytes(Self.total))
                try await eventually("the request") { server.requests.count == 1 }
                let left = try await settled("the client's unwritten bytes") { try await client.unwritten() }
                #expect(left > Self.total - Self.heldMax)
                let connection = server.requests[0].connection
                connection.setReading(true)
                try await eventually("all bytes arrive") { connection.inbox.total > Self.total }
                connection.send(ok("thanks"))
                #expect(try await client.answer().body == "thanks")
                client.send(get())
                #expect(!client.isClosed)
            }
            await server.stop()
        }

        @Test func `the dispatcher does not read the body of a queued invocation`() async throws {
            let server = try await StubServer.start(call: .onHead) { _ in }
            try await withTestbed { bed in
                let function = makeFunction()
                bed.declare(function)
                let client = try await bed.client()
                client.send("PUT /invoke/hello HTTP/1.1\r\nHost: a\r\nContent-Length: \(Self.total)\r\n\r\n")
                client.send(bytes(Self.total))
                try await eventually("the invocation is queued") { bed.load().queued == 1 }
                #expect(
                    try await settled("the client's unwritten bytes") { try await client.unwritten() } > Self.total
                        - Self.heldMax)
                bed.run(makeReplica("r", of: function, port: server.port))
                try await eventually("all bytes arrive") {
                    server.requests.first.map { $0.connection.inbox.total > Self.total } ?? false
                }
                server.requests[0].connection.send(ok("thanks"))
                #expect(try await client.answer().body == "thanks")
            }
            await server.stop()
        }

        @Test func `the dispatcher stops reading from a client that pipelines and reads no responses`() async throws {
            try await withTestbed { bed in
                bed.declare(makeFunction())
                let client = try await bed.client(isReading: false)
                let line = "GET /invoke/nothing HTTP/1.1\r\nHost: a\r\n\r\n"
                let count = Self.total / line.utf8.count
                client.send(String(repeating: line, count: count))
                let refused = try await settled("the number of responses") {
                    Int(bed.metric("f2s_requests_refused_total{stage=\"route\"}"))
                }
                #expect((1..<(count / 2)).contains(refused))
                #expect(try await client.unwritten() > Self.total / 2)
                try await client.setReading(true)
                for _ in 0..<100 { #expect(try await client.answer().status == 404) }
                client.close()
            }
        }

        @Test func `both sides of a tunnel can be slow`() async throws {
            let server = try await StubServer.start {
                $0.connection.send(
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            }
            try await withTestbed { bed in
                try await bed.serve(server)
                let client = try await bed.client()
                let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n"
                let answer = try await client.ask(get("/hello", upgrade))
                #expect(answer.status == 101)
                let connection = server.requests[0].connection
                connection.setReading(false)
                client.send(bytes(Self.total))
                #expect(
                    try await settled("the client's unwritten bytes") { try await client.unwritten() } > Self.total
                        - Self.heldMax)
                connection.setReading(true)
                try await eventually("all bytes arrive") { connection.inbox.total >= Self.total }
                try await client.setReading(false)
                connection.send(bytes(Self.total))
                #expect(
                    try await settled("the replica's unwritten bytes") { try await connection.unwritten() } > Self.total
                        - Self.heldMax
                )
                try await client.setReading(true)
                try await eventually("all bytes arrive") { client.inbox.total >= Self.total }
            }
            await server.stop()
        }

        /// Returns a client that has read nothing of a response although the replica has sent it completely, so that
        /// all of it is in buffers. The size of the kernel's buffers differs between connections, so this tries shorter
        /// responses until one fits.
        private func endWhileNobodyReads(
            _ bed: Testbed, _ server: StubServer, way: Int
        ) async throws -> (client: RawClient, count: Int) {
            for attempt in 1... {
                let count = way - (4 << 20) - attempt << 20
                guard count > 1 << 20 else { break }
                let client = try await bed.client(isReading: false)
                client.send(get("/hello/\(count)", "Connection: close\r\n"))
                try await eventually("the request") { server.requests.count == attempt + 1 }
                let isOver: Void? = try? await eventually("the connection ends", within: .seconds(1)) {
                    server.hasEnded(attempt) && bed.isIdle()
                }
                if isOver != nil { return (client, count) }
                client.close()
            }
            throw Late(description: "no response is short enough to fit into the buffers")
        }

        @Test func `a slow client gets the end of a long response`() async throws {
            let server = try await StubServer.start { request in
                let count = Int(request.line.dropFirst("GET /".count).prefix { $0.isNumber }) ?? 0
                request.connection.send("HTTP/1.1 200 OK\r\n\r\n")
                request.connection.send(ByteBuffer(repeating: UInt8(ascii: "x"), count: count))
                request.connection.closeAfterWriting()
            }
            try await withTestbed { bed in
                try await bed.serve(server)
                // Measures how many bytes the buffers between the replica and the client hold.
                let first = try await bed.client(isReading: false)
                first.send(get("/hello/\(Self.total)"))
                try await eventually("the request") { server.requests.count == 1 }
                let left = try await settled("the replica's unwritten bytes") {
                    try await server.requests[0].connection.unwritten()
                }
                first.close()
                bed.tune(timeouts: Timeouts(http: .seconds(2)))
                let (client, count) = try await endWhileNobodyReads(bed, server, way: Self.total - left)
                // Waits longer than the timeout of a client without unsent bytes.
                try await ContinuousClock().sleep(for: .milliseconds(2500))
                try await client.setReading(true)
                try await eventually("all bytes arrive") { client.inbox.total > count }
                try await client.closed()
            }
            await server.stop()
        }
    }
}
