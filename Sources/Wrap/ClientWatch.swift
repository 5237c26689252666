import NIOCore
import Synchronization

/// Detects that the client of a connection has left, even while no task reads from the connection. EOF counts: as
/// everywhere in F2S, a client that closes only its sending side has left.
final class ClientWatch: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Any
    typealias InboundOut = Any

    /// The presence of the client, shared with the connection's current invocation.
    let presence = ClientPresence()

    /// Returns the presence of a connection's client.
    /// - Throws: An error if the connection is closed already.
    static func presence(on channel: any Channel) async throws -> ClientPresence {
        try await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.handler(type: ClientWatch.self).presence
        }.get()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { presence.leave() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        presence.leave()
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        presence.leave()
        context.fireChannelInactive()
    }
}

/// The presence of a connection's client, and the invocation to cancel when the client leaves.
final class ClientPresence: Sendable {
    private struct State {
        var isGone = false
        var invocation: CancellationToken?
    }

    private let state = Mutex(State())

    init() {}

    /// Sets the current invocation. It is cancelled at once if the client has left already.
    func begin(_ invocation: CancellationToken) {
        let isGone = state.withLock { state in
            state.invocation = invocation
            return state.isGone
        }
        if isGone { invocation.abandon(.clientGone) }
    }

    /// Clears the current invocation.
    func end() { state.withLock { $0.invocation = nil } }

    /// Records that the client has left, and cancels the current invocation.
    func leave() {
        let invocation = state.withLock { state in
            state.isGone = true
            return state.invocation
        }
        invocation?.abandon(.clientGone)
    }
}
