import F2SModel
import Glibc
import Synchronization

/// What an idle connection must be like.
struct IdleWish: Sendable {
    /// Only one that was in use within the last second: what is sent must not meet a closing one.
    var isFresh: Bool
    /// Only one that has carried nothing yet: what is sent has met a closing one already.
    var isUnused: Bool
}

// Connections to replicas that have nothing to do.
extension Worker {
    /// Where a connection comes from.
    enum IdleSearch {
        case found(UpstreamConnection)
        /// Another loop has one.
        case lender(Int)
        case none
    }

    /// Looks for an idle connection to a replica, the one used last first.
    func takeIdle(_ replica: ReplicaCell, _ wish: IdleWish) -> IdleSearch {
        let own = index
        switch replica.withConnections({ $0.take(own) }) {
        case .new: return .none
        case .borrowed(let other): return .lender(other)
        case .own:
            guard let pool = pools[replica.number], !pool.idle.isEmpty else { return .none }
            if let upstream = takeFit(from: pool, wish) { return .found(upstream) }
            if !pool.idle.isEmpty, replica.withConnections({ $0.refuse(own) }) { pool.takeLast()?.close() }
            return .none
        }
    }

    private func takeFit(from pool: UpstreamPool, _ wish: IdleWish) -> UpstreamConnection? {
        let oldest = wish.isFresh ? coarseNow &- min(coarseNow, Self.freshNanoseconds) : 0
        return pool.take(idleSince: oldest, isUnused: wish.isUnused)
    }

    /// Takes an idle connection over from another loop, or opens a new one where that fails.
    func borrow(
        _ replica: ReplicaCell, from lender: Int, _ wish: IdleWish,
        then body: @escaping (Result<UpstreamConnection, SystemError>) -> Void
    ) {
        let ticket = nextGeneration()
        borrowing[ticket] = (replica, body)
        directory.mailboxes[lender].post(.lend(replica, wish, to: index, ticket: ticket))
    }

    func lend(_ replica: ReplicaCell, _ wish: IdleWish, to loop: Int, ticket: UInt64) {
        var descriptor: Int32?
        var idleSince: UInt64 = 0
        if let pool = pools[replica.number] {
            if let upstream = takeFit(from: pool, wish) {
                idleSince = upstream.idleSince
                descriptor = upstream.detach()
            } else {
                // It would keep the replica from serving the one that is opened instead.
                pool.takeLast()?.close()
            }
        }
        directory.mailboxes[loop].post(.lent(descriptor, idleSince: idleSince, ticket: ticket))
    }

    func lent(_ descriptor: Int32?, idleSince: UInt64, ticket: UInt64) {
        guard let (replica, body) = borrowing.removeValue(forKey: ticket) else { return }
        guard let descriptor else { return connect(replica, then: body) }
        let upstream = UpstreamConnection(
            idle: Stream(adopting: descriptor, loop: loop), isNew: true, replica: replica, worker: self)
        upstream.idleSince = idleSince
        guard !replica.isRetired else {
            upstream.close()
            return body(.failure(SystemError(call: "connect", code: ECONNABORTED)))
        }
        body(.success(upstream))
    }

    /// Keeps a connection that has nothing to do.
    func keepIdle(_ upstream: UpstreamConnection) {
        let replica = upstream.replica
        let (own, time) = (index, coarseNow)
        guard !replica.isRetired, !shared.isEnding, !(replica.sendsSurplus && upstream.isReused),
            replica.withConnections({ $0.keep(own, now: time) })
        else { return upstream.close() }
        upstream.idleSince = time
        upstream.isPooled = true
        if let pool = pools[replica.number] {
            if !pool.keep(upstream, max: tuning.limits.idleUpstreamsMax) { upstream.close() }
        } else {
            pools[replica.number] = UpstreamPool(upstream)
        }
    }

    func forget(_ upstream: UpstreamConnection) {
        pools[upstream.replica.number]?.remove(upstream)
    }

    /// A replica is gone: what is connected and idle is closed, what is being connected fails, because its address may
    /// be somebody else's already.
    func forget(_ replica: ReplicaCell) {
        closeIdle(replica.number)
        for upstream in connecting where upstream.replica === replica { upstream.failAsGone() }
    }

    func closeIdle(_ number: Int) {
        guard let pool = pools.removeValue(forKey: number) else { return }
        for upstream in pool.idle { upstream.close() }
    }

    func closeStaleUpstreams(_ time: UInt64) {
        let oldest = time &- min(time, times.upstreamIdle)
        for pool in pools.values { pool.closeStale(idleSince: oldest) }
    }

    // MARK: Servers with few threads

    /// Where new connections are not served while others are idle, those are closed.
    func closeIdleInTheWay(_ time: UInt64) {
        for upstream in unserved where upstream.replica.withConnections({ $0.mustCloseIdle(time) }) {
            for mailbox in directory.mailboxes { mailbox.post(.closeIdle(upstream.replica)) }
        }
    }

    func addUnserved(_ upstream: UpstreamConnection) {
        upstream.unservedIndex = unserved.count
        unserved.append(upstream)
    }

    /// A burst of callers may open thousands at once: none is searched for.
    func removeUnserved(_ upstream: UpstreamConnection) {
        guard let last = unserved.popLast(), last !== upstream else { return }
        last.unservedIndex = upstream.unservedIndex
        unserved[upstream.unservedIndex] = last
    }
}
