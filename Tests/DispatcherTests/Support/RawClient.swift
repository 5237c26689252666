import NIOCore
import NIOPosix

/// A client that sends the bytes it is told to send, whatever they are.
final class RawClient: Sendable {
    let inbox: Inbox
    private let channel: any Channel

    private init(channel: any Channel, inbox: Inbox) {
        self.channel = channel
        self.inbox = inbox
    }

    /// - Parameter source: the address that the connection comes from, of those in 127.0.0.0/8.
    static func connect(to port: Int, isReading: Bool = true, from source: String? = nil) async throws -> RawClient {
        let inbox = Inbox()
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        if let source { bootstrap = bootstrap.bind(to: try SocketAddress(ipAddress: source, port: 0)) }
        let channel =
            try await bootstrap
            .channelOption(.autoRead, value: isReading)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(InboxHandler(inbox))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return RawClient(channel: channel, inbox: inbox)
    }

    var isClosed: Bool { inbox.isClosed }

    /// Bytes that were sent and have not left this process.
    func unwritten() async throws -> Int { try await channel.getOption(.bufferedWritableBytes).get() }

    func send(_ text: String) { send(ByteBuffer(string: text)) }

    func send(_ bytes: ByteBuffer) { channel.writeAndFlush(bytes, promise: nil) }

    /// Byte by byte, each in a write of its own.
    func dribble(_ text: String) async throws {
        for byte in text.utf8 { try await channel.writeAndFlush(ByteBuffer(bytes: [byte])).get() }
    }

    func setReading(_ isOn: Bool) async throws { try await channel.setOption(.autoRead, value: isOn).get() }

    func finishSending() { channel.close(mode: .output, promise: nil) }

    func close() { channel.close(promise: nil) }

    /// Ends the connection with a reset instead of an end.
    func reset() { channel.reset() }

    /// The next complete answer.
    func answer(toHead: Bool = false) async throws -> Answer {
        var answer: Answer?
        try await eventually("an answer; got \(inbox.text.prefix(400).debugDescription), closed: \(isClosed)") {
            // Asked first: an answer may end with the connection's end, and that between the two.
            let wasClosed = isClosed
            answer = try inbox.take { try Answer.parse($0, isClosed: $1, isToHead: toHead) }
            if answer == nil, wasClosed {
                throw Late(description: "closed instead: \(inbox.text.prefix(400).debugDescription)")
            }
            return answer != nil
        }
        return try answer.orThrow()
    }

    func closed() async throws { try await eventually("the connection's end") { isClosed } }

    /// One request, one answer.
    func ask(_ request: String, toHead: Bool = false) async throws -> Answer {
        send(request)
        return try await answer(toHead: toHead)
    }
}

extension Optional {
    func orThrow() throws -> Wrapped {
        guard let self else { throw Late(description: "nothing there") }
        return self
    }
}
