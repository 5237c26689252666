import F2SModel
import Synchronization

/// Bounds the number of requests of one kind that are served at the same time, because each of them needs memory.
final class ConcurrencyLimit: Sendable {
    private let countMax: @Sendable () -> Int
    private let busy: @Sendable (Int) -> String
    private let current = Mutex(0)

    /// - Parameters:
    ///   - countMax: Returns the bound. It is called per request because settings change.
    ///   - busy: Returns the detail of the response if the bound, its argument, is reached.
    init(countMax: @escaping @Sendable () -> Int, busy: @escaping @Sendable (Int) -> String) {
        self.countMax = countMax
        self.busy = busy
    }

    /// Acquires the right to serve one request. It ends with the object.
    /// - Throws: A ``Problem`` with status 503 if the bound is reached.
    func acquire() throws(Problem) -> Lease {
        let countMax = countMax()
        let isFree = current.withLock { current in
            guard current < countMax else { return false }
            current += 1
            return true
        }
        guard isFree else {
            throw Problem(status: 503, title: "The management API is busy", detail: busy(countMax))
        }
        return Lease(limit: self)
    }

    private func giveBack() { current.withLock { $0 -= 1 } }

    /// The right to serve one request.
    final class Lease: Sendable {
        private let limit: ConcurrencyLimit

        fileprivate init(limit: ConcurrencyLimit) { self.limit = limit }

        deinit { limit.giveBack() }
    }
}
