import F2SModel
import Synchronization

/// One function as all loops know it. The handle lives as long as the function; the declaration may change.
final class FunctionHandle: Sendable {
    /// The parts of a declaration that an invocation needs, read once when it is routed. A class, because every
    /// invocation retains it: one reference count instead of one for each member.
    final class Declaration: Sendable {
        let name: FunctionName
        let route: Route
        /// The public path, which a replica receives as its prefix.
        let publicPath: [UInt8]
        /// The path on the replica; `nil` if another F2S process determines it.
        let path: [UInt8]?
        /// The longest time of an invocation until the response's head, in nanoseconds.
        let timeout: UInt64
        /// The declared longest start of a first replica, in nanoseconds; 0 if none is declared.
        let startTimeout: UInt64
        /// True if the function has a rate, so that admission must know the caller.
        let countsCallers: Bool
        /// True if this process grants the function's slots and they are limited. A slot is then held until its replica
        /// has finished.
        let holdsSlots: Bool
        /// The callers that may invoke the function, if callers are authenticated.
        let access: Function.Access
        /// True if a replica receives the credentials of the caller.
        let forwardsAuthorization: Bool
        /// The rule for pages of other origins; `nil` if the function answers them itself.
        let cors: CORSPolicy?
        /// True if a browser may sign in at the function.
        let offersLogin: Bool

        init(
            name: FunctionName, route: Route, path: [UInt8]?, timeout: UInt64, startTimeout: UInt64 = 0,
            countsCallers: Bool = false, holdsSlots: Bool = false, access: Function.Access = .authenticated,
            forwardsAuthorization: Bool = false, cors: CORSPolicy? = nil, offersLogin: Bool = false
        ) {
            self.name = name
            self.route = route
            publicPath = RouteTable.publicPath(route)
            self.path = path
            self.timeout = timeout
            self.startTimeout = startTimeout
            self.countsCallers = countsCallers
            self.holdsSlots = holdsSlots
            self.access = access
            self.forwardsAuthorization = forwardsAuthorization
            self.cors = cors
            self.offersLogin = offersLogin
        }
    }

    let id: Function.ID
    let meters = FunctionMeters()
    private let queue: Mutex<InvocationQueue>
    /// The list of functions that have something to report; `nil` if another handle reports for the function.
    private let active: ActiveFunctions?
    private let next = Mutex<RouteTable.Entry?>(nil)

    init(id: Function.ID, queue: InvocationQueue, active: ActiveFunctions?) {
        self.id = id
        self.active = active
        self.queue = Mutex(queue)
    }

    /// The entry for invocations that the queue does not admit, because another queue grants the function's slots.
    var successor: RouteTable.Entry? {
        get { next.withLock { $0 } }
        set { next.withLock { $0 = newValue } }
    }

    /// Runs a transition of the queue under its lock. The caller performs the returned actions after the lock is
    /// released.
    @inline(__always)
    func withQueue<Result>(_ body: (inout sending InvocationQueue) -> sending Result) -> sending Result {
        queue.withLock(body)
    }

    /// Runs a transition of the queue, after which the function may have something to report, under its lock.
    /// - Parameter now: The monotonic clock in nanoseconds.
    @inline(__always)
    func withActiveQueue<Result>(
        now: UInt64, _ body: (inout sending InvocationQueue) -> sending Result
    ) -> sending Result {
        queue.withLock { queue in
            if !queue.isListed, let active {
                queue.isListed = true
                active.add(self, now: now)
            }
            return body(&queue)
        }
    }
}
