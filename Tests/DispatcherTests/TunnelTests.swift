import F2SModel
import Glibc
import NIOCore
import Testing

@testable import F2SDispatcher

extension DispatcherSerial {
    /// Leaving HTTP (RFC 9110 section 7.8).
    @Suite struct TunnelTests {
        private let switching =
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-X: 1\r\n\r\n"
        private let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n"

        @Test func `bytes pass both ways, early ones included, and the slot is held until the end`() async throws {
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
                try await eventually("welcome") { client.inbox.text == "welcome" }
                let connection = server.requests[0].connection
                try await eventually("early") { connection.inbox.text.hasSuffix("\r\n\r\nearly") }
                for number in 0..<20 {
                    client.send("c\(number);")
                    try await eventually("to the replica") { connection.inbox.text.hasSuffix("c\(number);") }
                    connection.send("s\(number);")
                    try await eventually("to the client") { client.inbox.text.hasSuffix("s\(number);") }
                }
                #expect(bed.load().inFlight == 1)
                client.close()
                try await eventually("the replica sees the end") { connection.inbox.isClosed }
                try await eventually("the slot is free") { bed.isIdle() }
                #expect(bed.metric("f2s_requests_completed_total{function=\"hello\"}") == 1)
                #expect(bed.metric("f2s_requests_abandoned_total{function=\"hello\"}") == 0)
            }
            await server.stop()
        }

        @Test func `what the replica says last arrives before the end`() async throws {
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

        @Test func `a replica that does not switch answers as usual`() async throws {
            let server = try await StubServer.answering("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno")
            try await withTestbed { bed in
                try await bed.serve(server)
                let client = try await bed.client()
                let wish = get("/hello", "Connection: Upgrade\r\nUpgrade: websocket\r\n")
                let answer = try await client.ask(wish)
                #expect(answer.status == 426)
                #expect(answer.body == "no")
                #expect(try await client.ask(wish).status == 426)
            }
            await server.stop()
        }

        @Test(arguments: testedLoops) func `what a half-closed tunnel has on its way still arrives, from the replica`(
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

        @Test(arguments: testedLoops) func `what a half-closed tunnel has on its way still arrives, from the client`(
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

        @Test func `a half-closed tunnel does not last for ever`() async throws {
            try await withRawTunnel(loops: 1, timeouts: Timeouts(http: .milliseconds(100))) { client, replica in
                Wire.finishSending(client)
                #expect(try await all(from: replica) == 0)
                try await eventually("the client's end") { Wire.end(of: client) != nil }
                close(client)
                // The slot is free when the replica has ended its side as well.
                Wire.finishSending(replica)
            }
        }

        /// A tunnel between two plain sockets, after which nothing may be left over.
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
                try await eventually("the switch") {
                    head += Wire.receive(client) ?? []
                    return head.count >= switching.utf8.count
                }
                try await body(client, chosen)
                try await eventually("the slot is free") { bed.isIdle() && bed.clientConnections == 0 }
            }
        }

        /// Sends more than the buffers of the kernel hold, and then the end.
        private func sendAll(_ descriptor: Int32) async throws -> Int {
            let count = 300_000
            var left = [UInt8](repeating: UInt8(ascii: "x"), count: count)[...]
            try await eventually("all is sent") {
                left = left.dropFirst(max(0, Wire.send(descriptor, left)))
                return left.isEmpty
            }
            Wire.finishSending(descriptor)
            return count
        }

        /// Bytes until the end.
        private func all(from descriptor: Int32) async throws -> Int {
            var count = 0
            try await eventually("the end, \(count) bytes so far") {
                while let bytes = Wire.receive(descriptor) {
                    if bytes.isEmpty { return true }
                    count += bytes.count
                }
                return false
            }
            return count
        }

        @Test func `a tunnel outlives the other times and ends by its own`() async throws {
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
