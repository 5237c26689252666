import F2SModel
import NIOCore
import NIOPosix

extension Worker {
    /// Longest time for one attempt to connect.
    static let connectTimeout = TimeAmount.seconds(2)
    /// From one attempt to the next while a new replica does not listen yet.
    static let dialInterval = TimeAmount.milliseconds(15)

    /// Opens a connection on this loop.
    func connect(_ replica: ReplicaCell, then body: @escaping (Result<UpstreamConnection, any Error>) -> Void) {
        let upstream = UpstreamConnection(replica: replica, worker: self)
        let bound = NIOLoopBound(upstream, eventLoop: loop)
        ClientBootstrap(group: loop)
            .connectTimeout(Self.connectTimeout)
            .channelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 65_536)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(bound.value) }
            }
            .connect(to: replica.address)
            .assumeIsolated()
            .whenComplete { body($0.map { _ in upstream }) }
    }

    /// Connects to a replica again and again until it accepts: from then on it takes invocations. The connection is
    /// kept where somebody on this loop waits for it; otherwise it would only be in the way of a function that serves
    /// one at a time.
    /// - Parameter delay: time before the first attempt.
    func dial(_ replica: ReplicaCell, of cell: FunctionCell, after delay: TimeAmount = .zero) {
        guard replica.beginDialling() else { return }
        guard delay > .zero else { return attempt(replica, of: cell) }
        attempt(replica, of: cell, after: delay)
    }

    private func attempt(_ replica: ReplicaCell, of cell: FunctionCell, after delay: TimeAmount) {
        let worker = NIOLoopBound(self, eventLoop: loop)
        loop.assumeIsolated().scheduleTask(in: delay) { worker.value.attempt(replica, of: cell) }
    }

    private func attempt(_ replica: ReplicaCell, of cell: FunctionCell) {
        guard !replica.isRetired else { return replica.endDialling() }
        connect(replica) { [self] result in
            guard case .success(let upstream) = result else {
                return attempt(replica, of: cell, after: Self.dialInterval)
            }
            replica.endDialling()
            let time = now()
            let wakes = cell.withQueue { $0.accepted(replica, now: time) }
            if wakes.contains(where: { $0.waiter.loop == index }) { keepIdle(upstream) } else { upstream.close() }
            directory?.deliver(wakes, of: cell)
            shared.changes.raise()
        }
    }
}
