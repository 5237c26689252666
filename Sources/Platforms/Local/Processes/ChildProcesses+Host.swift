import CLinux
import F2SModel
import Glibc
import Subprocess
import SystemPackage

extension ChildProcesses {
    private typealias Child = Execution<CustomWriteInput, SequenceOutput, SequenceOutput>

    /// Runs one replica from start to end. Returns when its process and all that descends from it are gone.
    func host(_ id: Replica.ID, _ launch: Launch, orders: AsyncStream<Order>) async {
        let ending: ReplicaEnding
        if let port = takePort(isFree: { f2s_port_is_free(UInt16(clamping: $0)) }) {
            ending = await run(id, launch, port: port, orders: orders)
            giveBack(port)
        } else {
            ending = .notStarted("every port that replicas may have is taken.")
        }
        let tail = logs.tail(of: id, of: launch.function, count: StartFailure.logLinesMax)
        change { book, moment in book.ended(id, ending, logTail: tail, at: moment) }
    }

    private func run(
        _ id: Replica.ID, _ launch: Launch, port: Int, orders: AsyncStream<Order>
    ) async -> ReplicaEnding {
        do {
            let result = try await Subprocess.run(
                configuration(id, launch, port: port), input: .inputWriter, output: .sequence, error: .sequence
            ) { child in
                let process = ReplicaLife.Process(supervisor: child.processIdentifier.value, port: port)
                change { book, _ in book.began(id, process: process) }
                await attend(child, id, launch, orders: orders)
            }
            let status =
                switch result.terminationStatus {
                case .exited(let code): Int(code)
                case .signaled(let number): 128 + Int(number)
                }
            return ending(status: status, port: port, of: id, launch)
        } catch {
            return .notStarted("\(error)")
        }
    }

    /// Reads what the child writes until its end, and passes orders on.
    private func attend(_ child: Child, _ id: Replica.ID, _ launch: Launch, orders: AsyncStream<Order>) async {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await self.keep(child.standardOutput, source: "stdout", of: id, launch)
                return true
            }
            group.addTask {
                await self.keep(child.standardError, source: "stderr", of: id, launch)
                return true
            }
            group.addTask {
                for await order in orders {
                    switch order {
                    case .terminate: try? child.send(signal: .terminate)
                    case .kill: try? await child.standardInputWriter.finish()
                    case .abandon: try? child.send(signal: .kill)
                    }
                }
                return false
            }
            // The supervisor holds both streams open to its last moment, so that their end is the child's end.
            var streams = 2
            while streams > 0, let isStream = await group.next() {
                if isStream { streams -= 1 }
            }
            group.cancelAll()
        }
    }

    private func keep(
        _ output: SubprocessOutputSequence, source: String, of id: Replica.ID, _ launch: Launch
    ) async {
        var cutter = LineCutter()
        do {
            for try await buffer in output {
                let lines = buffer.withUnsafeBytes { cutter.lines(of: $0) }
                logs.write(lines, source: source, of: id, of: launch.function, at: Moment.now.wall)
            }
        } catch {
            logs.write(
                ["F2S cannot read \(source): \(error)"], source: "f2s", of: id, of: launch.function, at: Moment.now.wall
            )
        }
        logs.write(
            cutter.last().map { [$0] } ?? [], source: source, of: id, of: launch.function, at: Moment.now.wall)
    }

    private func configuration(_ id: Replica.ID, _ launch: Launch, port: Int) -> Configuration {
        let variables = launch.environment(inherited: options.environment, replica: id, port: port)
        var platformOptions = PlatformOptions()
        // Ctrl-C in a terminal goes to the whole foreground group; replicas are stopped by F2S, in its order.
        platformOptions.processGroupID = 0
        // Only used when this task is cancelled. The lifeline is cut at the same time, and the supervisor needs a
        // moment to end what it has started.
        platformOptions.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(5))]
        return Configuration(
            executable: .path(FilePath(options.supervisor)),
            arguments: Arguments(options.supervisorArguments + launch.arguments(port: port)),
            environment: .custom(
                Dictionary(uniqueKeysWithValues: variables.map { (Environment.Key(stringLiteral: $0.key), $0.value) })),
            workingDirectory: launch.workingFolder.map { FilePath($0) },
            platformOptions: platformOptions)
    }

    /// How a process has ended, and what the machine shows about why.
    private func ending(status: Int, port: Int, of id: Replica.ID, _ launch: Launch) -> ReplicaEnding {
        let listeners = ListenerTable().current()
        let tail = logs.tail(of: id, of: launch.function, count: StartFailure.logLinesMax)
        let saysInUse = Self.saysInUse(tail)
        let search = ExitCauseSearch(launch, environment: options.environment, port: port)
        let cause = search.cause(
            status: status, port: port, saysInUse: saysInUse, logTail: tail, listeners: listeners,
            own: { ListenerTable.socketInodes(of: getpid()) })
        let isTaken = listeners.contains { $0.port == port }
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
