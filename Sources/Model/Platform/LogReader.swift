import Synchronization

/// A bounded buffer between the writer of a log and one stream that follows it.
///
/// A reader that is too slow loses the oldest lines that it has not read yet, never the newest. The stream then
/// contains one line with the number of lost lines in their position.
public final class LogReader: Sendable {
    fileprivate struct Numbered: Sendable {
        let number: UInt64
        let line: LogLine
    }

    fileprivate struct Position {
        /// The number of the next line if none is lost.
        var next: UInt64 = 0
        /// A received line that must be delivered after a notice.
        var held: LogLine?
    }

    private let continuation: AsyncStream<Numbered>.Continuation
    private let count = Mutex<UInt64>(0)

    private init(_ continuation: AsyncStream<Numbered>.Continuation) { self.continuation = continuation }

    /// Creates a reader and its stream. The stream yields the oldest line first and may be iterated once.
    /// - Parameters:
    ///   - linesMax: the maximum number of buffered lines, at least 1.
    ///   - onLeave: called once, when the stream is no longer read or ``finish()`` was called. It must not need a lock
    ///     that is held during ``hand(_:)``.
    public static func makeStream(
        linesMax: Int, onLeave: @escaping @Sendable () -> Void = {}
    ) -> (reader: LogReader, lines: AsyncStream<LogLine>) {
        let (numbered, continuation) = AsyncStream.makeStream(
            of: Numbered.self, bufferingPolicy: .bufferingNewest(max(1, linesMax)))
        continuation.onTermination = { _ in onLeave() }
        let position = Held(Mutex(Position()))
        let lines = AsyncStream(unfolding: {
            if let held = position.value.withLock({ $0.popHeld() }) { return held }
            var iterator = numbered.makeAsyncIterator()
            guard let next = await iterator.next() else { return nil }
            return position.value.withLock { $0.line(for: next) }
        })
        // The reader must not hold a reference to the stream: the stream ends when its last reference is released.
        return (LogReader(continuation), lines)
    }

    /// Adds a line. It never waits.
    public func hand(_ line: LogLine) {
        // The lock keeps the lines in order. The code that runs when the stream ends does not need it.
        count.withLock { count in
            continuation.yield(Numbered(number: count, line: line))
            count += 1
        }
    }

    /// Ends the stream after the buffered lines.
    public func finish() { continuation.finish() }

    /// A reference to a value that cannot be copied.
    private final class Held<Value: ~Copyable & Sendable>: Sendable {
        let value: Value
        init(_ value: consuming Value) { self.value = value }
    }
}

extension LogReader.Position {
    fileprivate mutating func popHeld() -> LogLine? {
        defer { held = nil }
        return held
    }

    /// Returns the next line of the stream after the arrival of `arrived`: this line, or first a notice about lost
    /// lines.
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
