import F2SModel
import Glibc

/// Responds to a connection over the limit with a 503, so that its client gets a reason and not a reset.
final class RejectedConnection: StreamHandler {
    private let stream: Stream
    private unowned let worker: Worker

    /// The most rejected connections that linger. Further ones are closed at once, because other connections need the
    /// descriptors.
    static let lingeringMax = 256

    /// The longest time, in nanoseconds, for which the connection is read and its bytes are dropped; it ends earlier if
    /// the client closes. The client has most likely sent a request by now: closing with unread bytes would reset the
    /// connection, and the client could lose the response.
    private static let lingerNanoseconds: UInt64 = 1_000_000_000

    private init(_ stream: Stream, worker: Worker) {
        self.stream = stream
        self.worker = worker
    }

    /// Responds to an accepted connection, and closes it.
    static func reject(_ descriptor: Int32, worker: Worker) {
        let (error, out) = (InvocationError.tooManyConnections, worker.output)
        out.clear()
        ProblemResponse.write(
            Problem(error, function: nil), error, timing: nil, keepAlive: false, isAnswerToHead: false,
            fields: worker.date.line, into: out)
        // Lingering connections use descriptors of the reserve.
        let share = worker.shared.descriptors.reserve / 4
        guard worker.lingeringRejections < min(lingeringMax, share) else {
            // Closed here and not at the end of the round: a burst of connections would use up the reserve until then.
            _ = out.withBytes { Socket.send(descriptor, $0) }
            Glibc.close(descriptor)
            return
        }
        let rejection = Self(Stream(accepted: descriptor, loop: worker.loop), worker: worker)
        rejection.start(with: out)
    }

    private func start(with response: Buffer) {
        stream.start(self)
        worker.lingeringRejections += 1
        stream.write(response)
        stream.shutdownOutput()
        worker.loop.schedule(after: Self.lingerNanoseconds) { [self] in close() }
    }

    private func close() {
        guard stream.isOpen else { return }
        worker.lingeringRejections -= 1
        stream.close()
    }

    func connected() {}
    func received(_ bytes: Span<UInt8>) -> Int { bytes.count }
    func drained() {}
    func ended(_ failure: SystemError?) { close() }
}
