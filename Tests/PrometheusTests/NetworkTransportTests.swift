import F2SModel
import NIOCore
import NIOPosix
import Testing

@testable import F2SPrometheus

@Suite struct NetworkTransportTests {
    @Test func `a request is a POST of a form, and any status is an answer`() async throws {
        let echo = { @Sendable (request: String) -> String? in
            "HTTP/1.1 404 Not Found\r\nContent-Length: \(request.utf8.count)\r\n\r\n\(request)"
        }
        try await Server.run(echo) { port in
            let answer = try await Self.send(to: "http://a:b@127.0.0.1:\(port)/p")
            #expect(answer.status == 404)
            let text = String(decoding: answer.content, as: UTF8.self)
            #expect(text.hasPrefix("POST /p/api/v1/query HTTP/1.1\r\n"))
            #expect(text.lowercased().contains("content-type: application/x-www-form-urlencoded\r\n"))
            #expect(text.contains("Basic YTpi\r\n") && text.hasSuffix("\r\n\r\nquery=up%7Bjob%3D%22a%20b%22%7D"))
        }
    }

    @Test func `an answer over 4 MiB is malformed`() async throws {
        let length = NetworkPrometheusTransport.bytesMax + 1
        let head = "HTTP/1.1 200 OK\r\nContent-Length: \(length)\r\n\r\n"
        try await Server.run({ _ in head + String(repeating: "x", count: length) }) { port in
            await #expect(
                throws: PrometheusError.malformed(url: "http://127.0.0.1:\(port)", "it has over 4194304 bytes")
            ) { try await Self.send(to: "http://127.0.0.1:\(port)") }
        }
    }

    @Test func `a redirect is not followed`() async throws {
        let redirect = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
        try await Server.run({ _ in redirect }) { port in
            let answer = try await Self.send(to: "http://127.0.0.1:\(port)")
            #expect(answer.status == 302)
        }
    }

    @Test func `a connection that is closed or refused is an error`() async throws {
        var closed = 0
        try await Server.run({ _ in nil }) { port in
            closed = port
            await #expect(
                throws: PrometheusError.unreachable(url: "http://127.0.0.1:\(port)", reason: "it closed the connection")
            ) { try await Self.send(to: "http://127.0.0.1:\(port)") }
        }
        let url = "http://127.0.0.1:\(closed)"
        // A connection in the queue of a socket that is being closed is reset.
        let errors = ["Connection refused", "Connection reset by peer"].map {
            PrometheusError.unreachable(url: url, reason: $0)
        }
        await #expect {
            try await Self.send(to: url)
        } throws: { error in
            errors.contains { $0 == error as? PrometheusError }
        }
    }

    @Test func `after the end of F2S no request is sent`() async throws {
        let transport = NetworkPrometheusTransport()
        await transport.close()
        let request = PrometheusRequest(.now("up"), to: PrometheusAddress("http://127.0.0.1:1"))
        await #expect(
            throws: PrometheusError.unreachable(url: "http://127.0.0.1:1", reason: "F2S is shutting down")
        ) { try await transport.send(request) }
    }

    private static func send(to url: String) async throws -> PrometheusAnswer {
        let transport = NetworkPrometheusTransport()
        let request = PrometheusRequest(.now(#"up{job="a b"}"#), to: PrometheusAddress(url))
        do {
            let answer = try await transport.send(request)
            await transport.close()
            return answer
        } catch {
            await transport.close()
            throw error
        }
    }
}

/// A server on a free port that answers each request with bytes.
private enum Server {
    /// Runs `body` with the port.
    /// - Parameter respond: Returns the response to a complete request; `nil` closes the connection.
    static func run(
        _ respond: @escaping @Sendable (String) -> String?, _ body: (Int) async throws -> Void
    ) async throws {
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(respond))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(channel.localAddress?.port)
        do { try await body(port) } catch {
            try await channel.close()
            throw error
        }
        try await channel.close()
    }

    /// Collects the bytes of a request until its form is complete.
    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let respond: @Sendable (String) -> String?
        private var text = ""

        init(_ respond: @escaping @Sendable (String) -> String?) { self.respond = respond }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            text += String(buffer: unwrapInboundIn(data))
            // The queries of these tests end so.
            guard text.hasSuffix("%7D") else { return }
            guard let response = respond(text) else {
                context.close(promise: nil)
                return
            }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: response)), promise: nil)
        }
    }
}
