import F2SModel
import Synchronization

/// A message to an event loop, from another loop or from the control plane.
enum Message: Sendable {
    /// Watch this listener, and distribute the connections that it accepts among the loops.
    case listen(Int32, ListenerKind)
    /// Serve this client connection.
    case adopt(Int32, peer: SocketAddress, ListenerKind)
    /// Route by these tables from now on.
    case route(RouteTables)
    /// Use these limits and timeouts from now on.
    case tune(DispatcherSettings.Tuning)
    /// Show these tokens to other F2S processes, and require them.
    case trust(PeerTokenVerifier)
    /// Speak TLS by these rules on connections that are accepted from now on; `nil` for no TLS.
    case useTLS(ListenerTLS?)
    /// Connect to a replica until it accepts.
    case dial(ReplicaHandle, FunctionHandle)
    /// Close the idle connections to a replica that is gone, and fail those that are being opened.
    case forget(ReplicaHandle)
    /// Hand an idle connection over to another loop, if one meets the requirement.
    case lend(ReplicaHandle, IdleRequirement, to: Int, ticket: UInt64)
    /// The response to `lend`: a socket, or `nil`.
    case lent(Int32?, idleSince: UInt64, ticket: UInt64)
    /// Close the idle connections to a replica, because they keep another connection from being served.
    case closeIdle(ReplicaHandle)
    /// Perform this call.
    case invoke(InProcessCall)
    /// The caller of this call has read, sent or ended something.
    case resume(InProcessCall)
    /// The credentials of a waiting invocation have been verified.
    case verified(InvocationQueue.Waiter, Result<Principal, CredentialError>)
    /// Give a slot to a waiting invocation of this loop.
    case handOff(InvocationQueue.SlotHandoff, FunctionHandle)
    /// Move a waiting invocation of this loop to another queue.
    case move(InvocationQueue.Waiter, RouteTable.Entry)
    /// Fail a waiting invocation of this loop.
    case fail(InvocationQueue.Waiter, InvocationError)
    /// Confirm that all messages before this one were read.
    case countDown(LoopCountdown)
    /// Accept no new connections. The continuation is resumed once the public listener rejects connections.
    case drain(listenerClosed: CheckedContinuation<Void, Never>?)
    /// Close everything and end.
    case stop
}

/// Calls back when every event loop has read its message with this countdown, and so all earlier messages.
final class LoopCountdown: Sendable {
    private let left: Atomic<Int>
    private let whenDone: @Sendable () -> Void

    /// - Parameter loops: The number of loops, at least 1.
    init(loops: Int, whenDone: @escaping @Sendable () -> Void) {
        left = Atomic(loops)
        self.whenDone = whenDone
    }

    /// Counts one loop that has read its message. The last one calls back.
    func countDown() {
        if left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { whenDone() }
    }
}
