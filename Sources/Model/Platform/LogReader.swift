import Synchronization

/// One follower of a log, between those who write lines and the stream that it reads.
///
/// A reader that is too slow loses the oldest lines that it has not read yet, never the newest. The stream then
/// contains, at the place of the lost lines, one line with their number.
public final class LogReader: Sendable {
    fileprivate struct Numbered: Sendable {
        let number: UInt64
        let line: LogLine
    }

    fileprivate struct Position {
        /// Number of the line that comes next if none is lost.
        var next: UInt64 = 0
        /// A line that was received and whose turn comes after a notice.
        var held: LogLine?
    }

    private let continuation: AsyncStream<Numbered>.Continuation
    private let count = Mutex<UInt64>(0)

    private init(_ continuation: AsyncStream<Numbered>.Continuation) { self.continuation = continuation }

    /// A reader and its stream, oldest line first, which may be read once.
    /// - Parameters:
    ///   - linesMax: lines that may wait, at least 1.
    ///   - onLeave: called once, when the stream is not read any more or ``finish()`` was called. It must not need
    ///     a lock that is held during ``hand(_:)``.
    public static func makeStream(
        linesMax: Int, onLeave: @escaping @Sendable () -> Void = {}
    ) -> (reader: LogReader, lines: AsyncStream<LogLine>) {
        let (numbered, continuation) = AsyncStream.makeStream(
            of: Numbered.self, bufferingPolicy: .bufferingNewest(max(1, linesMax)))
        continuation.onTermination = { _ in onLeave() }
        let position = Held(Mutex(Position()))
        let lines = AsyncStream(unfolding: {
            if let held = position.value.withLock({ $0.takeHeld() }) { return held }
            var iterator = numbered.makeAsyncIterator()
            guard let next = await iterator.next() else { return nil }
            return position.value.withLock { $0.line(for: next) }
        })
        // The reader must not hold the stream: that nobody does any more is how its end is noticed.
        return (LogReader(continuation), lines)
    }

    /// Hands a line over. Never waits.
    public func hand(_ line: LogLine) {
        // The lock keeps the order. Nothing that runs when the stream ends needs it.
        count.withLock { count in
            continuation.yield(Numbered(number: count, line: line))
            count += 1
        }
    }

    /// There are no more lines.
    public func finish() { continuation.finish() }

    /// A reference to something that cannot be copied.
    private final class Held<Value: ~Copyable & Sendable>: Sendable {
        let value: Value
        init(_ value: consuming Value) { self.value = value }
    }
}

extension LogReader.Position {
    fileprivate mutating func takeHeld() -> LogLine? {
        defer { held = nil }
        return held
    }

    /// What the reader gets now that this line has arrived: the line, or first a notice of those that are missing.
    fileprivate mutating func line(for arrived: LogReader.Numbered) -> LogLine {
        let lost = arrived.number - next
        next = arrived.number + 1
        guard lost > 0 else { return arrived.line }
        held = arrived.line
        let lines = lost == 1 ? "1 line is" : "\(lost) lines are"
        return LogLine(
            replica: Replica.ID(arrived.line.replica), source: "f2s", time: arrived.line.time,
            text: "\(lines) missing here: the reader was too slow")
    }
}
