import NIOCore

/// Answers a connection that is one too many, so that its client sees a reason and not a reset.
final class RefusingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let answer = """
        HTTP/1.1 503 Service Unavailable\r
        Content-Type: application/problem+json\r
        Content-Length: 111\r
        Retry-After: 1\r
        Connection: close\r
        \r
        {"title":"Too many connections","status":503,"detail":"The limit of connections is reached.","stage":"queue"}

        """

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.whenComplete { _ in channel.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: Self.answer)), promise: written)
    }
}
