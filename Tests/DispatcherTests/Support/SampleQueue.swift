@testable import F2SDispatcher

extension InvocationQueue {
    /// A queue of a function that declares no limits of its own.
    init(concurrency: Int?, lengthMax: Int, now: UInt64) {
        self.init(Bounds(concurrency: concurrency, queued: lengthMax), now: now)
    }

    /// Who waits, in order.
    mutating func removeAllForTest() -> [Waiter] { close(now: 0) }
}
