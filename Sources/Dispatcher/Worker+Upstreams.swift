import F2SModel
import Glibc
import Synchronization

/// The requirements for an idle connection.
struct IdleRequirement: Sendable {
    /// True if the connection must have been in use within the last second: the request must not be sent on a
    /// connection that is closing.
    var isFresh: Bool
    /// True if the connection must have carried nothing yet: the request has already been sent on a connection that was
    /// closing.
    var isUnused: Bool
}

// Idle connections to replicas.
extension Worker {
    /// The result of a search for an idle connection.
    enum IdleSearch {
        case found(UpstreamConnection)
        /// Another loop has an idle connection.
        case lender(Int)
        case none
    }

    /// Searches for an idle connection to a replica, the most recently used one first.
    func leaseIdle(_ replica: ReplicaHandle, _ requirement: IdleRequirement) -> IdleSearch {
        let own = index
        switch replica.withConnections({ $0.lease(own) }) {
        case .new: return .none
        case .borrowed(let other): return .lender(other)
        case .own:
            guard let pool = pools[replica.number], !pool.idle.isEmpty else { return .none }
            if let upstream = leaseFit(from: pool, requirement) { return .found(upstream) }
            if !pool.idle.isEmpty, replica.withConnections({ $0.refuse(own) }) { pool.popLast()?.close() }
            return .none
        }
    }

    private func leaseFit(from pool: UpstreamPool, _ requirement: IdleRequirement) -> UpstreamConnection? {
        let oldest = requirement.isFresh ? coarseNow &- min(coarseNow, Self.freshNanoseconds) : 0
        return pool.lease(idleSince: oldest, isUnused: requirement.isUnused)
    }

    /// Requests an idle connection from another loop, or opens a new one if that fails.
    func borrow(
        _ replica: ReplicaHandle, from lender: Int, _ requirement: IdleRequirement,
        then body: @escaping (Result<UpstreamConnection, SystemError>) -> Void
    ) {
        let ticket = nextGeneration()
        borrowing[ticket] = (replica, body)
        directory.mailboxes[lender].post(.lend(replica, requirement, to: index, ticket: ticket))
    }

    func lend(_ replica: ReplicaHandle, _ requirement: IdleRequirement, to loop: Int, ticket: UInt64) {
        var descriptor: Int32?
        var idleSince: UInt64 = 0
        if let pool = pools[replica.number] {
            if let upstream = leaseFit(from: pool, requirement) {
                idleSince = upstream.idleSince
                descriptor = upstream.detach()
            } else {
                // The idle connection would keep the replica from serving the new one that is opened instead.
                pool.popLast()?.close()
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

    /// Keeps an idle connection for later use, or closes it.
    func keepIdle(_ upstream: UpstreamConnection) {
        let replica = upstream.replica
        let (own, time) = (index, coarseNow)
        guard !replica.isRetired, !shared.isEnding, !(replica.sendsSurplus && upstream.isReused),
            replica.withConnections({ $0.keep(own, now: time) })
        else { return upstream.close() }
        upstream.idleSince = time
        upstream.isPooled = true
        let pool = upstream.pool ?? pool(of: replica)
        upstream.pool = pool
        if !pool.keep(upstream, max: tuning.limits.idleUpstreamsMax) { upstream.close() }
    }

    private func pool(of replica: ReplicaHandle) -> UpstreamPool {
        if let pool = pools[replica.number] { return pool }
        let pool = UpstreamPool()
        pools[replica.number] = pool
        return pool
    }

    func forget(_ upstream: UpstreamConnection) {
        upstream.pool?.remove(upstream)
    }

    /// Closes the idle connections to a replica that is gone, and fails those that are being opened, because another
    /// program may already have its address.
    func forget(_ replica: ReplicaHandle) {
        closeIdle(replica.number)
        pools[replica.number] = nil
        for upstream in connecting where upstream.replica === replica { upstream.failAsGone() }
    }

    func closeIdle(_ number: Int) { pools[number]?.closeAll() }

    func closeStaleUpstreams(_ time: UInt64) {
        let oldest = time &- min(time, times.upstreamIdle)
        for pool in pools.values { pool.closeStale(idleSince: oldest) }
    }

    // MARK: Servers with few threads

    /// Closes idle connections to replicas that leave a new connection unserved.
    func closeIdleInTheWay(_ time: UInt64) {
        for upstream in unserved where upstream.replica.withConnections({ $0.mustCloseIdle(time) }) {
            for mailbox in directory.mailboxes { mailbox.post(.closeIdle(upstream.replica)) }
        }
    }

    func addUnserved(_ upstream: UpstreamConnection) {
        upstream.unservedIndex = unserved.count
        unserved.append(upstream)
    }

    /// Removes a connection without a search, because a burst of callers may open thousands at once.
    func removeUnserved(_ upstream: UpstreamConnection) {
        guard let last = unserved.popLast(), last !== upstream else { return }
        last.unservedIndex = upstream.unservedIndex
        unserved[upstream.unservedIndex] = last
    }
}
