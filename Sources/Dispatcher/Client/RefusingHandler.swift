import NIOCore

/// Answers a connection that is one too many, so that its client sees a reason and not a reset.
final class RefusingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let document = """
        {"title":"Too many connections","status":503,"detail":"The limit of connections is reached.","stage":"queue"}

        """

    /// The client has sent something by now. Closing on it would reset the connection and take the answer away, so it
    /// is read and dropped until the client has closed too, or this time is over.
    private static let linger = TimeAmount.seconds(1)

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        let answer = ByteBuffer(
            string: "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
                + "Content-Length: \(Self.document.utf8.count)\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
                + Self.document)
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.whenComplete { _ in channel.close(mode: .output, promise: nil) }
        context.writeAndFlush(wrapOutboundOut(answer), promise: written)
        context.eventLoop.scheduleTask(in: Self.linger) { channel.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
