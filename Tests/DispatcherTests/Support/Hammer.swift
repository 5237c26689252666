import NIOCore
import NIOPosix

/// A load generator that sends the next request on its event loop as soon as the response to the previous one arrives.
final class Hammer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// The results of a run.
    struct Outcome: Sendable {
        var statuses: [Int: Int] = [:]
        var bodies: [String] = []
    }

    private let request: ByteBuffer
    private let done: EventLoopPromise<Outcome>
    private var left: Int
    private var pending: [UInt8] = []
    private var outcome = Outcome()

    private init(request: String, count: Int, done: EventLoopPromise<Outcome>) {
        self.request = ByteBuffer(string: request)
        left = count
        self.done = done
    }

    /// Runs `count` requests one after another over one connection.
    static func run(_ request: String, count: Int, port: Int) async throws -> Outcome {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let done = loop.makePromise(of: Outcome.self)
        let channel = try await ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Hammer(request: request, count: count, done: done))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        defer { channel.close(promise: nil) }
        return try await done.futureResult.get()
    }

    func channelActive(context: ChannelHandlerContext) { context.writeAndFlush(NIOAny(request), promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        pending += unwrapInboundIn(data).readableBytesView
        do {
            while let (answer, count) = try Answer.parse(pending, isClosed: false, isToHead: false) {
                pending.removeFirst(count)
                outcome.statuses[answer.status, default: 0] += 1
                outcome.bodies.append(answer.body)
                left -= 1
                if left == 0 { return done.succeed(outcome) }
                context.writeAndFlush(NIOAny(request), promise: nil)
            }
        } catch {
            done.fail(error)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        done.fail(
            Late(
                description:
                    "closed with \(left) requests to go: \(String(decoding: pending.prefix(200), as: UTF8.self))"))
    }
}
