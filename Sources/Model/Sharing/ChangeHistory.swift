import Synchronization

/// An ordered log of the changed keys of a collection. All copies of the collection share it; each stores the number of
/// entries that it includes.
public final class ChangeHistory<Key: Hashable & Sendable>: Sendable {
    private struct State {
        var keys: [Key] = []
        /// Changes before ``keys`` that are not known any more.
        var forgotten: UInt64 = 0

        var count: UInt64 { forgotten + UInt64(keys.count) }
    }

    /// Changes that are kept at least; a follower that missed more looks at everything.
    private static var keptMin: Int { 4096 }

    private let state = Mutex(State())

    /// A history without changes.
    public init() {}

    /// Notes changes that follow the first `version` ones.
    /// - Returns: how many there are now; `nil`: others have followed those already, or these are more than are kept.
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

    /// Keys of the changes after the first `version` and among the first `end`; `nil`: the log no longer has them all.
    public func keys(after version: UInt64, through end: UInt64) -> Set<Key>? {
        state.withLock { state in
            guard version >= state.forgotten, version <= end, end <= state.count else { return nil }
            return Set(state.keys[Int(version - state.forgotten)..<Int(end - state.forgotten)])
        }
    }
}
