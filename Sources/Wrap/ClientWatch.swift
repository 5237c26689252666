import NIOCore
import Synchronization

/// Notices that the client of a connection has gone, also while nobody reads from it. EOF counts: a client that only
/// closes
/// its sending side has gone too, as everywhere in F2S.
final class ClientWatch: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Any
    typealias InboundOut = Any

    /// Shared with the invocation that the connection has in hand.
    let presence = ClientPresence()

    /// The presence of a connection's client.
    /// - Throws: when the connection is closed already.
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

/// Whether the client of a connection is there, and which invocation to abandon when it goes.
final class ClientPresence: Sendable {
    private struct State {
        var isGone = false
        var invocation: Abandonment?
    }

    private let state = Mutex(State())

    init() {}

    /// Names the invocation in hand; it is abandoned at once when the client has gone already.
    func begin(_ invocation: Abandonment) {
        let isGone = state.withLock { state in
            state.invocation = invocation
            return state.isGone
        }
        if isGone { invocation.abandon(.clientGone) }
    }

    /// No invocation is in hand any more.
    func end() { state.withLock { $0.invocation = nil } }

    /// The client has gone.
    func leave() {
        let invocation = state.withLock { state in
            state.isGone = true
            return state.invocation
        }
        invocation?.abandon(.clientGone)
    }
}
