import F2SModel
import Synchronization

/// Bounds how many lists are being sent at once: each slow reader keeps one function's text and what the sockets hold.
final class ListLimit: Sendable {
    private let listsMax: @Sendable () -> Int
    private let current = Mutex(0)

    /// - Parameter listsMax: asked per list, because settings change.
    init(listsMax: @escaping @Sendable () -> Int) { self.listsMax = listsMax }

    /// The right to send one list, which ends with the object: with the answer, whether it was sent or given up.
    /// - Throws: a ``Problem`` with status 503 when there are too many.
    func take() throws(Problem) -> Lease {
        let listsMax = listsMax()
        let isFree = current.withLock { current in
            guard current < listsMax else { return false }
            current += 1
            return true
        }
        guard isFree else {
            throw Problem(
                status: 503, title: "The management API is busy",
                detail: "\(listsMax) lists are being sent already (f2s.limits.api_lists). Retry in a second.")
        }
        return Lease(limit: self)
    }

    private func giveBack() { current.withLock { $0 -= 1 } }

    /// The right to send one list.
    final class Lease: Sendable {
        private let limit: ListLimit

        fileprivate init(limit: ListLimit) { self.limit = limit }

        deinit { limit.giveBack() }
    }
}
