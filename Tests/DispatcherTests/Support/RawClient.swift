import NIOCore
import NIOPosix
import NIOSSL

/// A client that sends arbitrary bytes.
final class RawClient: Sendable {
    let inbox: Inbox
    private let channel: any Channel

    private init(channel: any Channel, inbox: Inbox) {
        self.channel = channel
        self.inbox = inbox
    }

    /// Connects to a port of this machine.
    /// - Parameters:
    ///   - source: The client's address, within 127.0.0.0/8.
    ///   - tls: The rules of TLS; `nil` if the client speaks none.
    ///   - greeting: Bytes that the client sends before the handshake of TLS.
    static func connect(
        to port: Int, isReading: Bool = true, from source: String? = nil, tls: NIOSSLContext? = nil,
        greeting: String = ""
    ) async throws -> RawClient {
        let inbox = Inbox()
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        if let source { bootstrap = bootstrap.bind(to: try SocketAddress(ipAddress: source, port: 0)) }
        let channel =
            try await bootstrap
            .channelOption(.autoRead, value: isReading)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if !greeting.isEmpty { try pipeline.addHandler(GreetingHandler(greeting)) }
                    if let tls {
                        try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: "localhost"))
                    }
                    try pipeline.addHandler(InboxHandler(inbox))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return RawClient(channel: channel, inbox: inbox)
    }

    var isClosed: Bool { inbox.isClosed }

    /// Returns the number of bytes that are buffered in this process and not yet written to the socket.
    func unwritten() async throws -> Int { try await channel.getOption(.bufferedWritableBytes).get() }

    func send(_ text: String) { send(ByteBuffer(string: text)) }

    func send(_ bytes: ByteBuffer) { channel.writeAndFlush(bytes, promise: nil) }

    /// Sends the text with one write per byte.
    func dribble(_ text: String) async throws { try await dribble(Array(text.utf8)) }

    /// Sends the bytes with one write per byte.
    func dribble(_ bytes: [UInt8]) async throws {
        for byte in bytes { try await channel.writeAndFlush(ByteBuffer(bytes: [byte])).get() }
    }

    func setReading(_ isOn: Bool) async throws { try await channel.setOption(.autoRead, value: isOn).get() }

    func finishSending() { channel.close(mode: .output, promise: nil) }

    func close() { channel.close(promise: nil) }

    /// Closes the connection with a reset.
    func reset() { channel.reset() }

    /// Waits for the next complete response.
    func answer(toHead: Bool = false) async throws -> Answer {
        var answer: Answer?
        try await eventually("a response; got \(inbox.text.prefix(400).debugDescription), closed: \(isClosed)") {
            // Read before the inbox: the connection may end between the two reads, and its end may complete a response.
            let wasClosed = isClosed
            answer = try inbox.take { try Answer.parse($0, isClosed: $1, isToHead: toHead) }
            if answer == nil, wasClosed {
                throw Late(description: "the connection closed instead: \(inbox.text.prefix(400).debugDescription)")
            }
            return answer != nil
        }
        return try answer.orThrow()
    }

    func closed() async throws { try await eventually("the connection is closed") { isClosed } }

    /// Sends a request and waits for its response.
    func ask(_ request: String, toHead: Bool = false) async throws -> Answer {
        send(request)
        return try await answer(toHead: toHead)
    }
}

extension Optional {
    func orThrow() throws -> Wrapped {
        guard let self else { throw Late(description: "the value is nil") }
        return self
    }
}

/// Sends bytes as soon as a connection is open, before anything else.
private final class GreetingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let greeting: String

    init(_ greeting: String) { self.greeting = greeting }

    func channelActive(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(ByteBuffer(string: greeting)), promise: nil)
        context.fireChannelActive()
        context.flush()
    }
}
