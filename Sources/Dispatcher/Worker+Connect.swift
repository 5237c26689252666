import F2SModel
import Glibc

extension Worker {
    /// Longest time for one attempt to connect.
    static let connectTimeoutNanoseconds: UInt64 = 2_000_000_000
    /// From one attempt to the next while a new replica does not listen yet.
    static let dialIntervalNanoseconds: UInt64 = 15_000_000

    /// Opens a connection on this loop.
    func connect(_ replica: ReplicaCell, then body: @escaping (Result<UpstreamConnection, SystemError>) -> Void) {
        do throws(SystemError) {
            guard !replica.isRetired else { throw SystemError(call: "connect", code: ECONNABORTED) }
            // The API server and hooks may use the reserve: they are how a lack of descriptors is looked into.
            guard replica.number <= InternalUpstream.number || shared.hasDescriptors else {
                throw SystemError(call: "socket", code: EMFILE)
            }
            let stream = try Stream(connectingTo: replica.address, loop: loop)
            let upstream = UpstreamConnection(stream, replica: replica, worker: self)
            connecting.append(upstream)
            upstream.connect(until: coarseNow &+ Self.connectTimeoutNanoseconds) { [unowned self] result in
                if let index = connecting.firstIndex(where: { $0 === upstream }) {
                    connecting.swapAt(index, connecting.count - 1)
                    connecting.removeLast()
                }
                body(result)
            }
        } catch {
            // Later, as every other failure: who asks is in the middle of something.
            loop.schedule(after: 0) { body(.failure(error)) }
        }
    }

    func failSlowConnects(_ time: UInt64) {
        for upstream in connecting { upstream.failIfSlow(time) }
    }

    /// Connects to a replica again and again until it accepts: from then on it takes invocations. The connection is
    /// kept where somebody on this loop waits for it; otherwise it would only be in the way of a function that serves
    /// one at a time.
    /// - Parameter delay: nanoseconds before the first attempt.
    func dial(_ replica: ReplicaCell, of cell: FunctionCell, after delay: UInt64 = 0) {
        guard replica.beginDialling() else { return }
        guard delay > 0 else { return attempt(replica, of: cell) }
        attempt(replica, of: cell, after: delay)
    }

    private func attempt(_ replica: ReplicaCell, of cell: FunctionCell, after delay: UInt64) {
        loop.schedule(after: delay) { [unowned self] in attempt(replica, of: cell) }
    }

    private func attempt(_ replica: ReplicaCell, of cell: FunctionCell) {
        guard !replica.isRetired else { return replica.endDialling() }
        connect(replica) { [unowned self] result in
            guard case .success(let upstream) = result else {
                return attempt(replica, of: cell, after: Self.dialIntervalNanoseconds)
            }
            replica.endDialling()
            let time = now()
            let wakes = cell.withQueue { $0.accepted(replica, now: time) }
            if wakes.contains(where: { $0.waiter.loop == index }) { keepIdle(upstream) } else { upstream.close() }
            for wake in wakes { deliver(wake, of: cell) }
            shared.noteChange(of: cell.id)
        }
    }
}
