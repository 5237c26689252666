import Glibc
import Synchronization

/// Writes records as lines to a file or to a descriptor. A thread writes them, so that no caller waits: a caller only
/// adds a record to a bounded list. Records beyond the bound are lost.
///
/// The thread ends after a second without records. It writes the records of ``pauseMilliseconds`` at once, and opens
/// the file each time, so a file that was renamed or removed is replaced by a new one.
public final class RecordWriter<Record: Sendable>: Sendable {
    /// The destination of the lines.
    public enum Output: Sendable, Hashable {
        /// An open descriptor, which is not closed.
        case descriptor(Int32)
        /// The file at this path. It is created with mode 0640.
        case file(String)
    }

    private struct State {
        var output: Output?
        var waiting: [Record] = []
        var lost = 0
        /// True while the thread exists.
        var isRunning = false
        /// True while the thread writes records.
        var isWriting = false
        var isFailing = false
        /// True if the last line may be incomplete.
        var isTorn = false
    }

    /// The longest time for which a record waits for others, in milliseconds.
    private static var pauseMilliseconds: Int32 { 50 }
    /// The number of pauses without records after which the thread ends.
    private static var idlePauses: Int { 20 }
    /// The longest wait for a slow reader at the end of the process, in milliseconds.
    private static var endMilliseconds: Int32 { 1000 }

    private let threadName: String
    private let waitingMax: Int
    private let line: @Sendable (Record) -> String
    private let failed: @Sendable (RecordWriterFailure) -> Void
    private let state = Mutex(State())

    /// Creates a writer without an output.
    /// - Parameters:
    ///   - threadName: The name of the thread, at most 15 bytes.
    ///   - waitingMax: The number of records that may wait.
    ///   - line: Returns the line of a record, without a line feed. It is called on the thread.
    ///   - failed: Receives failures, on the thread.
    public init(
        threadName: String, waitingMax: Int = 4096, line: @escaping @Sendable (Record) -> String,
        failed: @escaping @Sendable (RecordWriterFailure) -> Void
    ) {
        self.threadName = threadName
        self.waitingMax = waitingMax
        self.line = line
        self.failed = failed
    }

    /// Sets the output of the records that wait, and of all further ones; `nil` to drop them.
    public func set(_ output: Output?) {
        state.withLock { state in
            if state.output != output {
                state.isFailing = false
                state.isTorn = false
            }
            state.output = output
        }
    }

    /// Adds a record. It does not block.
    public func write(_ record: Record) {
        state.withLock { state in
            guard state.output != nil else { return }
            // If the system has no thread now, the next record tries again.
            if !state.isRunning {
                state.isRunning = SystemThread.startDetached(name: threadName) { self.drain() } == 0
            }
            guard state.waiting.count < waitingMax else {
                state.lost += 1
                return
            }
            state.waiting.append(record)
        }
    }

    /// Waits for a moment until all records are written.
    public func flush() {
        // Blocking is safe: the process ends, and this thread has no other work.
        for _ in 0..<(Self.endMilliseconds / 10) {
            guard state.withLock({ $0.isWriting || $0.isRunning && !$0.waiting.isEmpty }) else { return }
            poll(nil, 0, 10)
        }
    }

    // MARK: The thread

    private enum Work {
        case write([Record], Output?, lost: Int, isTorn: Bool)
        case pause
        case end
    }

    private func drain() {
        var idle = 0
        while true {
            switch nextWork(afterIdle: idle) {
            case .end: return
            case .pause: idle += 1
            case .write(let records, let output, let lost, let isTorn):
                idle = 0
                if lost > 0 { failed(.lost(lost)) }
                if let output { write(records, to: output, isTorn: isTorn) }
                state.withLock { $0.isWriting = false }
            }
            poll(nil, 0, Self.pauseMilliseconds)
        }
    }

    private func nextWork(afterIdle idle: Int) -> Work {
        state.withLock { state in
            guard !state.waiting.isEmpty || state.lost > 0 else {
                guard idle >= Self.idlePauses else { return .pause }
                state.isRunning = false
                return .end
            }
            defer {
                state.waiting = []
                state.lost = 0
                state.isWriting = true
            }
            return .write(state.waiting, state.output, lost: state.lost, isTorn: state.isTorn)
        }
    }

    private func write(_ records: [Record], to output: Output, isTorn: Bool) {
        // The rest of an incomplete line must not become a part of the next one.
        var bytes: [UInt8] = isTorn ? [UInt8(ascii: "\n")] : []
        for record in records {
            bytes += Array(line(record).utf8)
            bytes.append(UInt8(ascii: "\n"))
        }
        let failure: SystemFailure?
        var path = ""
        switch output {
        case .descriptor(let descriptor): failure = write(bytes[...], to: descriptor)
        case .file(let name):
            path = name
            // Without a reader, opening a named pipe would block.
            let descriptor = open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0o640)
            failure = descriptor < 0 ? SystemFailure(code: errno) : write(bytes[...], to: descriptor)
            if descriptor >= 0 { close(descriptor) }
        }
        let isFirst = state.withLock { state in
            defer {
                state.isFailing = failure != nil
                state.isTorn = failure != nil
            }
            return !state.isFailing
        }
        guard let failure else { return }
        if isFirst { failed(.unwritable(path: path, failure)) }
        failed(.lost(records.count))
    }

    /// Writes all bytes.
    /// - Returns: The failure; `nil` if there was none.
    private func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> SystemFailure? {
        var rest = bytes
        while !rest.isEmpty {
            guard let count = BlockingOutput.write(rest, to: descriptor) else { return SystemFailure(code: errno) }
            rest = rest.dropFirst(count)
        }
        return nil
    }
}

/// A failure of a ``RecordWriter``, for the log of F2S.
public enum RecordWriterFailure: Sendable, Hashable {
    /// The file could not be opened or written; the path is empty for a descriptor. This is reported once, and again
    /// after the file was written.
    case unwritable(path: String, SystemFailure)
    /// At most this number of records was lost.
    case lost(Int)
}
