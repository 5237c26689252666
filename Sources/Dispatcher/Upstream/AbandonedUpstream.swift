import F2SModel
import Synchronization

/// The slot of an abandoned invocation, which its replica still processes.
struct AbandonedSlot {
    let lease: InvocationQueue.SlotLease
    let handle: FunctionHandle
}

/// A connection to a replica that still processes an abandoned invocation. It holds the invocation's slot until the
/// replica has responded or closed the connection, and discards the received bytes.
final class AbandonedUpstream: StreamHandler {
    private let stream: Stream
    private let replica: ReplicaHandle
    private let slot: AbandonedSlot
    private let worker: Worker
    private var response: AbandonedResponse
    private var isOver = false

    init(
        _ stream: Stream, replica: ReplicaHandle, slot: AbandonedSlot, response: AbandonedResponse, worker: Worker
    ) {
        self.stream = stream
        self.replica = replica
        self.slot = slot
        self.response = response
        self.worker = worker
    }

    /// Starts to handle the events of the connection.
    func start() {
        worker.abandonedBegan(self)
        stream.setReading(true)
        // From here on, the stream and this object retain each other.
        stream.handOver(to: self)
        if !isOver { timePassed(worker.coarseNow) }
    }

    func timePassed(_ now: UInt64) {
        guard !isOver else { return }
        switch response.timePassed(now) {
        case .wait: break
        case .tell: stream.shutdownOutput()
        case .giveUp:
            close()
            worker.giveUp(slot)
        }
    }

    /// Closes the connection without returning the slot.
    func close() {
        guard !isOver else { return }
        isOver = true
        worker.abandonedEnded(self)
        worker.shared.upstreamConnections.subtract(1, ordering: .relaxed)
        replica.withConnections { $0.closed() }
        stream.close()
    }

    // MARK: StreamHandler

    func connected() {}

    func received(_ bytes: Span<UInt8>) -> Int {
        let count = response.discard(bytes, &worker.scanner, now: worker.coarseNow)
        guard response.isComplete, !isOver else { return count }
        if response.isReusable, count == bytes.count, stream.isWritable {
            isOver = true
            worker.abandonedEnded(self)
            worker.keepIdle(UpstreamConnection(idle: stream, replica: replica, worker: worker))
        } else {
            close()
        }
        worker.release(slot.lease, of: slot.handle)
        return count
    }

    func drained() {}

    func ended(_ failure: SystemError?) {
        close()
        worker.release(slot.lease, of: slot.handle)
    }
}

// Slots that are held for abandoned invocations.
extension Worker {
    func abandonedBegan(_ upstream: AbandonedUpstream) {
        abandoned.append(upstream)
        // A shutdown waits for the replica: another process may grant the slot as soon as this process has ended.
        if peers != nil { shared.invocationBegan() }
    }

    func abandonedEnded(_ upstream: AbandonedUpstream) {
        guard let index = abandoned.firstIndex(where: { $0 === upstream }) else { return }
        abandoned.swapAt(index, abandoned.count - 1)
        abandoned.removeLast()
        if peers != nil { shared.invocationEnded() }
    }

    /// Gives up a replica that did not finish in time, and notifies the control plane.
    func giveUp(_ slot: AbandonedSlot) {
        let time = coarseNow
        if let next = slot.handle.withQueue({ $0.giveUp(slot.lease, now: time) }) { deliver(next, of: slot.handle) }
        shared.noteChange(of: slot.handle.id)
    }
}
