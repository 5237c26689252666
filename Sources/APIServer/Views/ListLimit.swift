import F2SModel
import Synchronization

/// Bounds the number of lists that are sent at the same time. Each slow reader costs one function's text and the
/// content of the socket buffers.
final class ListLimit: Sendable {
    private let listsMax: @Sendable () -> Int
    private let current = Mutex(0)

    /// - Parameter listsMax: Returns the bound. It is called per list because settings change.
    init(listsMax: @escaping @Sendable () -> Int) { self.listsMax = listsMax }

    /// Acquires the right to send one list. It ends with the object, which lives as long as the response.
    /// - Throws: A ``Problem`` with status 503 if too many lists are being sent.
    func acquire() throws(Problem) -> Lease {
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
