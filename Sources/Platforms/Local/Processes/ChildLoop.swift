import CLinux
import Glibc
import Synchronization

/// Starts supervisors, reads what their replicas write, and reaps them: one thread and one epoll object for all.
///
/// Every step of a start can fail for want of a descriptor, and every failure is an answer. The thread exists only
/// while there are children.
final class ChildLoop: Sendable {
    /// What is started.
    struct Command: Sendable {
        let program: String
        let arguments: [String]
        /// `NAME=value`.
        let environment: [String]
        let folder: String?
    }

    /// A stream of a child.
    enum Output: Int, Sendable {
        case standard = 0
        case error = 1
    }

    /// How a child ended.
    struct Ending: Sendable, Hashable {
        /// Exit status, or 128 + signal.
        let status: Int
        /// Whether the supervisor itself was ended by a signal, so that its descendants may have outlived it.
        let wasKilled: Bool
    }

    /// Takes what a child has written. Called on the loop's thread; it must not block.
    typealias Reader = @Sendable (Output, UnsafeRawBufferPointer) -> Void

    /// One child, as the loop knows it.
    private struct Entry {
        let child: Child
        let reader: Reader
        /// Read ends that are still open; -1: closed.
        var streams: [Int32]
        /// When its streams are closed although something still holds their other ends, once it has ended.
        var closesAt: Duration?
        var ending: Ending?
    }

    private struct State {
        var entries: [Int32: Entry] = [:]
        var isRunning = false
    }

    /// Time between two looks for children that have ended while something else holds their streams open.
    private static let reapMilliseconds: Int32 = 500
    /// The same while one is known to be about to end.
    private static let busyReapMilliseconds: Int32 = 1
    /// Time to read what is still in the streams of a child whose supervisor has ended without closing them.
    private static let lateOutput = Duration.milliseconds(500)
    private static let pieceBytes = 64 * 1024

    private let poll: Int32
    private let state = Mutex(State())

    /// - Throws: ``SystemFailure`` when no epoll object can be made.
    init() throws(SystemFailure) {
        poll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard poll >= 0 else { throw SystemFailure(code: errno) }
    }

    deinit { close(poll) }

    /// Starts a child.
    /// - Throws: ``SystemFailure``; then nothing runs and nothing is left open.
    func start(_ command: Command, reader: @escaping Reader) throws(SystemFailure) -> Child {
        var made = f2s_child()
        let code = Self.withPointers([command.program] + command.arguments) { arguments in
            Self.withPointers(command.environment) { environment in
                f2s_launch(command.program, arguments, environment, command.folder, &made)
            }
        }
        guard code == 0 else { throw SystemFailure(code: code) }
        let child = Child(process: made.process, lifeline: made.input)
        do {
            try watch(child, streams: [made.output, made.error], reader)
        } catch {
            // Nothing has been told of it yet. Without its lifeline it ends by itself.
            child.cutLifeline()
            close(made.output)
            close(made.error)
            reapUnwatched(child)
            throw error
        }
        return child
    }

    /// Whether a process is one of those that were started here and have not been reaped.
    func isWatching(_ process: Int32) -> Bool { state.withLock { $0.entries[process] != nil } }

    private func watch(_ child: Child, streams: [Int32], _ reader: @escaping Reader) throws(SystemFailure) {
        let code = state.withLock { state -> Int32 in
            for (index, stream) in streams.enumerated() {
                var event = epoll_event()
                event.events = EPOLLIN.rawValue
                event.data.u64 = UInt64(child.process) << 1 | UInt64(index)
                guard epoll_ctl(poll, EPOLL_CTL_ADD, stream, &event) == 0 else { return errno }
            }
            state.entries[child.process] = Entry(child: child, reader: reader, streams: streams)
            guard !state.isRunning else { return 0 }
            let code = DetachedThread.start(name: "f2s-children") { self.run() }
            if code == 0 { state.isRunning = true } else { state.entries[child.process] = nil }
            return code
        }
        guard code == 0 else { throw SystemFailure(code: code) }
    }

    /// A child that no loop watches is killed, so that reaping it does not take long.
    private func reapUnwatched(_ child: Child) {
        kill(child.process, SIGKILL)
        var status: Int32 = 0
        waitpid(child.process, &status, 0)
        child.end(Ending(status: Int(128 + SIGKILL), wasKilled: true))
    }

    // MARK: The thread

    private func run() {
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceBytes, alignment: 16)
        defer { piece.deallocate() }
        var timeout = Self.reapMilliseconds
        while true {
            let count = epoll_wait(poll, &events, Int32(events.count), timeout)
            for event in events.prefix(Int(max(0, count))) { read(event.data.u64, into: piece) }
            guard let next = reapAll() else { return }
            timeout = next
        }
    }

    /// Reads one piece; the next round brings the rest, so that nobody who writes without end holds up the others.
    private func read(_ mark: UInt64, into piece: UnsafeMutableRawBufferPointer) {
        let process = Int32(truncatingIfNeeded: mark >> 1)
        let index = Int(mark & 1)
        guard let entry = state.withLock({ $0.entries[process] }), entry.streams[index] >= 0,
            let output = Output(rawValue: index)
        else { return }
        let count = Glibc.read(entry.streams[index], piece.baseAddress, piece.count)
        if count > 0 {
            entry.reader(output, UnsafeRawBufferPointer(rebasing: piece[..<count]))
        } else if count == 0 || ![EAGAIN, EINTR].contains(errno) {
            closeStream(index, of: process)
        }
    }

    private func closeStream(_ index: Int, of process: Int32) {
        state.withLock { state in
            guard let stream = state.entries[process]?.streams[index], stream >= 0 else { return }
            // Closing takes it out of the epoll object: nobody else holds this end.
            close(stream)
            state.entries[process]?.streams[index] = -1
        }
    }

    /// Reaps whatever has ended. Returns the time until the next look in milliseconds; `nil`: there are no children.
    private func reapAll() -> Int32? {
        let now = Moment.now.steady
        var over: [(Child, Ending)] = []
        let timeout = state.withLock { state -> Int32? in
            var isBusy = false
            for (process, entry) in state.entries {
                var entry = entry
                if entry.ending == nil { entry.ending = entry.child.reap() }
                let isSilent = entry.streams.allSatisfy { $0 < 0 }
                if let ending = entry.ending {
                    if entry.closesAt == nil { entry.closesAt = now + Self.lateOutput }
                    // A program that has outlived its supervisor may hold the streams open for ever.
                    if isSilent || now >= entry.closesAt ?? now {
                        for stream in entry.streams where stream >= 0 { close(stream) }
                        state.entries[process] = nil
                        over.append((entry.child, ending))
                        continue
                    }
                }
                // A supervisor closes its streams by ending: it will be there to be reaped within a moment.
                if isSilent || entry.ending != nil { isBusy = true }
                state.entries[process] = entry
            }
            if state.entries.isEmpty {
                state.isRunning = false
                return nil
            }
            return isBusy ? Self.busyReapMilliseconds : Self.reapMilliseconds
        }
        for (child, ending) in over { child.end(ending) }
        return timeout
    }

    /// The texts as C wants them, with NULL at the end.
    private static func withPointers<Result>(
        _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var copies: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
        copies.append(nil)
        defer { for copy in copies { free(copy) } }
        return copies.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return body([nil]) }
            return body(start)
        }
    }
}

/// What a system call said.
struct SystemFailure: Error, Sendable, Hashable {
    /// From errno(3).
    let code: Int32

    /// Whether this process, or the machine, has run out of descriptors.
    var isOutOfDescriptors: Bool { code == EMFILE || code == ENFILE }

    /// The system's words.
    var text: String { String(cString: strerror(code)) }
}
