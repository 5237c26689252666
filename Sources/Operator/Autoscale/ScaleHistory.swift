import F2SModel

/// The last decisions that changed the desired number of one function's replicas.
///
/// It takes 8 bytes until the first decision is recorded, and at most about 2 KiB. Most functions change between the
/// same numbers for the same reasons, and equal messages share their storage, so that 1.2 KiB is usual.
struct ScaleHistory: Sendable, Hashable {
    /// The maximum number of decisions that are kept.
    static let changesMax = 16

    /// The decisions, oldest first.
    private(set) var changes: [ScaleChange] = []

    /// Records a decision. One that repeats the last one replaces it. For another one, the oldest decision is dropped
    /// if the history is full.
    mutating func record(_ change: ScaleChange) {
        var change = change
        if let equal = changes.last(where: { $0.message == change.message }) { change.message = equal.message }
        // A process that loses the leadership and regains it may decide the same again.
        if let last = changes.last, (last.from, last.to, last.reason) == (change.from, change.to, change.reason) {
            changes.removeLast()
        } else if changes.count == Self.changesMax {
            changes.removeFirst()
        }
        changes.append(change)
    }
}
