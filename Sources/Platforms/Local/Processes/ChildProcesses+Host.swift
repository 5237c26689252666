import CLinux
import F2SModel
import Glibc
import Synchronization

extension ChildProcesses {
    /// Descriptors that must be free before a process is started: its pipes, the files that are read to find out what
    /// it does, and what F2S needs to answer and to end in the meantime.
    private static let startDescriptors: UInt32 = 24

    /// Runs one replica from start to end. Returns when its process and all that descends from it are gone.
    func host(_ id: Replica.ID, _ launch: Launch, orders: AsyncStream<Order>) async {
        let ending = await run(id, launch, orders: orders)
        let tail = logs.tail(of: id, of: launch.function, count: StartFailure.logLinesMax)
        change { book, moment in book.ended(id, ending, logTail: tail, at: moment) }
    }

    private func run(_ id: Replica.ID, _ launch: Launch, orders: AsyncStream<Order>) async -> ReplicaEnding {
        guard f2s_descriptors_are_free(Self.startDescriptors) else { return .notStarted(.outOfDescriptors) }
        do throws(SystemFailure) {
            guard let port = try takePort() else { return .notStarted(.noPort) }
            defer { giveBack(port) }
            let output = ReplicaOutput(logs, of: id, of: launch.function)
            let child = try await children.start(command(id, launch, port: port)) { stream, bytes in
                output.take(bytes, from: stream)
            }
            let process = ReplicaLife.Process(command: child.process, mark: child.mark, port: port)
            change { book, _ in book.began(id, process: process) }
            let status = await attend(child, orders: orders)
            output.finish()
            if status == 126, let reason = folderFailure(launch) { return .notStarted(reason) }
            return ending(status: status, port: port, of: id, launch)
        } catch {
            return .notStarted(notStarted(launch, error))
        }
    }

    /// Passes orders on until the child has ended.
    private func attend(_ child: Child, orders: AsyncStream<Order>) async -> Int {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await order in orders {
                    switch order {
                    case .terminate: child.send(SIGTERM)
                    case .kill: child.kill()
                    case .abandon: child.abandon()
                    }
                }
            }
            let status = await child.ended()
            group.cancelAll()
            return status
        }
    }

    private func command(_ id: Replica.ID, _ launch: Launch, port: Int) -> ChildLoop.Command {
        let variables = launch.environment(inherited: options.environment, replica: id, port: port)
        return ChildLoop.Command(
            arguments: launch.arguments(port: port), environment: variables.map { "\($0.key)=\($0.value)" },
            folder: launch.workingFolder)
    }

    private func takePort() throws(SystemFailure) -> Int? {
        try takePort { port throws(SystemFailure) in
            let code = f2s_port_probe(UInt16(clamping: port))
            if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(code) { throw SystemFailure(code: code) }
            return code == 0
        }
    }

    private func notStarted(_ launch: Launch, _ failure: SystemFailure) -> NotStarted {
        if failure.isOutOfDescriptors { return .outOfDescriptors }
        if failure.code == EPIPE { return .failed("the launcher, which starts every replica, was ended repeatedly.") }
        return .failed("the launcher (\(options.launcher)) answers: \(failure.text).")
    }

    /// The exit status says that something cannot be run, but not whether that is the program or its folder.
    private func folderFailure(_ launch: Launch) -> NotStarted? {
        guard let folder = launch.workingFolder, access(folder, X_OK) != 0 else { return nil }
        return .failed("its working folder \(folder) cannot be entered (\(SystemFailure(code: errno).text)).")
    }

    /// How a process has ended, and what the machine shows about why.
    private func ending(status: Int, port: Int, of id: Replica.ID, _ launch: Launch) -> ReplicaEnding {
        let listening = listeners.current()
        let tail = logs.tail(of: id, of: launch.function, count: StartFailure.logLinesMax)
        let saysInUse = Self.saysInUse(tail)
        let search = ExitCauseSearch(launch, environment: options.environment, port: port)
        let cause = search.cause(
            status: status, port: port, saysInUse: saysInUse, logTail: tail, listeners: listening,
            own: { ListenerTable.socketInodes(of: getpid()) })
        let isTaken = listening.contains { $0.port == port }
        // A program that wants a port of its own finds it taken with every other port that it is given, too.
        if case .fixedPort = cause, !isTaken { return .exited(status: status, portWasTaken: false, cause: cause) }
        return .exited(status: status, portWasTaken: isTaken || saysInUse, cause: cause)
    }

    /// Whether a program has written that an address that it wants is in use.
    private static func saysInUse(_ logTail: [String]) -> Bool {
        let words = ["address already in use", "eaddrinuse", "address in use", "port is already allocated"]
        return logTail.contains { line in
            let lowercase = line.lowercased()
            return words.contains { lowercase.contains($0) }
        }
    }
}

/// Cuts what a replica writes into lines of its log.
private final class ReplicaOutput: Sendable {
    private let logs: ReplicaLogs
    private let replica: Replica.ID
    private let function: Function.ID
    private let cutters = Mutex([LineCutter(), LineCutter()])

    init(_ logs: ReplicaLogs, of replica: Replica.ID, of function: Function.ID) {
        self.logs = logs
        self.replica = replica
        self.function = function
    }

    func take(_ bytes: UnsafeRawBufferPointer, from output: ChildLoop.Output) {
        let (lines, partial) = cutters.withLock { cutters in
            let lines = cutters[output.rawValue].lines(of: bytes)
            return (lines, cutters[output.rawValue].partial)
        }
        logs.write(lines, source: source(output), of: replica, of: function, at: Moment.now.wall, partial: partial)
    }

    /// Nothing more comes: what stands after the last line end is a line too.
    func finish() {
        for output in [ChildLoop.Output.standard, .error] {
            guard let last = cutters.withLock({ $0[output.rawValue].last() }) else { continue }
            logs.write([last], source: source(output), of: replica, of: function, at: Moment.now.wall)
        }
    }

    private func source(_ output: ChildLoop.Output) -> String { output == .standard ? "stdout" : "stderr" }
}
