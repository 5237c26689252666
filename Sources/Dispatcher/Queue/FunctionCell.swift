import F2SModel
import Synchronization

/// One function as all loops know it. The cell lives as long as the function does; what is declared changes under it.
final class FunctionCell: Sendable {
    /// What an invocation needs of a declaration, read once when it is routed.
    struct Declaration: Sendable {
        let name: FunctionName
        let route: Route
        let path: [UInt8]
        let timeout: UInt64
    }

    let id: Function.ID
    let meters: FunctionMeters
    private let queue: Mutex<InvocationQueue>

    init(id: Function.ID, queue: InvocationQueue, meters: FunctionMeters) {
        self.id = id
        self.meters = meters
        self.queue = Mutex(queue)
    }

    /// Runs a transition of the queue. Nothing is called from under the lock.
    @inline(__always)
    func withQueue<Result>(_ body: (inout sending InvocationQueue) -> sending Result) -> sending Result {
        queue.withLock(body)
    }
}
