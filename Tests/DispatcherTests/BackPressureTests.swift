import F2SModel
import NIOCore
import Testing

extension DispatcherSerial {
    /// Whoever is slow slows down who writes, and does not fill the memory.
    @Suite struct BackPressureTests {
        static let total = 48 << 20
        /// What the kernel's buffers of two connections may hold, generously; the dispatcher's own are far below.
        static let heldMax = 32 << 20

        /// Waits until a number does not move any more.
        private func settled(_ what: String, _ number: () async throws -> Int) async throws -> Int {
            var last = -1
            var same = 0
            let clock = ContinuousClock()
            let end = clock.now + .seconds(20)
            while same < 40 {
                guard clock.now < end else { throw Late(description: "\(what) does not settle") }
                let next = try await number()
                same = next == last ? same + 1 : 0
                last = next
                try await clock.sleep(for: .milliseconds(5))
            }
            return last
        }

        private func bytes(_ count: Int) -> ByteBuffer { ByteBuffer(repeating: UInt8(ascii: "x"), count: count) }

        @Test func `a client that does not read stops the replica, and gets everything once it reads`() async throws {
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
                let left = try await settled("what the replica could not write") { try await connection.unwritten() }
                #expect(left > Self.total - Self.heldMax)
                try await client.setReading(true)
                try await eventually("everything") { client.inbox.total > Self.total }
                try await eventually("all is free") { bed.isIdle() }
                #expect(server.requests.count == 1)
            }
            await server.stop()
        }

        @Test func `a replica that does not read stops the client, and gets everything once it reads`() async throws {
            let server = try await StubServer.start(call: .onHead) { $0.connection.setReading(false) }
            try await withTestbed { bed in
                try await bed.serve(server)
                let client = try await bed.client()
                client.send("PUT /invoke/hello HTTP/1.1\r\nHost: a\r\nContent-Length: \(Self.total)\r\n\r\n")
                client.send(bytes(Self.total))
                try await eventually("the request") { server.requests.count == 1 }
                let left = try await settled("what the client could not write") { try await client.unwritten() }
                #expect(left > Self.total - Self.heldMax)
                let connection = server.requests[0].connection
                connection.setReading(true)
                try await eventually("everything") { connection.inbox.total > Self.total }
                connection.send(ok("thanks"))
                #expect(try await client.answer().body == "thanks")
                client.send(get())
                #expect(!client.isClosed)
            }
            await server.stop()
        }

        @Test func `a body that waits for a replica is not taken from the client`() async throws {
            let server = try await StubServer.start(call: .onHead) { _ in }
            try await withTestbed { bed in
                let function = makeFunction()
                bed.declare(function)
                let client = try await bed.client()
                client.send("PUT /invoke/hello HTTP/1.1\r\nHost: a\r\nContent-Length: \(Self.total)\r\n\r\n")
                client.send(bytes(Self.total))
                try await eventually("it waits") { bed.load().queued == 1 }
                #expect(
                    try await settled("what the client could not write") { try await client.unwritten() } > Self.total
                        - Self.heldMax)
                bed.run(makeReplica("r", of: function, port: server.port))
                try await eventually("everything") {
                    server.requests.first.map { $0.connection.inbox.total > Self.total } ?? false
                }
                server.requests[0].connection.send(ok("thanks"))
                #expect(try await client.answer().body == "thanks")
            }
            await server.stop()
        }

        @Test func `a client that pipelines without reading answers is not read any further`() async throws {
            try await withTestbed { bed in
                bed.declare(makeFunction())
                let client = try await bed.client(isReading: false)
                let line = "GET /invoke/nothing HTTP/1.1\r\nHost: a\r\n\r\n"
                let count = Self.total / line.utf8.count
                client.send(String(repeating: line, count: count))
                let refused = try await settled("what is answered") {
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
                    try await settled("the client's side") { try await client.unwritten() } > Self.total - Self.heldMax)
                connection.setReading(true)
                try await eventually("all of it") { connection.inbox.total >= Self.total }
                try await client.setReading(false)
                connection.send(bytes(Self.total))
                #expect(
                    try await settled("the replica's side") { try await connection.unwritten() } > Self.total
                        - Self.heldMax
                )
                try await client.setReading(true)
                try await eventually("all of it") { client.inbox.total >= Self.total }
            }
            await server.stop()
        }

        /// A client that has read nothing of an answer which the replica has ended: all of it is on its way. How much
        /// the kernel keeps on either side of F2S differs from one connection to the next, so less is tried until it
        /// fits.
        private func endWhileNobodyReads(
            _ bed: Testbed, _ server: StubServer, way: Int
        ) async throws -> (client: RawClient, count: Int) {
            for attempt in 1... {
                let count = way - (4 << 20) - attempt << 20
                guard count > 1 << 20 else { break }
                let client = try await bed.client(isReading: false)
                client.send(get("/hello/\(count)", "Connection: close\r\n"))
                try await eventually("the request") { server.requests.count == attempt + 1 }
                let isOver: Void? = try? await eventually("the end", within: .seconds(1)) {
                    server.hasEnded(attempt) && bed.isIdle()
                }
                if isOver != nil { return (client, count) }
                client.close()
            }
            throw Late(description: "no answer is short enough to be on its way")
        }

        @Test func `the end of a long answer is not cut off from a client that is slow to take it`() async throws {
            let server = try await StubServer.start { request in
                let count = Int(request.line.dropFirst("GET /".count).prefix { $0.isNumber }) ?? 0
                request.connection.send("HTTP/1.1 200 OK\r\n\r\n")
                request.connection.send(ByteBuffer(repeating: UInt8(ascii: "x"), count: count))
                request.connection.closeAfterWriting()
            }
            try await withTestbed { bed in
                try await bed.serve(server)
                // What the way from the replica to the client holds.
                let first = try await bed.client(isReading: false)
                first.send(get("/hello/\(Self.total)"))
                try await eventually("the request") { server.requests.count == 1 }
                let left = try await settled("what the replica could not write") {
                    try await server.requests[0].connection.unwritten()
                }
                first.close()
                bed.tune(timeouts: Timeouts(http: .seconds(2)))
                let (client, count) = try await endWhileNobodyReads(bed, server, way: Self.total - left)
                // Longer than a client gets that has nothing left to take.
                try await ContinuousClock().sleep(for: .milliseconds(2500))
                try await client.setReading(true)
                try await eventually("everything") { client.inbox.total > count }
                try await client.closed()
            }
            await server.stop()
        }
    }
}
