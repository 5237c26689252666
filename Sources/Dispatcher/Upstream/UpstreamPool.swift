/// Idle connections of one loop to one replica. Last in, first out: the others grow old and are closed.
struct UpstreamPool {
    /// Oldest first.
    var idle: [UpstreamConnection] = []

    /// The one that was used last, if it is as wanted: the others are older still.
    mutating func take(idleSince oldest: UInt64, isUnused: Bool) -> UpstreamConnection? {
        while let last = idle.last {
            guard last.isUsable else {
                idle.removeLast()
                continue
            }
            guard last.idleSince >= oldest, !(isUnused && last.isReused) else { return nil }
            return idle.removeLast()
        }
        return nil
    }

    /// `false`: there are enough already.
    mutating func keep(_ upstream: UpstreamConnection, max: Int) -> Bool {
        guard idle.count < max else { return false }
        idle.append(upstream)
        return true
    }

    mutating func remove(_ upstream: UpstreamConnection) {
        if let index = idle.lastIndex(where: { $0 === upstream }) { idle.remove(at: index) }
    }
}
