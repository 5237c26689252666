import CLinux
import Glibc
import NIOCore
import Subprocess

/// Starts one process for one invocation and follows it to its end.
struct CommandRun: Sendable {
    /// What to start: program, arguments, environment.
    let configuration: Subprocess.Configuration
    /// Bytes of output that are held before the reply is committed.
    let heldBytesMax: Int
    /// Where what the command writes to its standard error goes besides.
    let log: @Sendable ([UInt8]) -> Void
    private let orphans: Orphans
    private let run: Orphans.Run

    /// Descriptors that a start may need, with those of the starts beside it.
    private static let startDescriptors: UInt32 = 64

    /// A run of `program`, to be followed once.
    init(
        _ program: Executable, arguments: [String], environment: RequestEnvironment, heldBytesMax: Int,
        orphans: Orphans, log: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.orphans = orphans
        run = orphans.begin()
        var options = PlatformOptions()
        // A group of its own, so that whatever the command has started can be ended with it.
        options.processGroupID = 0
        options.teardownSequence = [.send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .zero)]
        var variables = environment.variables
        variables[Orphans.variable] = run.value
        let changes = variables.compactMap { name, value in
            Subprocess.Environment.Key(rawValue: name).map { ($0, value) }
        }
        configuration = Subprocess.Configuration(
            executable: program, arguments: Arguments(arguments),
            environment: .inherit.updating(Dictionary(changes, uniquingKeysWith: { _, last in last })),
            platformOptions: options)
        self.heldBytesMax = heldBytesMax
        self.log = log
    }

    /// Returns when the process and everything that it has started have ended.
    /// - Parameters:
    ///   - input: becomes its standard input.
    ///   - reply: gets its output as soon as more than ``heldBytesMax`` have come.
    ///   - abandonment: kills it.
    ///   - isBodyRead: whether all of the request has arrived; if not, the connection ends with the reply.
    /// - Returns: how it ended, and the output that was held.
    @concurrent func follow(
        input: BodyRelay, reply: inout Reply, abandonment: Abandonment, isBodyRead: @Sendable () -> Bool
    ) async -> (ending: CommandEnding, held: ByteBuffer) {
        var group: pid_t?
        var held = ByteBuffer()
        let ending: CommandEnding
        // The library that starts it ends this process when it gets no descriptor half way.
        guard f2s_descriptors_are_free(Self.startDescriptors) else {
            input.leave()
            orphans.began(nil)
            return (.notStarted(reason: "too few file descriptors are free"), held)
        }
        do {
            let result = try await Subprocess.run(
                configuration, input: RelayInput(relay: input), output: .sequence, error: .sequence
            ) { execution in
                let process = execution.processIdentifier.value
                group = process
                orphans.began(process)
                abandonment.onAbandon { kill(-process, SIGKILL) }
                return try await withThrowingTaskGroup(of: LineTail?.self) { tasks in
                    tasks.addTask { try await errorTail(of: execution.standardError) }
                    tasks.addTask {
                        await orphans.follow(process, of: run)
                        return nil
                    }
                    defer { tasks.cancelAll() }
                    for try await chunk in execution.standardOutput {
                        guard !reply.isBodyless else {
                            reply.drop(bytes: chunk.count)
                            continue
                        }
                        chunk.withUnsafeBytes { _ = held.writeBytes($0) }
                        guard reply.isCommitted || held.readableBytes > heldBytesMax else { continue }
                        if !reply.isCommitted { try await reply.begin(isClosing: !isBodyRead()) }
                        try await reply.write(held)
                        held.clear()
                    }
                    for try await case let tail? in tasks { return tail }
                    return LineTail()
                }
            }
            ending = .exited(status: result.terminationStatus.number, errorLines: result.closureResult.lines)
        } catch {
            ending = group == nil ? .notStarted(reason: "\(error)") : .lost(reason: "\(error)")
        }
        abandonment.forget()
        input.leave()
        // Background processes of the command end with it. The number cannot have been given to somebody else as long
        // as anybody is in the group; that an empty group's number is reused within these microseconds would take a
        // whole round of process identifiers.
        if let group {
            kill(-group, SIGKILL)
            orphans.reaped(group)
            await orphans.end(run)
        } else {
            orphans.began(nil)
        }
        return (ending, held)
    }

    private func errorTail(of output: SubprocessOutputSequence) async throws -> LineTail {
        var tail = LineTail()
        for try await chunk in output {
            let bytes = chunk.withUnsafeBytes { Array($0) }
            log(bytes)
            tail.append(bytes)
        }
        return tail
    }
}

/// A request's body as a command's standard input.
private struct RelayInput: InputProtocol {
    let relay: BodyRelay

    /// Ends quietly when the command does not read: not to be interested in one's input is not an error. The library
    /// cancels this when the process has exited.
    func write(with writer: StandardInputWriter) async throws {
        defer { relay.leave() }
        while let chunk = await relay.take() {
            let bytes = Array(chunk.readableBytesView)
            guard let count = try? await writer.write(bytes), count == bytes.count else { return }
        }
    }
}

extension TerminationStatus {
    /// Exit status as a shell gives it: 128 + signal when a signal ended the process.
    fileprivate var number: Int {
        switch self {
        case .exited(let code): Int(code)
        case .signaled(let signal): 128 + Int(signal)
        }
    }
}
