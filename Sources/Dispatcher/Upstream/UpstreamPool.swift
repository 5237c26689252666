/// Idle connections of one loop to one replica. Last in, first out: the others grow old and are closed.
///
/// A class, because a dictionary hands its values out for a change at the price of an allocation.
final class UpstreamPool {
    /// Oldest first.
    private(set) var idle: [UpstreamConnection]

    init(_ first: UpstreamConnection) { idle = [first] }

    /// The one that was used last, if it is as wanted: the others are older still.
    func take(idleSince oldest: UInt64, isUnused: Bool) -> UpstreamConnection? {
        while let last = idle.last {
            guard last.isUsable else {
                idle.removeLast()
                continue
            }
            guard last.idleSince >= oldest, !(isUnused && last.isReused) else { return nil }
            return takeLast()
        }
        return nil
    }

    /// The one that was used last, whatever it is like.
    func takeLast() -> UpstreamConnection? {
        let last = idle.popLast()
        last?.isPooled = false
        return last
    }

    /// `false`: there are enough already.
    func keep(_ upstream: UpstreamConnection, max: Int) -> Bool {
        guard idle.count < max else { return false }
        idle.append(upstream)
        return true
    }

    /// Closes those that have been idle since before `oldest`; all of them where the replica is gone.
    func closeStale(idleSince oldest: UInt64) {
        while let first = idle.first, first.idleSince < oldest || first.replica.isRetired {
            idle.removeFirst()
            first.close()
        }
    }

    func remove(_ upstream: UpstreamConnection) {
        if let index = idle.lastIndex(where: { $0 === upstream }) { idle.remove(at: index) }
    }
}
