import F2SSystem
import Glibc
import Synchronization

/// Writes lines to a descriptor without blocking the caller. Otherwise, a pipe without a reader or a stopped terminal
/// would block all code that logs, including the start of replicas.
///
/// Lines that the descriptor does not accept are buffered up to a limit. A thread writes them and exists only while the
/// buffer is not empty. Further lines are lost; the log then contains one line with their number.
final class LogWriter: Sendable {
    private struct State {
        var waiting: [ArraySlice<UInt8>] = []
        var waitingBytes = 0
        var lost = 0
        var isRunning = false
    }

    /// The number of bytes that a writable pipe accepts without blocking (PIPE_BUF).
    private static let pieceBytes = 4096
    /// The longest wait for a slow reader at the end of the process.
    private static let endMilliseconds = 1000

    private let descriptor: Int32
    private let bytesMax: Int
    private let state = Mutex(State())

    /// - Parameter bytesMax: The maximum number of buffered bytes.
    init(_ descriptor: Int32, bytesMax: Int = 1 << 20) {
        self.descriptor = descriptor
        self.bytesMax = bytesMax
    }

    /// Writes a line, which must end in a line feed, after all earlier lines.
    func write(_ line: [UInt8]) {
        state.withLock { state in
            let rest = state.isRunning ? line[...] : writeAtOnce(line[...])
            guard !rest.isEmpty else { return }
            // The rest of a partly written line is always accepted.
            guard state.waitingBytes + rest.count <= bytesMax || rest.count < line.count else {
                state.lost += 1
                return
            }
            state.waiting.append(rest)
            state.waitingBytes += rest.count
            if !state.isRunning { state.isRunning = startThread() }
        }
    }

    /// Waits for a moment until the buffered lines are written.
    func flush() {
        // Blocking is safe: the process ends, and this thread has no other work.
        for _ in 0..<(Self.endMilliseconds / 10) where state.withLock({ $0.isRunning }) { poll(nil, 0, 10) }
    }

    /// Writes without blocking and returns the bytes that were not accepted.
    private func writeAtOnce(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var rest = bytes
        while !rest.isEmpty {
            var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&ready, 1, 0) == 1 else { return rest }
            guard let count = BlockingOutput.write(rest.prefix(Self.pieceBytes), to: descriptor) else { return [] }
            rest = rest.dropFirst(count)
        }
        return rest
    }

    // MARK: The thread

    private func startThread() -> Bool { SystemThread.startDetached(name: "f2s-log") { self.drain() } == 0 }

    private func drain() {
        while let next = nextChunk() {
            var rest = next
            while !rest.isEmpty {
                guard let count = BlockingOutput.write(rest, to: descriptor) else { break }
                rest = rest.dropFirst(count)
            }
        }
    }

    private func nextChunk() -> ArraySlice<UInt8>? {
        state.withLock { state in
            if !state.waiting.isEmpty {
                let next = state.waiting.removeFirst()
                state.waitingBytes -= next.count
                return next
            }
            guard state.lost > 0 else {
                state.isRunning = false
                return nil
            }
            defer { state.lost = 0 }
            return Array("f2s: \(state.lost) log lines were lost, because the log was read too slowly.\n".utf8)[...]
        }
    }
}
