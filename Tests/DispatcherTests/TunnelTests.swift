import F2SModel
import Glibc
import NIOCore
import Testing

@testable import F2SDispatcher

extension DispatcherSerial {
    /// Tests connections after an upgrade to another protocol (RFC 9110 section 7.8).
    @Suite struct TunnelTests {
        private let switching =
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-X: 1\r\n\r\n"
        private let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n"

        @Test func `bytes are forwarded in both directions, including early ones, and the slot is held`() async throws {
            let server = try await StubServer.start { [switching] in $0.connection.send(switching + "welcome") }
            try await withTestbed { bed in
                try await bed.serve(server, function: makeFunction(concurrency: 1))
                let client = try await bed.client()
                let answer = try await client.ask(get("/hello", upgrade) + "early")
                #expect(answer.status == 101)
                #expect(answer.field("Upgrade") == "websocket")
                #expect(answer.field("Connection") == "Upgrade")
                #expect(answer.field("Sec-X") == "1")
                #expect(server.requests[0].field("Connection") == "Upgrade")
                #expect(server.requests[0].field("Upgrade") == "websocket")
                try await eventually("the replica's first bytes") { client.inbox.text == "welcome" }
                let connection = server.requests[0].connection
                try await eventually("the client's early bytes") { connection.inbox.text.hasSuffix("\r\n\r\nearly") }
                for number in 0..<20 {
                    client.send("c\(number);")
                    try await eventually("the bytes reach the replica") {
                        connection.inbox.text.hasSuffix("c\(number);")
                    }
                    connection.send("s\(number);")
                    try await eventually("the bytes reach the client") { client.inbox.text.hasSuffix("s\(number);") }
                }
                #expect(bed.load().inFlight == 1)
                client.close()
                try await eventually("the replica sees the end") { connection.inbox.isClosed }
                try await eventually("the slot is free") { bed.isIdle() }
                #expect(await bed.metric("f2s_requests_completed_total{function=\"hello\"}") == 1)
                #expect(await bed.metric("f2s_requests_abandoned_total{function=\"hello\"}") == 0)
            }
            await server.stop()
        }

        @Test func `the replica's last bytes arrive before the end`() async throws {
            let server = try await StubServer.start { [switching] in $0.connection.send(switching) }
            try await withTestbed { bed in
                try await bed.serve(server)
                let client = try await bed.client()
                #expect(try await client.ask(get("/hello", upgrade)).status == 101)
                server.requests[0].connection.sendAndClose("goodbye")
                try await client.closed()
                #expect(client.inbox.text == "goodbye")
                try await eventually("the slot is free") { bed.isIdle() }
            }
            await server.stop()
        }

        @Test func `the response of a replica that declines an upgrade is forwarded`() async throws {
            let server = try await StubServer.answering("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno")
            try await withTestbed { bed in
                try await bed.serve(server)
                let client = try await bed.client()
                let upgrade = get("/hello", "Connection: Upgrade\r\nUpgrade: websocket\r\n")
                let answer = try await client.ask(upgrade)
                #expect(answer.status == 426)
                #expect(answer.body == "no")
                #expect(try await client.ask(upgrade).status == 426)
            }
            await server.stop()
        }

        @Test(arguments: testedLoops) func `a tunnel half-closed by the client still delivers the replica's bytes`(
            loops: Int
        ) async throws {
            try await withRawTunnel(loops: loops) { client, replica in
                Wire.send(client, Array("last words".utf8))
                Wire.finishSending(client)
                #expect(try await all(from: replica) == 10)
                let count = try await sendAll(replica)
                #expect(try await all(from: client) == count)
                close(client)
            }
        }

        @Test(arguments: testedLoops) func `a tunnel half-closed by the replica still delivers the client's bytes`(
            loops: Int
        ) async throws {
            try await withRawTunnel(loops: loops) { client, replica in
                Wire.send(replica, Array("goodbye".utf8))
                Wire.finishSending(replica)
                #expect(try await all(from: client) == 7)
                let count = try await sendAll(client)
                #expect(try await all(from: replica) == count)
                close(client)
            }
        }

        @Test func `a half-closed tunnel times out`() async throws {
            try await withRawTunnel(loops: 1, timeouts: Timeouts(http: .milliseconds(100))) { client, replica in
                Wire.finishSending(client)
                #expect(try await all(from: replica) == 0)
                try await eventually("the client's connection ends") { Wire.end(of: client) != nil }
                close(client)
                // The slot is free once the replica has ended its side as well.
                Wire.finishSending(replica)
            }
        }

        /// Runs `body` with a tunnel between two plain sockets, and checks that no connection or slot is left.
        private func withRawTunnel(
            loops: Int, timeouts: Timeouts = Timeouts(),
            _ body: (_ client: Int32, _ replica: Int32) async throws -> Void
        ) async throws {
            let (listener, port) = try Wire.listen()
            defer { close(listener) }
            try await withTestbed(loops: loops, timeouts: timeouts) { bed in
                try await bed.serve(ports: [port], function: makeFunction(concurrency: 1))
                let client = try Wire.connect(to: bed.port)
                Wire.send(client, Array(get("/hello", upgrade).utf8))
                var accepted: [Int32] = []
                defer { for descriptor in accepted { close(descriptor) } }
                var replica: Int32?
                try await eventually("the request") {
                    if let next = Socket.accept(listener) { accepted.append(next.descriptor) }
                    replica = accepted.first { Wire.receive($0)?.isEmpty == false }
                    return replica != nil
                }
                let chosen = try replica.orThrow()
                Wire.send(chosen, Array(switching.utf8))
                var head: [UInt8] = []
                try await eventually("the switch of protocols") {
                    head += Wire.receive(client) ?? []
                    return head.count >= switching.utf8.count
                }
                try await body(client, chosen)
                try await eventually("the slot is free") { bed.isIdle() && bed.clientConnections == 0 }
            }
        }

        /// Sends more bytes than the buffers of the kernel hold, then closes the sending side. Returns their number.
        private func sendAll(_ descriptor: Int32) async throws -> Int {
            let count = 300_000
            var left = [UInt8](repeating: UInt8(ascii: "x"), count: count)[...]
            try await eventually("all bytes are sent") {
                left = left.dropFirst(max(0, Wire.send(descriptor, left)))
                return left.isEmpty
            }
            Wire.finishSending(descriptor)
            return count
        }

        /// Receives until the end. Returns the number of bytes.
        private func all(from descriptor: Int32) async throws -> Int {
            var count = 0
            try await eventually("the connection ends; got \(count) bytes") {
                while let bytes = Wire.receive(descriptor) {
                    if bytes.isEmpty { return true }
                    count += bytes.count
                }
                return false
            }
            return count
        }

        @Test func `a tunnel has only its own idle timeout`() async throws {
            let server = try await StubServer.start { [switching] request in
                request.connection.send(switching)
                for number in 1...20 {
                    request.connection.schedule(in: .milliseconds(100) * number) { request.connection.send("x") }
                }
            }
            var limits = Limits()
            limits.tunnelIdleTimeout = .milliseconds(1500)
            let timeouts = Timeouts(request: .seconds(1), http: .milliseconds(100))
            try await withTestbed(limits: limits, timeouts: timeouts) { bed in
                try await bed.serve(server)
                let client = try await bed.client()
                #expect(try await client.ask(get("/hello", upgrade)).status == 101)
                try await client.closed()
                #expect(client.inbox.text == String(repeating: "x", count: 20))
                try await eventually("the replica sees the end") { server.hasEnded(0) }
                try await eventually("the slot is free") { bed.isIdle() }
            }
            await server.stop()
        }
    }
}
