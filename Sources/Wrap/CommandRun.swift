import CLinux
import Glibc
import NIOCore
import Subprocess

/// Starts one process for one invocation and follows it to its end.
struct CommandRun: Sendable {
    /// The program, the arguments and the environment to start.
    let configuration: Subprocess.Configuration
    /// The number of output bytes that are buffered before the reply is committed.
    let heldBytesMax: Int
    /// Receives a copy of the command's standard error.
    let log: @Sendable ([UInt8]) -> Void
    private let orphans: Orphans
    private let run: Orphans.Run

    /// The number of descriptors that a start may need, together with concurrent starts.
    private static let startDescriptors: UInt32 = 64

    /// Creates a run of `program`. ``follow(input:reply:abandonment:isBodyRead:)`` may be called once.
    init(
        _ program: Executable, arguments: [String], environment: RequestEnvironment, heldBytesMax: Int,
        orphans: Orphans, log: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.orphans = orphans
        run = orphans.begin()
        var options = PlatformOptions()
        // The command gets a process group of its own, so that the processes that it starts can be ended with it.
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

    /// Runs the process. Returns when the process and all processes that it has started have ended.
    /// - Parameters:
    ///   - input: The process's standard input.
    ///   - reply: Receives the output as soon as it exceeds ``heldBytesMax`` bytes.
    ///   - abandonment: Its cancellation kills the process.
    ///   - isBodyRead: Returns true if the whole request has arrived. If not, the connection ends with the reply.
    /// - Returns: The end of the command and the output that is still buffered.
    @concurrent func follow(
        input: BodyRelay, reply: inout Reply, abandonment: CancellationToken, isBodyRead: @Sendable () -> Bool
    ) async -> (ending: CommandEnding, held: ByteBuffer) {
        var group: pid_t?
        var held = ByteBuffer()
        let ending: CommandEnding
        // The library that starts the command ends this process if it gets no descriptor in the middle of a start.
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
        // Background processes of the command end with it. The kernel does not reuse the group's ID while a process is
        // in the group. It could reuse the ID of an empty group within these microseconds only after a whole round of
        // process IDs.
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

    /// Writes the body. It ends without an error if the command does not read its input, which is allowed. The library
    /// cancels this call when the process has exited.
    func write(with writer: StandardInputWriter) async throws {
        defer { relay.leave() }
        while let chunk = await relay.nextChunk() {
            let bytes = Array(chunk.readableBytesView)
            guard let count = try? await writer.write(bytes), count == bytes.count else { return }
        }
    }
}

extension TerminationStatus {
    /// The exit status as a shell reports it: 128 + signal if a signal ended the process.
    fileprivate var number: Int {
        switch self {
        case .exited(let code): Int(code)
        case .signaled(let signal): 128 + Int(signal)
        }
    }
}

/// The last lines of a text of any length, with bounds on lines and bytes.
struct LineTail: Sendable {
    /// The maximum number of lines.
    static let linesMax = 20
    /// The maximum number of bytes.
    static let bytesMax = 16 * 1024

    private var bytes: [UInt8] = []

    /// Creates an empty tail.
    init() {}

    /// Appends text.
    mutating func append(_ more: some Collection<UInt8>) {
        bytes.append(contentsOf: more.suffix(Self.bytesMax))
        // The tail is trimmed only at twice the bound, so that many small writes do not copy it each time.
        if bytes.count > 2 * Self.bytesMax { bytes.removeFirst(bytes.count - Self.bytesMax) }
    }

    /// The last lines, oldest first, without line ends and without empty ones at the end. Bytes that are not UTF-8 are
    /// replaced by U+FFFD.
    var lines: [String] {
        let kept = String(decoding: bytes.suffix(Self.bytesMax), as: UTF8.self)
        var lines = kept.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines.suffix(Self.linesMax)
    }
}
