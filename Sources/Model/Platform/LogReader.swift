import Synchronization

/// Somebody who reads log lines from a bounded stream. Lines that do not fit are counted, and the count is told before
/// the next line that does.
public final class LogReader: Sendable {
    private let continuation: AsyncStream<LogLine>.Continuation
    private let lost = Mutex(0)

    /// A reader; the stream's buffering policy keeps the oldest lines.
    public init(_ continuation: AsyncStream<LogLine>.Continuation) { self.continuation = continuation }

    /// Hands a line over. Never waits.
    public func hand(_ line: LogLine) {
        lost.withLock { lost in
            if lost > 0 {
                let notice = LogLine(
                    replica: Replica.ID(line.replica), source: "f2s", time: line.time,
                    text: "\(lost) lines are missing here: the reader was too slow")
                guard case .enqueued = continuation.yield(notice) else {
                    lost += 1
                    return
                }
                lost = 0
            }
            if case .dropped = continuation.yield(line) { lost += 1 }
        }
    }

    /// There are no more lines.
    public func finish() { continuation.finish() }
}
