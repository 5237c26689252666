import F2SModel
import Synchronization

/// One function as all loops know it. The cell lives as long as the function does; what is declared changes under it.
final class FunctionCell: Sendable {
    /// What an invocation needs of a declaration, read once when it is routed. A class, because every invocation holds
    /// on to it: one count instead of one for each member.
    final class Declaration: Sendable {
        let name: FunctionName
        let route: Route
        /// Public path, which a replica learns as its prefix.
        let publicPath: [UInt8]
        /// Where it is on the replica; `nil`: another F2S process finds that out.
        let path: [UInt8]?
        /// Nanoseconds.
        let timeout: UInt64
        /// Longest start of a first replica that is declared, in nanoseconds; 0: none.
        let startTimeout: UInt64
        /// Whether it has a rate, so that admission must know who calls.
        let countsCallers: Bool
        /// Whether its slots are limited and granted here: then one is held until its replica has finished.
        let holdsSlots: Bool

        init(
            name: FunctionName, route: Route, path: [UInt8]?, timeout: UInt64, startTimeout: UInt64 = 0,
            countsCallers: Bool = false, holdsSlots: Bool = false
        ) {
            self.name = name
            self.route = route
            publicPath = RouteTable.publicPath(route)
            self.path = path
            self.timeout = timeout
            self.startTimeout = startTimeout
            self.countsCallers = countsCallers
            self.holdsSlots = holdsSlots
        }
    }

    let id: Function.ID
    let meters = FunctionMeters()
    private let queue: Mutex<InvocationQueue>
    /// Where the function is listed while it has something to report; `nil`: another cell reports for it.
    private let active: ActiveFunctions?
    private let next = Mutex<RouteTable.Entry?>(nil)

    init(id: Function.ID, queue: InvocationQueue, active: ActiveFunctions?) {
        self.id = id
        self.active = active
        self.queue = Mutex(queue)
    }

    /// Where those belong whom the queue does not admit because the function has moved.
    var successor: RouteTable.Entry? {
        get { next.withLock { $0 } }
        set { next.withLock { $0 = newValue } }
    }

    /// Runs a transition of the queue. Nothing is called from under the lock.
    @inline(__always)
    func withQueue<Result>(_ body: (inout sending InvocationQueue) -> sending Result) -> sending Result {
        queue.withLock(body)
    }

    /// The same for a transition after which the function may have something to report.
    /// - Parameter now: monotonic nanoseconds.
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
