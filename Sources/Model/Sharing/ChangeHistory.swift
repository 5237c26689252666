import Synchronization

/// An ordered log of the changed keys of a collection. All copies of the collection share it; each stores the number of
/// entries that it includes.
public final class ChangeHistory<Key: Hashable & Sendable>: Sendable {
    private struct State {
        var keys: [Key] = []
        /// The number of changes before ``keys`` that were dropped.
        var forgotten: UInt64 = 0

        var count: UInt64 { forgotten + UInt64(keys.count) }
    }

    /// The minimum number of changes that are kept. A follower that missed more compares everything.
    private static var keptMin: Int { 4096 }

    private let state = Mutex(State())

    /// Creates a history without changes.
    public init() {}

    /// Records changes that follow the first `version` ones.
    /// - Returns: the new number of changes; `nil` if other changes already follow these, or if there are more keys
    ///   than the history keeps.
    public func append(_ keys: Set<Key>, after version: UInt64) -> UInt64? {
        guard keys.count <= Self.keptMin else { return nil }
        return state.withLock { state in
            guard state.count == version else { return nil }
            if state.keys.count >= 2 * Self.keptMin {
                state.keys.removeFirst(Self.keptMin)
                state.forgotten += UInt64(Self.keptMin)
            }
            state.keys += keys
            return state.count
        }
    }

    /// Returns the keys of the changes after the first `version` and among the first `end`; `nil` if the log no longer
    /// contains all of them.
    public func keys(after version: UInt64, through end: UInt64) -> Set<Key>? {
        state.withLock { state in
            guard version >= state.forgotten, version <= end, end <= state.count else { return nil }
            return Set(state.keys[Int(version - state.forgotten)..<Int(end - state.forgotten)])
        }
    }
}
