import CLinux
import F2SSystem
import Glibc
import Synchronization

/// Requests the start and the end of replicas from the launcher and reads their output, on one thread with one epoll
/// object.
///
/// Every step of a start can fail for lack of a descriptor, and every failure is reported. The thread waits without a
/// timeout while no child runs.
final class ChildLoop: Sendable {
    /// A command to start.
    struct Command: Sendable {
        /// The program and its arguments.
        let arguments: [String]
        /// The variables, written `NAME=value`.
        let environment: [String]
        let folder: String?
    }

    /// A stream of a child.
    enum Output: Int, Sendable {
        case standard = 0
        case error = 1
    }

    /// The loss of a launcher.
    enum Failure: Sendable, Hashable {
        /// The launcher ended unexpectedly with that exit status, or 128 + signal.
        case ended(status: Int)
        /// That number of processes of the launcher could not be killed.
        case processesLeft(Int)
    }

    /// Receives output of a child. The loop calls it on its thread, so it must not block.
    typealias Reader = @Sendable (Output, UnsafeRawBufferPointer) -> Void

    private typealias Start = CheckedContinuation<Result<Child, SystemFailure>, Never>

    /// The state of one child.
    private struct Entry {
        let reader: Reader
        /// The child's own variable, `F2S_REPLICA=name`.
        let variable: String?
        /// The read ends of the child's output; -1 once closed.
        var streams: [Int32]
        /// The caller that waits for the launcher's response.
        var start: Start?
        var child: Child?
        /// The exit status, or 128 + signal.
        var status: Int?
        /// After the child's end: the time at which its streams are closed even if a process holds their other ends.
        var closesAt: Duration?
    }

    private struct State {
        var entries: [UInt32: Entry] = [:]
        /// The children that have ended and whose streams may still be open.
        var ended: Set<UInt32> = []
        /// The starts to which the launcher has not responded yet.
        var starting: Set<UInt32> = []
        /// The time without a report of the launcher while starts wait.
        var silence = Duration.zero
        var lookedAt = Moment.now.steady
        var link: LauncherLink?
        var lastID: UInt32 = 0
        /// True once this launcher has responded. A launcher that never responds must not be restarted endlessly.
        var isProved = false
        /// True while epoll also reports that the launcher's socket accepts messages.
        var isArmed = false
        var isRunning = false
        var isClosing = false
        var closer: CheckedContinuation<Void, Never>?
    }

    /// An action to perform after the lock is released.
    private enum Effect {
        case answer(Start, Result<Child, SystemFailure>)
        case end(Child, status: Int)

        func perform() {
            switch self {
            case .answer(let start, let result): start.resume(returning: result)
            case .end(let child, let status): child.end(status: status)
            }
        }
    }

    private static let launcherMark = UInt64.max
    private static let timerMark = UInt64.max - 1
    private static let killedStatus = Int(128 + SIGKILL)
    /// The time between two checks whether the launcher was stopped, while a child runs.
    private static let lookMilliseconds: Int32 = 500
    /// The same while a child starts or ends.
    private static let busyLookMilliseconds: Int32 = 20
    /// The time after the end of a child in which its streams are read if another process holds them open.
    private static let lateOutput = Duration.milliseconds(500)
    /// The time without a report, while starts wait, after which the launcher is killed.
    private static let answerTimeout = Duration.seconds(30)
    /// The longest time between two checks that counts as silence. While the machine was frozen, nothing was silent.
    private static let lookMax = Duration.milliseconds(500)
    /// The time between two rounds of killing the processes of a lost launcher.
    private static let recoverMilliseconds: Int32 = 1
    /// The bytes read at most from a stream before it is closed although another process holds its other end.
    private static let lastBytesMax = 1 << 20
    /// The time within which the launcher must end by itself.
    private static let endTimeout = Duration.seconds(5)
    /// The attempts at one start, each with another launcher.
    private static let attemptsMax = 3
    private static let pieceBytes = 64 * 1024

    private let program: String
    private let arguments: [String]
    /// The upper half of the marks of all children. Bit 30 makes a mark larger than any real limit.
    private let series = 1 << 30 | UInt32.random(in: 1..<(1 << 30))
    private let report: @Sendable (Failure) -> Void
    private let poll: Int32
    private let timer: PreciseTimer
    /// The descriptor of the list of F2S's children; -1 if the kernel provides no such list.
    private let childList: Int32
    private let state = Mutex(State())

    /// - Parameters:
    ///   - program: The absolute path of the program that serves as a launcher when it gets `arguments`.
    ///   - report: Receives failures of the launcher, on the loop's thread.
    /// - Throws: ``SystemFailure`` if no timer or epoll object can be created.
    init(
        program: String, arguments: [String], report: @escaping @Sendable (Failure) -> Void
    ) throws(SystemFailure) {
        timer = try PreciseTimer()
        poll = epoll_create1(Int32(EPOLL_CLOEXEC))
        childList = f2s_child_list_open()
        self.program = program
        self.arguments = arguments
        self.report = report
        guard poll >= 0 else { throw SystemFailure(code: errno) }
        if let failure = control(EPOLL_CTL_ADD, timer.file, EPOLLIN.rawValue, Self.timerMark) { throw failure }
    }

    deinit {
        for descriptor in [poll, childList] where descriptor >= 0 { Glibc.close(descriptor) }
    }

    /// The process ID of the present launcher, if there is one.
    var launcher: Int32? { state.withLock { $0.link?.process } }

    /// Starts the launcher before the first child needs it. If that fails, the start of the first child tries again.
    func open() { _ = state.withLock { prepare(&$0) } }

    /// Starts a child.
    /// - Throws: ``SystemFailure``. Then nothing runs and no descriptor is left open. `EPIPE` means that the launcher
    ///   ended in every attempt.
    func start(_ command: Command, reader: @escaping Reader) async throws(SystemFailure) -> Child {
        for _ in 1..<Self.attemptsMax {
            do throws(SystemFailure) {
                return try await startOnce(command, reader: reader)
            } catch {
                // Every process that the launcher had started is dead, so the start can be repeated.
                guard error.code == EPIPE else { throw error }
            }
        }
        return try await startOnce(command, reader: reader)
    }

    private func startOnce(_ command: Command, reader: @escaping Reader) async throws(SystemFailure) -> Child {
        var pipes = f2s_output_pipes()
        let code = f2s_open_output_pipes(&pipes)
        guard code == 0 else { throw SystemFailure(code: code) }
        let reads = [pipes.reads.0, pipes.reads.1]
        let writes = [pipes.writes.0, pipes.writes.1]
        let result = await withCheckedContinuation { (start: Start) in
            let effects = state.withLock { state in
                if let failure = prepare(&state) ?? watch(reads, as: state.lastID + 1, state) {
                    for stream in reads + writes { Glibc.close(stream) }
                    return [Effect.answer(start, .failure(failure))]
                }
                state.lastID += 1
                state.entries[state.lastID] = Entry(
                    reader: reader, variable: command.environment.first { $0.hasPrefix("F2S_REPLICA=") },
                    streams: reads, start: start)
                state.starting.insert(state.lastID)
                state.link?.start(state.lastID, mark: mark(state.lastID), command, outputs: writes)
                // A thread that waits without a timeout must be woken, so that it checks on the launcher from now on.
                return flush(&state, wakes: state.entries.count == 1)
            }
            for effect in effects { effect.perform() }
        }
        return try result.get()
    }

    /// Ends the launcher and the thread once every child has ended. No child can be started after this call.
    func close() async {
        await withCheckedContinuation { (closer: CheckedContinuation<Void, Never>) in
            let (effects, isRunning) = state.withLock { state -> ([Effect], Bool) in
                state.isClosing = true
                guard state.isRunning else {
                    _ = state.link?.end(within: Self.endTimeout)
                    state.link = nil
                    return ([], false)
                }
                state.closer = closer
                return (flush(&state, wakes: true), true)
            }
            for effect in effects { effect.perform() }
            if !isRunning { closer.resume() }
        }
    }

    /// Sends the launcher a request about a child that has not ended.
    func ask(_ kind: f2s_launcher_kind, of id: UInt32, value: Int32 = 0) {
        let effects = state.withLock { state -> [Effect] in
            guard let entry = state.entries[id], entry.status == nil else { return [] }
            state.link?.ask(kind, of: id, value: value)
            return flush(&state)
        }
        for effect in effects { effect.perform() }
    }

    /// Waits for that time, precisely while a child runs. Concurrent callers may return together.
    func pause(_ time: Duration) async {
        let isRunning = await withCheckedContinuation { (sleeper: CheckedContinuation<Bool, Never>) in
            let isRunning = state.withLock { state in
                guard state.isRunning, !state.entries.isEmpty else { return false }
                timer.add(sleeper, for: time)
                return true
            }
            if !isRunning { sleeper.resume(returning: false) }
        }
        if !isRunning { try? await Task.sleep(for: time) }
    }

    /// Makes a child count as ended.
    func abandon(_ id: UInt32) {
        ask(f2s_launcher_forget, of: id)
        let effects = state.withLock { state in
            finish(id, status: Self.killedStatus, &state)
            return flush(&state, wakes: true)
        }
        for effect in effects { effect.perform() }
    }

    private func mark(_ id: UInt32) -> UInt64 { UInt64(series) << 32 | UInt64(id) }

    // MARK: Under the lock

    /// Starts the launcher and the thread if they are not running.
    private func prepare(_ state: inout State) -> SystemFailure? {
        guard !state.isClosing else { return SystemFailure(code: ESHUTDOWN) }
        guard state.lastID < .max else { return SystemFailure(code: EOVERFLOW) }
        do throws(SystemFailure) {
            if state.link == nil {
                var link = try LauncherLink(program: program, arguments: arguments)
                if let failure = control(EPOLL_CTL_ADD, link.socket, EPOLLIN.rawValue, Self.launcherMark) {
                    _ = link.end(within: .zero)
                    throw failure
                }
                (state.link, state.isArmed, state.isProved) = (link, false, false)
            }
            if !state.isRunning { try startThread() }
            state.isRunning = true
            return nil
        } catch {
            return error
        }
    }

    private func watch(_ streams: [Int32], as id: UInt32, _ state: State) -> SystemFailure? {
        for (index, stream) in streams.enumerated() {
            let mark = UInt64(id) << 1 | UInt64(index)
            if let failure = control(EPOLL_CTL_ADD, stream, EPOLLIN.rawValue, mark) { return failure }
        }
        return nil
    }

    private func control(_ operation: Int32, _ file: Int32, _ events: UInt32, _ mark: UInt64) -> SystemFailure? {
        var event = epoll_event()
        event.events = events
        event.data.u64 = mark
        return epoll_ctl(poll, operation, file, &event) == 0 ? nil : SystemFailure(code: errno)
    }

    /// Sends as many messages as the socket accepts; the thread sends the rest. `wakes` also wakes the thread.
    private func flush(_ state: inout State, wakes: Bool = false) -> [Effect] {
        guard state.link != nil else { return [] }
        let failures = state.link?.flush() ?? []
        let isArmed = wakes || state.link?.isWaiting == true
        if isArmed != state.isArmed, let socket = state.link?.socket {
            let events = EPOLLIN.rawValue | (isArmed ? EPOLLOUT.rawValue : 0)
            if control(EPOLL_CTL_MOD, socket, events, Self.launcherMark) == nil { state.isArmed = isArmed }
        }
        return failures.flatMap { fail($0.replica, $0.failure, &state) }
    }

    /// Records that a child could not be started.
    private func fail(_ id: UInt32, _ failure: SystemFailure, _ state: inout State) -> [Effect] {
        state.starting.remove(id)
        guard let entry = state.entries.removeValue(forKey: id) else { return [] }
        for stream in entry.streams where stream >= 0 { Glibc.close(stream) }
        return entry.start.map { [.answer($0, .failure(failure))] } ?? []
    }

    /// Records that no process of a child is left.
    private func finish(_ id: UInt32, status: Int, _ state: inout State) {
        guard state.entries[id] != nil, state.entries[id]?.status == nil else { return }
        state.entries[id]?.status = status
        state.entries[id]?.closesAt = Moment.now.steady + Self.lateOutput
        state.ended.insert(id)
    }

    private func handle(_ report: LauncherLink.Report, _ state: inout State) -> [Effect] {
        state.isProved = true
        state.silence = .zero
        switch report {
        case .started(let id, let process):
            state.starting.remove(id)
            guard let start = state.entries[id]?.start else { return [] }
            let child = Child(id: id, process: process, mark: mark(id), loop: self)
            state.entries[id]?.child = child
            state.entries[id]?.start = nil
            return [.answer(start, .success(child))]
        case .notStarted(let id, let failure): return fail(id, failure, &state)
        case .ended(let id, let status):
            finish(id, status: status, &state)
            return []
        }
    }

    // MARK: The thread

    private func startThread() throws(SystemFailure) {
        let code = SystemThread.startDetached(name: "f2s-children") { self.run() }
        guard code == 0 else { throw SystemFailure(code: code) }
    }

    private func run() {
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceBytes, alignment: 16)
        defer { piece.deallocate() }
        var timeout = Self.lookMilliseconds
        var orphans: Orphans?
        while true {
            let count = epoll_wait(poll, &events, Int32(events.count), timeout)
            for event in events.prefix(Int(max(0, count))) {
                switch event.data.u64 {
                case Self.launcherMark: orphans = listen() ?? orphans
                case Self.timerMark: timer.wake()
                case let mark: read(mark, into: piece)
                }
            }
            if let current = orphans { orphans = end(current) }
            guard let next = removeEnded(piece) else { break }
            timeout = orphans.map { $0.replicas.isEmpty ? Self.lookMilliseconds : Self.recoverMilliseconds } ?? next
        }
        let (link, closer, rest) = state.withLock { state in
            defer { (state.link, state.closer, state.isRunning) = (nil, nil, false) }
            return (state.link, state.closer, lostProcesses(state))
        }
        timer.wake()
        if var link, link.end(within: Self.endTimeout) != 0 { orphans = orphans ?? rest }
        while let current = orphans, !current.isOverdue {
            orphans = end(current)
            _ = Glibc.poll(nil, 0, Self.recoverMilliseconds)
        }
        closer?.resume()
    }

    /// Reads one piece of output. The next round reads more, so that a child that writes continuously does not delay
    /// the others.
    private func read(_ mark: UInt64, into piece: UnsafeMutableRawBufferPointer) {
        let id = UInt32(truncatingIfNeeded: mark >> 1)
        let index = Int(mark & 1)
        guard let entry = state.withLock({ $0.entries[id] }), entry.streams[index] >= 0,
            let output = Output(rawValue: index)
        else { return }
        let count = Glibc.read(entry.streams[index], piece.baseAddress, piece.count)
        if count > 0 {
            entry.reader(output, UnsafeRawBufferPointer(rebasing: piece[..<count]))
        } else if count == 0 || ![EAGAIN, EINTR].contains(errno) {
            close(stream: index, of: id)
        }
    }

    /// Receives the launcher's messages and sends the buffered ones.
    /// - Returns: The launcher's processes if it has ended; otherwise `nil`.
    private func listen() -> Orphans? {
        let (effects, lost) = state.withLock { state -> ([Effect], (LauncherLink, Orphans)?) in
            var effects = flush(&state)
            while let link = state.link {
                switch link.receive() {
                case .report(let report): effects += handle(report, &state)
                case .nothing: return (effects, nil)
                case .end:
                    // Collected before a new launcher is started, whose replicas are not lost.
                    let orphans = lostProcesses(state)
                    state.link = nil
                    return (effects, (link, orphans))
                }
            }
            return (effects, nil)
        }
        for effect in effects { effect.perform() }
        guard case (var link, let orphans)? = lost else { return nil }
        report(.ended(status: link.end(within: .zero)))
        return orphans
    }

    private func lostProcesses(_ state: State) -> Orphans {
        let lost = state.entries.filter { $0.value.status == nil }
        return Orphans(
            replicas: Set(lost.keys), series: series, commands: Set(lost.values.compactMap { $0.child?.process }),
            variables: lost.values.compactMap(\.variable), list: childList)
    }

    /// Kills the processes of a lost launcher. Its replicas have ended once no process is left, or after ten seconds.
    /// - Returns: The processes that are left; `nil` if there are none.
    private func end(_ orphans: Orphans) -> Orphans? {
        var orphans = orphans
        let left = orphans.endRound(sparing: launcher)
        guard left == 0 || orphans.isOverdue, !orphans.replicas.isEmpty else { return left == 0 ? nil : orphans }
        if let left, left > 0 { report(.processesLeft(left)) }
        let effects = state.withLock { state -> [Effect] in
            let effects = orphans.replicas.flatMap { id -> [Effect] in
                if state.entries[id]?.start != nil { return fail(id, SystemFailure(code: EPIPE), &state) }
                finish(id, status: Self.killedStatus, &state)
                return []
            }
            if state.link == nil, state.isProved { _ = prepare(&state) }
            return effects
        }
        for effect in effects { effect.perform() }
        orphans.replicas = []
        return left == 0 ? nil : orphans
    }

    /// Reports the children that have ended, and checks on the launcher. Returns the time until the next check in
    /// milliseconds, -1 to wait without a timeout; `nil` if the loop is over.
    private func removeEnded(_ piece: UnsafeMutableRawBufferPointer) -> Int32? {
        let now = Moment.now.steady
        // A process that does not descend from the child may hold its stream open for ever.
        let overdue = state.withLock { state in
            state.ended.filter { id in
                guard let entry = state.entries[id], let closesAt = entry.closesAt else { return false }
                return now >= closesAt && entry.streams.contains { $0 >= 0 }
            }
        }
        for id in overdue { closeStreams(of: id, piece) }
        let (effects, timeout) = state.withLock { state -> ([Effect], Int32?) in
            var effects: [Effect] = []
            for id in state.ended {
                guard let entry = state.entries[id], let status = entry.status else { continue }
                guard entry.streams.allSatisfy({ $0 < 0 }) else { continue }
                state.entries[id] = nil
                state.ended.remove(id)
                if let child = entry.child { effects.append(.end(child, status: status)) }
            }
            let passed = min(now - state.lookedAt, Self.lookMax)
            state.lookedAt = now
            state.silence = state.starting.isEmpty ? .zero : state.silence + passed
            if state.isClosing, state.entries.isEmpty { return (effects, nil) }
            guard !state.entries.isEmpty else { return (effects, state.link == nil ? Self.lookMilliseconds : -1) }
            state.link?.resumeIfStopped()
            if state.silence > Self.answerTimeout, let launcher = state.link?.process {
                state.silence = .zero
                kill(launcher, SIGKILL)
            }
            let isBusy = !state.starting.isEmpty || !state.ended.isEmpty
            return (effects, isBusy ? Self.busyLookMilliseconds : Self.lookMilliseconds)
        }
        for effect in effects { effect.perform() }
        return timeout
    }

    /// Reads the rest of the streams of a child that has ended, and closes them.
    private func closeStreams(of id: UInt32, _ piece: UnsafeMutableRawBufferPointer) {
        guard let entry = state.withLock({ $0.entries[id] }) else { return }
        for (index, stream) in entry.streams.enumerated() where stream >= 0 {
            guard let output = Output(rawValue: index) else { continue }
            var rest = Self.lastBytesMax
            while rest > 0 {
                let count = Glibc.read(stream, piece.baseAddress, piece.count)
                guard count > 0 else { break }
                entry.reader(output, UnsafeRawBufferPointer(rebasing: piece[..<count]))
                rest -= count
            }
            close(stream: index, of: id)
        }
    }

    /// Closes a stream. That removes it from the epoll object, because no other descriptor refers to this end.
    private func close(stream index: Int, of id: UInt32) {
        state.withLock { state in
            guard let stream = state.entries[id]?.streams[index], stream >= 0 else { return }
            Glibc.close(stream)
            state.entries[id]?.streams[index] = -1
        }
    }
}
