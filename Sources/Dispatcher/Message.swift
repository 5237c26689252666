import F2SModel

/// What a loop is told by the others and by the control plane.
enum Message: Sendable {
    /// Take this listener, and share what it accepts out among the loops.
    case listen(Int32, ListenerKind)
    /// Take this connection.
    case adopt(Int32, peer: SocketAddress, ListenerKind)
    /// Route by these tables from now on.
    case route(RouteTables)
    /// Take over these bounds and times.
    case tune(DispatcherSettings.Tuning)
    /// Show this to other F2S processes, and demand it of them.
    case trust(InternalToken)
    /// Connect to a replica until it accepts.
    case dial(ReplicaCell, FunctionCell)
    /// A replica is gone: close the connections to it that have nothing to do.
    case forget(ReplicaCell)
    /// Hand an idle connection over to another loop, if one is fit.
    case lend(ReplicaCell, IdleWish, to: Int, ticket: UInt64)
    /// What another loop was asked for: a socket, or nothing.
    case lent(Int32?, idleSince: UInt64, ticket: UInt64)
    /// Close the idle connections to a replica: another one is not served.
    case closeIdle(ReplicaCell)
    /// One of the loop's waiters has got a slot.
    case wake(InvocationQueue.Wake, FunctionCell)
    /// One of the loop's waiters belongs elsewhere now.
    case move(InvocationQueue.Waiter, RouteTable.Entry)
    /// One of the loop's waiters waits in vain.
    case fail(InvocationQueue.Waiter, InvocationError)
    /// Say that everything before this message was read.
    case countDown(LoopCountdown)
    /// Take nothing new. The continuation is resumed once the public listener refuses connections.
    case drain(listenerClosed: CheckedContinuation<Void, Never>?)
    /// Close everything and end.
    case stop
}
