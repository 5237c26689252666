import F2SModel
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@testable import F2SKubernetes

/// An API server on a socket whose replies a test scripts.
final class ScriptedAPIServer: Sendable {
    /// A request that the server received.
    struct Question: Sendable {
        let method: HTTPMethod
        let target: String
        let fields: HTTPHeaders
        let body: [UInt8]
        /// The number of requests before this one.
        let index: Int

        /// Returns the value of a parameter of the query, without decoding it.
        func parameter(_ name: String) -> String? {
            target.split(separator: "?").last?.split(separator: "&").first { $0.hasPrefix("\(name)=") }.map {
                String($0.dropFirst(name.count + 1))
            }
        }

        var isWatch: Bool { parameter("watch") != nil }
    }

    /// The reply to a request.
    enum Reply: Sendable {
        /// A complete response.
        case answer(Int, String, fields: [(String, String)] = [])
        /// Lines, and then the end of the response, the end of the connection, or silence.
        case lines([String], End)
        /// No response at all.
        case silence
        /// The end of the connection.
        case drop

        enum End: Sendable { case end, cut, open }

        /// Returns an error in the format of the API server.
        static func error(_ code: Int, _ reason: String, retryAfter: Int? = nil) -> Reply {
            .answer(
                code, #"{"kind":"Status","code":\#(code),"reason":"\#(reason)","message":"the message of the test"}"#,
                fields: retryAfter.map { [("Retry-After", "\($0)")] } ?? [])
        }
    }

    private let script: @Sendable (Question) -> Reply
    private let seen = Mutex<[Question]>([])

    private init(_ script: @escaping @Sendable (Question) -> Reply) { self.script = script }

    /// The requests so far.
    var questions: [Question] { seen.withLock { $0 } }

    /// Runs `body` with a client of a server that replies according to `script`.
    static func run(
        options: ClientOptions = ClientOptions(), timing: Timing = .system, token: String? = nil,
        script: @escaping @Sendable (Question) -> Reply,
        _ body: (KubernetesClient, ScriptedAPIServer) async throws -> Void
    ) async throws {
        let server = ScriptedAPIServer(script)
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(server))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(channel.localAddress?.port)
        let access = ClusterAccess(
            server: try ServerEndpoint("http://127.0.0.1:\(port)"), identity: Identity(token: token.map { .text($0) }),
            origin: "a test")
        let client = KubernetesClient(access, options: options, timing: timing, logger: .silent)
        let result: Result<Void, any Error>
        do { result = .success(try await body(client, server)) } catch { result = .failure(error) }
        await client.shutdown()
        try? await channel.close()
        try result.get()
    }

    fileprivate func reply(_ head: HTTPRequestHead, _ body: [UInt8]) -> Reply {
        let question = seen.withLock { seen in
            let question = Question(
                method: head.method, target: head.uri, fields: head.headers, body: body, index: seen.count)
            seen.append(question)
            return question
        }
        return script(question)
    }
}

private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let server: ScriptedAPIServer
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ server: ScriptedAPIServer) { self.server = server }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let bytes): body += bytes.readableBytesView
        case .end:
            guard let head else { return }
            answer(server.reply(head, body), context)
        }
    }

    private func answer(_ reply: ScriptedAPIServer.Reply, _ context: ChannelHandlerContext) {
        switch reply {
        case .silence: return
        case .drop: context.close(promise: nil)
        case .answer(let code, let text, let fields):
            begin(code, fields + [("Content-Length", "\(text.utf8.count)")], context)
            put(text, context)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        case .lines(let lines, let end):
            begin(200, [("Transfer-Encoding", "chunked")], context)
            for line in lines { put(line + "\n", context) }
            context.flush()
            switch end {
            case .end: context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            case .cut: context.close(promise: nil)
            case .open: break
            }
        }
    }

    private func begin(_ code: Int, _ fields: [(String, String)], _ context: ChannelHandlerContext) {
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: code), headers: HTTPHeaders(fields))
        context.write(wrapOutboundOut(.head(head)), promise: nil)
    }

    private func put(_ text: String, _ context: ChannelHandlerContext) {
        guard !text.isEmpty else { return }
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
    }
}

extension Logger {
    /// A logger that discards all messages.
    static var silent: Logger { Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }) }
}

/// A timing that shortens the pauses between attempts and records them. Time-outs keep their length.
final class HurriedTiming: Sendable {
    private let noted = Mutex<[Duration]>([])

    /// The pauses so far.
    var pauses: [Duration] { noted.withLock { $0 } }

    /// The timing for a client.
    var timing: Timing {
        Timing(now: Timing.system.now, wall: Timing.system.wall) { pause in
            // Time-outs are longer than any pause between attempts.
            guard pause < .seconds(20) else { return try await Task.sleep(for: pause) }
            self.noted.withLock { $0.append(pause) }
            try await Task.sleep(for: .milliseconds(1))
        }
    }
}
