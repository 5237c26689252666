import FoundationEssentials
import Glibc

/// A program that runs once without input, and whose output F2S reads.
///
/// swift-subprocess, which `f2s wrap` uses, does not serve here. It ends this process if it gets no descriptor in the
/// middle of a start, and the clients of `f2s serve` may use all descriptors. It also waits for the end of the output,
/// which background processes of a credential plugin may keep open.
struct ChildProgram: Sendable {
    /// The result of a run.
    struct Outcome: Sendable {
        /// The exit status; 128 plus the signal's number if a signal ended the program.
        var status: Int
        /// The bytes that the program wrote to standard output.
        var output: [UInt8]
        /// The first 4 KiB of the bytes that the program wrote to standard error.
        var standardError: [UInt8]
    }

    /// The reason that a run has no outcome. The description ends a sentence that begins with "The program".
    enum Failure: Error, CustomStringConvertible {
        case notStarted(Int32)
        case tooSlow(Duration)
        case tooMuch(Int)

        var description: String {
            switch self {
            case .notStarted(let code): "cannot be started: \(String(cString: strerror(code)))"
            case .tooSlow(let limit): "has not ended within \(limit.components.seconds) s"
            case .tooMuch(let bytes): "has written over \(bytes) bytes"
            }
        }
    }

    /// The path of the program. A name without a slash is searched in `PATH`.
    let path: String
    /// The arguments, without the program's name.
    let arguments: [String]
    /// The environment variables in addition to those of F2S.
    let environment: [String: String]

    private static let errorBytesMax = 4 << 10

    /// Runs the program. Kills it if it takes too long, writes too much, or the task is cancelled.
    ///
    /// The program is polled every few milliseconds, so that no thread blocks. A program runs only once in minutes.
    func run(timeMax: Duration, bytesMax: Int, timing: Timing) async throws -> Outcome {
        let output = try Pipe()
        let standardError = try Pipe()
        let process = try start(output: output.write, standardError: standardError.write)
        output.closeWriting()
        standardError.closeWriting()
        let deadline = timing.now() + timeMax
        var written: [UInt8] = []
        var errorOutput: [UInt8] = []
        do {
            var status: Int?
            while true {
                // The status is read before the pipes: if the program has ended, the pipes contain all of its output.
                if status == nil { status = Self.status(of: process) }
                output.drain(into: &written)
                standardError.drain(into: &errorOutput)
                errorOutput.removeLast(max(0, errorOutput.count - Self.errorBytesMax))
                guard written.count <= bytesMax else { throw Failure.tooMuch(bytesMax) }
                if let status { return Outcome(status: status, output: written, standardError: errorOutput) }
                guard timing.now() < deadline else { throw Failure.tooSlow(timeMax) }
                try await timing.pause(.milliseconds(5))
            }
        } catch {
            // Kill the whole process group, including the program's own children.
            kill(-process, SIGKILL)
            var ignored: Int32 = 0
            // This wait is short, because a killed process ends within moments.
            while waitpid(process, &ignored, 0) == -1, errno == EINTR {}
            throw error
        }
    }

    private func start(output: Int32, standardError: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, standardError, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setflags(&attributes, Int16(flags))
        let words = Strings([path] + arguments)
        let merged = ProcessInfo.processInfo.environment.merging(environment) { _, own in own }
        let variables = Strings(merged.map { "\($0)=\($1)" })
        var process: pid_t = 0
        let code = posix_spawnp(&process, path, &actions, &attributes, words.pointers, variables.pointers)
        guard code == 0 else { throw Failure.notStarted(code) }
        return process
    }

    private static func status(of process: pid_t) -> Int? {
        var status: Int32 = 0
        switch waitpid(process, &status, WNOHANG) {
        case process: return status & 0x7F == 0 ? Int(status >> 8 & 0xFF) : 128 + Int(status & 0x7F)
        case -1 where errno == ECHILD: return 0
        default: return nil
        }
    }
}
