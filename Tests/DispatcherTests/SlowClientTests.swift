import F2SModel
import Glibc
import NIOCore
import Testing

extension DispatcherSerial {
    /// Tests that a slow client gets all bytes that its replica sent, even if the replica has ended in the meantime.
    @Suite struct SlowClientTests {
        private static let total = 6 << 20
        /// A text in which each letter identifies its position.
        private static let content = [UInt8](
            (0..<26).map { [UInt8](repeating: UInt8(ascii: "a") + UInt8($0), count: 1000) }.joined())
        private static let whole = [[UInt8]](repeating: content, count: total / content.count + 1).reduce([], +)

        enum Framing: CaseIterable, Sendable { case length, chunks, end, broken, brokenChunks, tunnel }

        private static func head(_ framing: Framing) -> String {
            switch framing {
            case .length: "HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n"
            case .chunks, .brokenChunks:
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(String(total, radix: 16))\r\n"
            case .end: "HTTP/1.1 200 OK\r\n\r\n"
            case .broken: "HTTP/1.1 200 OK\r\nContent-Length: \(total + 1)\r\n\r\n"
            case .tunnel: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
            }
        }

        @Test(arguments: Framing.allCases)
        func `a slow client gets all bytes that the replica sent before it ended`(framing: Framing)
            async throws
        {
            let server = try await StubServer.start { request in
                request.connection.send(Self.head(framing))
                request.connection.send(ByteBuffer(bytes: Self.whole.prefix(Self.total)))
                if framing == .chunks { request.connection.send("\r\n0\r\n\r\n") }
                request.connection.closeAfterWriting()
            }
            try await withTestbed { bed in
                try await bed.serve(server)
                let client = try Wire.connect(to: bed.port, receiveBytes: 65_536)
                let upgrade = framing == .tunnel ? "Connection: Upgrade\r\nUpgrade: websocket\r\n" : ""
                // Only a client of HTTP/1.0 gets a response delimited by the connection's end without chunks.
                let request = framing == .end ? "GET /invoke/hello HTTP/1.0\r\n\r\n" : get("/hello", upgrade)
                Wire.send(client, Array(request.utf8))
                // The replica is gone before the client reads anything.
                try await eventually("the replica has the request") { server.requests.count == 1 }
                try await ContinuousClock().sleep(for: .milliseconds(150))
                var bytes: [UInt8] = []
                try await promptly("the connection ends; got \(bytes.count) bytes") {
                    while let more = Wire.receive(client) {
                        if more.isEmpty { return true }
                        bytes += more
                        // The connection does not always end here. The complete response is sufficient.
                        if framing == .length, bytes.count >= Self.head(framing).utf8.count + Self.total { return true }
                        if framing == .chunks, bytes.suffix(5).elementsEqual("0\r\n\r\n".utf8) { return true }
                    }
                    return false
                }
                close(client)
                let headEnd = try Answer.find(Array("\r\n\r\n".utf8), in: bytes, from: 0).orThrow() + 4
                var content = bytes[headEnd...]
                if framing == .chunks || framing == .brokenChunks {
                    content = content.dropFirst("600000\r\n".utf8.count)
                }
                let arrived = Array(content.prefix(Self.total))
                let isSame = arrived == Array(Self.whole.prefix(arrived.count))
                #expect(isSame)
                #expect(arrived.count == Self.total, "\(Self.total - arrived.count) bytes are lost")
                try await eventually("no invocation is left") { bed.isIdle() && bed.clientConnections == 0 }
            }
            await server.stop()
        }
    }
}
