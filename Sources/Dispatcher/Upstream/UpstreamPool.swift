/// The idle connections of one loop to one replica. Last in, first out: the others grow old and are closed.
///
/// A class, because a change of a struct in a dictionary would cost an allocation.
final class UpstreamPool {
    /// The connections, oldest first.
    private(set) var idle: [UpstreamConnection] = []

    /// Returns the connection that was used last, if it meets the requirements. The others are older still.
    func lease(idleSince oldest: UInt64, isUnused: Bool) -> UpstreamConnection? {
        while let last = idle.last {
            guard last.isUsable else {
                idle.removeLast()
                continue
            }
            guard last.idleSince >= oldest, !(isUnused && last.isReused) else { return nil }
            return popLast()
        }
        return nil
    }

    /// Returns and removes the connection that was used last, whatever its state.
    func popLast() -> UpstreamConnection? {
        guard !idle.isEmpty else { return nil }
        let last = idle.removeLast()
        last.isPooled = false
        return last
    }

    /// Adds a connection.
    /// - Returns: False if the pool is full.
    func keep(_ upstream: UpstreamConnection, max: Int) -> Bool {
        guard idle.count < max else { return false }
        idle.append(upstream)
        return true
    }

    /// Closes the connections that have been idle since before `oldest`, or all of them if the replica is gone.
    func closeStale(idleSince oldest: UInt64) {
        while let first = idle.first, first.idleSince < oldest || first.replica.isRetired {
            idle.removeFirst()
            first.close()
        }
    }

    /// Closes all connections.
    func closeAll() {
        let all = idle
        idle = []
        for upstream in all { upstream.close() }
    }

    func remove(_ upstream: UpstreamConnection) {
        if let index = idle.lastIndex(where: { $0 === upstream }) { idle.remove(at: index) }
    }
}
