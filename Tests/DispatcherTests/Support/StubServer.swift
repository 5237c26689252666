import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// A replica or API server that sends the responses that a test chooses.
final class StubServer: Sendable {
    /// The event on which the server calls the test's closure.
    enum Call { case onHead, onWhole }

    typealias Reply = @Sendable (StubRequest) -> Void

    private struct State {
        var requests: [StubRequest] = []
        var connections: [StubConnection] = []
    }

    private let state = Mutex(State())
    private let channel = Mutex<(any Channel)?>(nil)
    private let reply: Reply
    private let call: Call

    private init(_ call: Call, _ reply: @escaping Reply) {
        self.call = call
        self.reply = reply
    }

    /// Sockets that reserve the ports of all stubs until the process ends, so that a stopped stub refuses connections.
    private static let ports = Mutex<[Int32]>([])

    /// Starts a server on a free port of the loopback interface, on the port of a stopped stub, or on a Unix socket.
    static func start(
        path: String? = nil, port: Int = 0, call: Call = .onWhole, _ reply: @escaping Reply
    ) async throws -> StubServer {
        let server = StubServer(call, reply)
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = StubConnection(channel)
                    server.state.withLock { $0.connections.append(connection) }
                    try channel.pipeline.syncOperations.addHandler(StubHandler(server, connection))
                }
            }
        let bound =
            if let path {
                try await bootstrap.bind(unixDomainSocketPath: path).get()
            } else {
                try await bootstrap
                    .serverChannelOption(
                        .socketOption(NIOBSDSocket.Option(rawValue: CInt(SO_REUSEPORT))), value: 1
                    )
                    .bind(host: "127.0.0.1", port: port > 0 ? port : reservePort()).get()
            }
        server.channel.withLock { $0 = bound }
        return server
    }

    private static func reservePort() throws -> Int {
        let (descriptor, port) = try Wire.occupy(isShared: true)
        ports.withLock { $0.append(descriptor) }
        return port
    }

    /// Starts a server that responds to every request with the same text.
    static func answering(_ text: String) async throws -> StubServer {
        try await start { $0.connection.send(text) }
    }

    var port: Int { channel.withLock { $0?.localAddress?.port } ?? 0 }
    var requests: [StubRequest] { state.withLock { $0.requests } }
    var connections: [StubConnection] { state.withLock { $0.connections } }
    var openConnections: Int { connections.count { !$0.inbox.isClosed } }

    /// Returns true if request `number` has arrived and its connection has ended since.
    func hasEnded(_ number: Int) -> Bool { requests.count > number && requests[number].connection.inbox.isClosed }

    /// Closes the listener and every connection.
    func stop() async {
        try? await channel.withLock { $0 }?.close().get()
        for connection in connections { connection.close() }
    }

    fileprivate func deliver(_ request: StubRequest) {
        state.withLock { $0.requests.append(request) }
        reply(request)
    }

    fileprivate var isCalledOnHead: Bool { call == .onHead }
}

/// A request that has arrived at a stub.
struct StubRequest: Sendable {
    let text: String
    let connection: StubConnection
    /// The number of the request on its connection, counted from 0.
    let index: Int

    var line: String { text.split(separator: "\r\n").first.map(String.init) ?? "" }
    var head: String { text.ranges(of: "\r\n\r\n").first.map { String(text[..<$0.upperBound]) } ?? text }
    var body: String { text.ranges(of: "\r\n\r\n").first.map { String(text[$0.upperBound...]) } ?? "" }

    func field(_ name: String) -> String? { fields(name).first }
    func fields(_ name: String) -> [String] { Answer(status: 0, head: head, body: "", framing: .none).fields(name) }
}

/// A connection of a stub.
final class StubConnection: Sendable {
    let inbox = Inbox(keptMax: 1 << 20)
    private let channel: any Channel
    private let inputEnded = Atomic<Bool>(false)

    init(_ channel: any Channel) { self.channel = channel }

    /// Returns the number of bytes that are buffered in this process and not yet written to the socket.
    func unwritten() async throws -> Int { try await channel.getOption(.bufferedWritableBytes).get() }

    func send(_ text: String) { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }

    func send(_ bytes: ByteBuffer) { channel.writeAndFlush(bytes, promise: nil) }

    func close() { channel.close(promise: nil) }

    func sendAndClose(_ text: String) {
        send(text)
        closeAfterWriting()
    }

    /// Closes the connection once all bytes are written.
    func closeAfterWriting() {
        channel.writeAndFlush(ByteBuffer()).whenComplete { [channel] _ in channel.close(promise: nil) }
    }

    /// Closes the connection with a reset.
    func reset() { channel.reset() }

    /// Runs `body` after `delay` on the connection's event loop.
    func schedule(in delay: TimeAmount, _ body: @escaping @Sendable () -> Void) {
        channel.eventLoop.scheduleTask(in: delay, body)
    }

    /// Keeps the connection open after the peer closes its sending side.
    func setHalfOpen() { _ = channel.setOption(.allowRemoteHalfClosure, value: true) }

    /// True if the peer has closed its sending side.
    var hasInputEnded: Bool { inputEnded.load(ordering: .relaxed) }

    fileprivate func endInput() { inputEnded.store(true, ordering: .relaxed) }

    func setReading(_ isOn: Bool) { _ = channel.setOption(.autoRead, value: isOn) }
}

private final class StubHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let server: StubServer
    private let connection: StubConnection
    private var pending: [UInt8] = []
    private var index = 0
    private var isRaw = false

    init(_ server: StubServer, _ connection: StubConnection) {
        self.server = server
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        connection.inbox.add(buffer)
        guard !isRaw else { return }
        pending += buffer.readableBytesView
        while let end = requestEnd() {
            let text = String(decoding: pending[..<end], as: UTF8.self)
            pending.removeFirst(end)
            // Bytes after a head with `onHead`, or after an upgrade, are not parsed: the test handles them.
            isRaw = server.isCalledOnHead || text.contains("Sec-WebSocket-Key:")
            server.deliver(StubRequest(text: text, connection: connection, index: index))
            index += 1
            if isRaw { return }
        }
    }

    func channelInactive(context: ChannelHandlerContext) { connection.inbox.close() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { connection.endInput() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func requestEnd() -> Int? {
        guard let headEnd = Answer.find(Array("\r\n\r\n".utf8), in: pending, from: 0).map({ $0 + 4 }) else {
            return nil
        }
        if server.isCalledOnHead { return headEnd }
        let head = StubRequest(
            text: String(decoding: pending[..<headEnd], as: UTF8.self), connection: connection, index: 0)
        if head.field("transfer-encoding") != nil { return chunksEnd(from: headEnd) }
        let end = headEnd + (head.field("content-length").flatMap(Int.init) ?? 0)
        return pending.count >= end ? end : nil
    }

    private func chunksEnd(from start: Int) -> Int? {
        var position = start
        while let lineEnd = Answer.find(Array("\r\n".utf8), in: pending, from: position) {
            let line = String(decoding: pending[position..<lineEnd], as: UTF8.self)
            let size = Int(line.prefix { $0.isHexDigit }, radix: 16) ?? 0
            // The line end of the last chunk may be the first part of the empty line.
            if size == 0 { return Answer.find(Array("\r\n\r\n".utf8), in: pending, from: lineEnd).map { $0 + 4 } }
            position = lineEnd + 2 + size + 2
        }
        return nil
    }
}

/// Returns a response with a `Content-Length`.
func ok(_ body: String = "ok", fields: String = "") -> String {
    "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
}

/// Returns a request that invokes a function.
func get(_ path: String = "/hello", _ fields: String = "") -> String {
    "GET /invoke\(path) HTTP/1.1\r\nHost: f2s.test\r\n\(fields)\r\n"
}

/// Returns a request with content.
func post(_ path: String = "/hello", body: String, _ fields: String = "", method: String = "POST") -> String {
    "\(method) /invoke\(path) HTTP/1.1\r\nHost: f2s.test\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
}
