import CLinux
import F2SModel
import F2SSystem
import Glibc
import Synchronization

extension ChildProcesses {
    /// The number of descriptors that must be free before a process is started. They are for its pipes, for the files
    /// that are read to observe it, and for F2S's own responses and its shutdown in the meantime.
    private static let startDescriptors: UInt32 = 24

    /// Runs one replica from start to end. Returns when its process and all descendants of the process have ended.
    func host(_ id: Replica.ID, _ launch: LaunchSpec, orders: AsyncStream<Order>) async {
        let ending = await run(id, launch, orders: orders)
        let tail = logs.tail(of: id, of: launch.function, count: StartFailure.logLinesMax)
        change { supervisor, moment in supervisor.ended(id, ending, logTail: tail, at: moment) }
    }

    private func run(_ id: Replica.ID, _ launch: LaunchSpec, orders: AsyncStream<Order>) async -> ReplicaEnding {
        guard f2s_descriptors_are_free(Self.startDescriptors) else { return .notStarted(.outOfDescriptors) }
        guard let source = launch.source else { return await runProcess(id, launch, orders: orders) }
        let folder: String
        do {
            folder = try await files.run { [sources] in try sources.add(source, of: launch.name, launch.revision) }
        } catch {
            let reason = (error as? SystemFailure)?.text ?? "the file system does not respond"
            return .notStarted(.failed("its files cannot be written to \(options.sourcesFolder): \(reason)."))
        }
        var launch = launch
        launch.workingFolder = folder
        let ending = await runProcess(id, launch, orders: orders)
        try? await files.run { [sources] in sources.remove(folder) }
        return ending
    }

    private func runProcess(_ id: Replica.ID, _ launch: LaunchSpec, orders: AsyncStream<Order>) async -> ReplicaEnding {
        do throws(SystemFailure) {
            guard let port = try allocatePort() else { return .notStarted(.noPort) }
            defer { giveBack(port) }
            let output = ReplicaOutput(logs, of: id, of: launch.function)
            let child = try await children.start(command(id, launch, port: port)) { stream, bytes in
                output.receive(bytes, from: stream)
            }
            let process = ReplicaLifecycle.Process(command: child.process, mark: child.mark, port: port)
            change { supervisor, _ in supervisor.began(id, process: process) }
            let status = await attend(child, orders: orders)
            output.finish()
            if status == 126, let reason = folderFailure(launch) { return .notStarted(reason) }
            let ending = ending(status: status, port: port, of: id, launch)
            if case .exited(_, portWasTaken: true, _) = ending { leavePorts() }
            return ending
        } catch {
            return .notStarted(notStarted(launch, error))
        }
    }

    /// Passes orders to the child until it has ended.
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

    private func command(_ id: Replica.ID, _ launch: LaunchSpec, port: Int) -> ChildLoop.Command {
        let variables = launch.environment(inherited: options.environment, replica: id, port: port)
        return ChildLoop.Command(
            arguments: launch.arguments(port: port), environment: variables.map { "\($0.key)=\($0.value)" },
            folder: launch.workingFolder)
    }

    private func allocatePort() throws(SystemFailure) -> Int? {
        try allocatePort { port throws(SystemFailure) in
            let code = f2s_port_probe(UInt16(clamping: port))
            if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(code) { throw SystemFailure(code: code) }
            return code == 0
        }
    }

    private func notStarted(_ launch: LaunchSpec, _ failure: SystemFailure) -> NotStarted {
        if failure.isOutOfDescriptors { return .outOfDescriptors }
        if failure.code == EPIPE { return .failed("the launcher, which starts every replica, ended repeatedly.") }
        return .failed("the launcher (\(options.launcher)) reported: \(failure.text).")
    }

    /// Returns a failure if the working folder cannot be entered. The exit status 126 does not distinguish the program
    /// from its folder.
    private func folderFailure(_ launch: LaunchSpec) -> NotStarted? {
        guard let folder = launch.workingFolder, access(folder, X_OK) != 0 else { return nil }
        return .failed("its working folder \(folder) cannot be entered (\(SystemFailure(code: errno).text)).")
    }

    /// Returns the ending of a process, with the cause if the state of the machine shows one.
    private func ending(status: Int, port: Int, of id: Replica.ID, _ launch: LaunchSpec) -> ReplicaEnding {
        let listening = listeners.current()
        let tail = logs.tail(of: id, of: launch.function, count: StartFailure.logLinesMax)
        let saysInUse = Self.saysInUse(tail)
        let search = ExitCauseSearch(launch, environment: options.environment, port: port)
        let cause = search.cause(
            status: status, port: port, saysInUse: saysInUse, logTail: tail, listeners: listening,
            own: { ListeningPortTable.socketInodes(of: getpid()) })
        let isTaken = listening.contains { $0.port == port }
        // A program that insists on a fixed port would fail with every other $PORT, too.
        if case .fixedPort = cause, !isTaken { return .exited(status: status, portWasTaken: false, cause: cause) }
        return .exited(status: status, portWasTaken: isTaken || saysInUse, cause: cause)
    }

    /// Returns true if the program has logged that an address is in use.
    private static func saysInUse(_ logTail: [String]) -> Bool {
        let words = ["address already in use", "eaddrinuse", "address in use", "port is already allocated"]
        return logTail.contains { line in
            let lowercase = line.lowercased()
            return words.contains { lowercase.contains($0) }
        }
    }
}

/// Splits the output of a replica into the lines of its log.
private final class ReplicaOutput: Sendable {
    private let logs: ReplicaLogs
    private let replica: Replica.ID
    private let function: Function.ID
    private let splitters = Mutex([LineSplitter(), LineSplitter()])

    init(_ logs: ReplicaLogs, of replica: Replica.ID, of function: Function.ID) {
        self.logs = logs
        self.replica = replica
        self.function = function
    }

    func receive(_ bytes: UnsafeRawBufferPointer, from output: ChildLoop.Output) {
        let (lines, partial) = splitters.withLock { splitters in
            let lines = splitters[output.rawValue].lines(adding: bytes.bindMemory(to: UInt8.self).span)
            return (lines, splitters[output.rawValue].partial)
        }
        logs.write(lines, source: source(output), of: replica, of: function, at: Moment.now.wall, partial: partial)
    }

    /// Ends the log. The text after the last line end becomes a line.
    func finish() {
        for output in [ChildLoop.Output.standard, .error] {
            guard let last = splitters.withLock({ $0[output.rawValue].last() }) else { continue }
            logs.write([last], source: source(output), of: replica, of: function, at: Moment.now.wall)
        }
    }

    private func source(_ output: ChildLoop.Output) -> String { output == .standard ? "stdout" : "stderr" }
}
