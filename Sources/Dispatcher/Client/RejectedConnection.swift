import F2SModel

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

    init(_ stream: Stream, worker: Worker) {
        self.stream = stream
        self.worker = worker
    }

    func start() {
        stream.start(self)
        worker.lingeringRejections += 1
        let (error, out) = (InvocationError.tooManyConnections, worker.output)
        out.clear()
        ProblemResponse.write(
            Problem(error, function: nil), error, timing: nil, keepAlive: false, isAnswerToHead: false,
            fields: worker.date.line, into: out)
        stream.write(out)
        stream.shutdownOutput()
        // Lingering connections use descriptors of the reserve.
        let share = worker.shared.descriptors.reserve / 4
        guard worker.lingeringRejections <= min(Self.lingeringMax, share) else { return close() }
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
