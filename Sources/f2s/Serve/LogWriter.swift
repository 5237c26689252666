import CLinux
import Glibc
import Synchronization

/// Writes lines to a descriptor without ever waiting for its reader: a pipe that is not read, or a terminal that is
/// stopped, would otherwise stop whatever logs, the start of every replica among it.
///
/// Lines that the descriptor does not take wait for it, up to a bound, on a thread that exists only as long as any do.
/// Beyond that they are lost, and a line says how many.
final class LogWriter: Sendable {
    private struct State {
        var waiting: [ArraySlice<UInt8>] = []
        var waitingBytes = 0
        var lost = 0
        var isRunning = false
    }

    /// Bytes that a pipe that is ready accepts without blocking (PIPE_BUF).
    private static let pieceBytes = 4096
    /// Time that the end of the process leaves to a slow reader.
    private static let endMilliseconds = 1000

    private let descriptor: Int32
    private let bytesMax: Int
    private let state = Mutex(State())

    /// - Parameter bytesMax: bytes that may wait.
    init(_ descriptor: Int32, bytesMax: Int = 1 << 20) {
        self.descriptor = descriptor
        self.bytesMax = bytesMax
    }

    /// Writes a line that ends with its line feed, after all earlier ones.
    func write(_ line: [UInt8]) {
        state.withLock { state in
            let rest = state.isRunning ? line[...] : writeAtOnce(line[...])
            guard !rest.isEmpty else { return }
            // The rest of a line that has begun belongs to it.
            guard state.waitingBytes + rest.count <= bytesMax || rest.count < line.count else {
                state.lost += 1
                return
            }
            state.waiting.append(rest)
            state.waitingBytes += rest.count
            if !state.isRunning { state.isRunning = startThread() }
        }
    }

    /// Gives a slow reader a moment to take what waits.
    func flush() {
        // Safe: the process ends, and nothing else is to be done on this thread.
        for _ in 0..<(Self.endMilliseconds / 10) where state.withLock({ $0.isRunning }) { poll(nil, 0, 10) }
    }

    /// Returns what was not taken.
    private func writeAtOnce(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var rest = bytes
        while !rest.isEmpty {
            var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&ready, 1, 0) == 1 else { return rest }
            guard let count = Self.write(rest.prefix(Self.pieceBytes), to: descriptor) else { return [] }
            rest = rest.dropFirst(count)
        }
        return rest
    }

    /// `nil`: nothing can be written any more.
    private static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Int? {
        while true {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 { return count }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                // Safe: this is the writer's own thread, which has nothing else to do.
                poll(&ready, 1, -1)
            default: return nil
            }
        }
    }

    // MARK: The thread

    private func startThread() -> Bool {
        var thread = pthread_t()
        let owner = Unmanaged.passRetained(self)
        let code = pthread_create(
            &thread, nil,
            { argument in
                f2s_name_thread("f2s-log")
                // The one retain above ends here; the argument is what was passed below.
                if let argument { Unmanaged<LogWriter>.fromOpaque(argument).takeRetainedValue().drain() }
                return nil
            }, owner.toOpaque())
        guard code == 0 else {
            owner.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    private func drain() {
        while let next = take() {
            var rest = next
            while !rest.isEmpty {
                guard let count = Self.write(rest, to: descriptor) else { break }
                rest = rest.dropFirst(count)
            }
        }
    }

    private func take() -> ArraySlice<UInt8>? {
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
            return Array("f2s: \(state.lost) log lines were lost, because nothing read them in time.\n".utf8)[...]
        }
    }
}
