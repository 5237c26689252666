import NIOCore
import Synchronization

/// The bytes that have arrived on a connection, and the state of the connection.
final class Inbox: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var total = 0
        var isClosed = false
        var failure: String?
    }

    private let state = Mutex(State())
    /// The number of bytes after which further ones are counted but not stored.
    private let keptMax: Int

    init(keptMax: Int = 1 << 22) { self.keptMax = keptMax }

    var text: String { state.withLock { String(decoding: $0.bytes, as: UTF8.self) } }
    var bytes: [UInt8] { state.withLock { $0.bytes } }
    var total: Int { state.withLock { $0.total } }
    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// The last error of the connection; `nil` if there was none.
    var failure: String? { state.withLock { $0.failure } }

    func fail(_ error: any Error) { state.withLock { $0.failure = "\(error)" } }

    func add(_ buffer: ByteBuffer) {
        state.withLock { state in
            state.total += buffer.readableBytes
            if state.bytes.count < keptMax { state.bytes += buffer.readableBytesView }
        }
    }

    func close() { state.withLock { $0.isClosed = true } }

    /// Removes bytes from the front if `body` finds a complete element there, and returns the element.
    func take<Found>(_ body: (_ bytes: [UInt8], _ isClosed: Bool) throws -> (found: Found, count: Int)?) rethrows
        -> Found?
    {
        try state.withLock { state in
            guard let (found, count) = try body(state.bytes, state.isClosed) else { return nil }
            state.bytes.removeFirst(count)
            return found
        }
    }
}

/// A handler that stores received bytes in an inbox.
final class InboxHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let inbox: Inbox

    init(_ inbox: Inbox) { self.inbox = inbox }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { inbox.add(unwrapInboundIn(data)) }

    func channelInactive(context: ChannelHandlerContext) { inbox.close() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        inbox.fail(error)
        context.close(promise: nil)
    }
}
