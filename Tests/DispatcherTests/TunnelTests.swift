import F2SModel
import NIOCore
import Testing

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
                let wish = get("/hello", "Connection: Upgrade\r\nUpgrade: h2c\r\n")
                let answer = try await client.ask(wish)
                #expect(answer.status == 426)
                #expect(answer.body == "no")
                #expect(try await client.ask(wish).status == 426)
            }
            await server.stop()
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
