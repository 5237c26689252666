import F2SModel
import Glibc

extension Worker {
    /// The longest time for one attempt to connect, in nanoseconds.
    static let connectTimeoutNanoseconds: UInt64 = 2_000_000_000
    /// The time between two attempts to connect to a new replica that does not listen yet, in nanoseconds.
    static let dialIntervalNanoseconds: UInt64 = 15_000_000

    /// Opens a connection on this loop.
    func connect(_ replica: ReplicaHandle, then body: @escaping (Result<UpstreamConnection, SystemError>) -> Void) {
        do throws(SystemError) {
            guard !replica.isRetired else { throw SystemError(call: "connect", code: ECONNABORTED) }
            // The upstreams of F2S itself may use the reserve: an operator needs them to examine a lack of descriptors.
            guard replica.number <= OwnUpstream.numberMax || shared.hasDescriptors else {
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
            // The failure is reported later, like every other one, because the caller is in the middle of a step.
            loop.schedule(after: 0) { body(.failure(error)) }
        }
    }

    func failSlowConnects(_ time: UInt64) {
        for upstream in connecting { upstream.failIfSlow(time) }
    }

    /// Tries to connect to a replica until it accepts; from then on it receives invocations. The connection is kept if
    /// an invocation on this loop waits for it. Otherwise it would only block a function that serves one connection at
    /// a time.
    /// - Parameter delay: Nanoseconds before the first attempt.
    func dial(_ replica: ReplicaHandle, of handle: FunctionHandle, after delay: UInt64 = 0) {
        guard replica.beginDialling() else { return }
        guard delay > 0 else { return attempt(replica, of: handle) }
        attempt(replica, of: handle, after: delay)
    }

    private func attempt(_ replica: ReplicaHandle, of handle: FunctionHandle, after delay: UInt64) {
        loop.schedule(after: delay) { [unowned self] in attempt(replica, of: handle) }
    }

    private func attempt(_ replica: ReplicaHandle, of handle: FunctionHandle) {
        guard !replica.isRetired else { return replica.endDialling() }
        connect(replica) { [unowned self] result in
            guard case .success(let upstream) = result else {
                return attempt(replica, of: handle, after: Self.dialIntervalNanoseconds)
            }
            replica.endDialling()
            let time = now()
            let handoffs = handle.withQueue { $0.accepted(replica, now: time) }
            if handoffs.contains(where: { $0.waiter.loop == index }) { keepIdle(upstream) } else { upstream.close() }
            for handoff in handoffs { deliver(handoff, of: handle) }
            shared.noteChange(of: handle.id)
        }
    }
}
