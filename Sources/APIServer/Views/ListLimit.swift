import F2SModel

/// Bounds the number of lists that are sent at the same time. Each slow reader costs one function's text and the
/// content of the socket buffers.
struct ListLimit: Sendable {
    /// The right to send one list. It ends with the object, which lives as long as the response.
    typealias Lease = ConcurrencyLimit.Lease

    private let limit: ConcurrencyLimit

    /// - Parameter listsMax: Returns the bound. It is called per list because settings change.
    init(listsMax: @escaping @Sendable () -> Int) {
        limit = ConcurrencyLimit(countMax: listsMax) {
            "\($0) lists are being sent already (f2s.limits.api_lists). Retry in a second."
        }
    }

    /// Acquires the right to send one list.
    /// - Throws: A ``Problem`` with status 503 if too many lists are being sent.
    func acquire() throws(Problem) -> Lease { try limit.acquire() }
}
