@testable import F2SDispatcher

extension InvocationQueue {
    /// Creates a queue with these limits for concurrency and length.
    init(concurrency: Int?, lengthMax: Int, now: UInt64) {
        self.init(Bounds(concurrency: concurrency, queued: lengthMax), now: now)
    }

    /// Closes the queue and returns its waiters in order.
    mutating func removeAllForTest() -> [Waiter] { close(now: 0) }
}
