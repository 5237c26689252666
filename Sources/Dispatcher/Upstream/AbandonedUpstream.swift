import F2SModel
import Synchronization

/// A slot whose invocation was abandoned while its replica works on it.
struct AbandonedSlot {
    let grant: InvocationQueue.Grant
    let cell: FunctionCell
}

/// A connection to a replica that still works on an abandoned invocation. Holds the invocation's slot until the replica
/// has answered or closed; what arrives is thrown away.
final class AbandonedUpstream: StreamHandler {
    private let stream: Stream
    private let replica: ReplicaCell
    private let slot: AbandonedSlot
    private let worker: Worker
    private var response: AbandonedResponse
    private var isOver = false

    init(
        _ stream: Stream, replica: ReplicaCell, slot: AbandonedSlot, response: AbandonedResponse, worker: Worker
    ) {
        self.stream = stream
        self.replica = replica
        self.slot = slot
        self.response = response
        self.worker = worker
    }

    /// Takes the connection over.
    func start() {
        worker.abandonedBegan(self)
        stream.setReading(true)
        // The stream and this hold each other from here on.
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

    /// Closes without giving the slot back.
    func close() {
        guard !isOver else { return }
        isOver = true
        worker.abandonedEnded(self)
        worker.shared.upstreamConnections.subtract(1, ordering: .relaxed)
        replica.withConnections { $0.closed() }
        stream.close()
    }

    // MARK: What the stream tells

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
        worker.giveBack(slot.grant, of: slot.cell)
        return count
    }

    func drained() {}

    func ended(_ failure: SystemError?) {
        close()
        worker.giveBack(slot.grant, of: slot.cell)
    }
}
