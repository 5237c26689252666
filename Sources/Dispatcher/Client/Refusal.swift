import F2SModel

/// Answers a connection that is one too many, so that its client sees a reason and not a reset.
final class Refusal: StreamHandler {
    private let stream: Stream
    private unowned let worker: Worker

    /// Refused connections that linger. Those beyond are closed at once: descriptors are needed elsewhere.
    static let lingeringMax = 256

    private static let document = """
        {"title":"Too many connections","status":503,"detail":"The limit of connections is reached.","stage":"queue"}

        """

    /// Behind the status line and the date.
    private static let answer = Array(
        ("Content-Type: application/problem+json\r\n"
            + "Content-Length: \(document.utf8.count)\r\nRetry-After: 1\r\nConnection: close\r\n\r\n" + document).utf8)

    /// The client has sent something by now. Closing on it would reset the connection and take the answer away, so it
    /// is read and dropped until the client has closed too, or this time is over.
    private static let lingerNanoseconds: UInt64 = 1_000_000_000

    init(_ stream: Stream, worker: Worker) {
        self.stream = stream
        self.worker = worker
    }

    func start() {
        stream.start(self)
        worker.lingeringRefusals += 1
        let out = worker.output
        out.clear()
        out.append("HTTP/1.1 503 Service Unavailable\r\n")
        out.append(worker.date.line)
        out.append(Self.answer)
        stream.write(out)
        stream.shutdownOutput()
        // Those that linger are open too, and take from the reserve.
        let share = worker.shared.descriptors.reserve / 4
        guard worker.lingeringRefusals <= min(Self.lingeringMax, share) else { return close() }
        worker.loop.schedule(after: Self.lingerNanoseconds) { [self] in close() }
    }

    private func close() {
        guard stream.isOpen else { return }
        worker.lingeringRefusals -= 1
        stream.close()
    }

    func connected() {}
    func received(_ bytes: Span<UInt8>) -> Int { bytes.count }
    func drained() {}
    func ended(_ failure: SystemError?) { close() }
}
