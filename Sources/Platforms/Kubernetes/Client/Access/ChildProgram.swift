import Glibc

/// A program that is run once, with nothing to read, for what it writes.
struct ChildProgram: Sendable {
    /// How it has ended.
    struct Outcome: Sendable {
        /// Exit status; 128 and the signal when one has ended it.
        var status: Int
        /// What it has written.
        var output: [UInt8]
        /// The beginning of what it has written to standard error.
        var complaints: [UInt8]
    }

    /// Why there is no outcome, as the end of "the program …".
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

    /// The program, found in `PATH` when there is no slash in it.
    let path: String
    /// Its arguments, without its own name.
    let arguments: [String]
    /// What its environment has besides ours.
    let environment: [String: String]

    private static let complaintBytesMax = 4 << 10

    /// Runs it, and kills it when it takes too long, writes too much, or nobody waits for it any more.
    ///
    /// It is looked at every few milliseconds: a program runs once in minutes, and no thread waits for it meanwhile.
    func run(timeMax: Duration, bytesMax: Int, timing: Timing) async throws -> Outcome {
        let output = try Pipe()
        let complaints = try Pipe()
        let process = try start(output: output.write, complaints: complaints.write)
        output.closeWriting()
        complaints.closeWriting()
        let deadline = timing.now() + timeMax
        var written: [UInt8] = []
        var complained: [UInt8] = []
        do {
            var status: Int?
            while true {
                // Looked at before the pipes: what it has written before it ended is in them then.
                if status == nil { status = Self.status(of: process) }
                output.drain(into: &written)
                complaints.drain(into: &complained)
                complained.removeLast(max(0, complained.count - Self.complaintBytesMax))
                guard written.count <= bytesMax else { throw Failure.tooMuch(bytesMax) }
                if let status { return Outcome(status: status, output: written, complaints: complained) }
                guard timing.now() < deadline else { throw Failure.tooSlow(timeMax) }
                try await timing.pause(.milliseconds(5))
            }
        } catch {
            // Its whole group, with whatever it has started.
            kill(-process, SIGKILL)
            var ignored: Int32 = 0
            // Safe: a process that was killed is gone within moments.
            while waitpid(process, &ignored, 0) == -1, errno == EINTR {}
            throw error
        }
    }

    private func start(output: Int32, complaints: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, complaints, 2)
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
        let variables = Strings(Self.inherited(with: environment))
        var process: pid_t = 0
        let code = posix_spawnp(&process, path, &actions, &attributes, words.pointers, variables.pointers)
        guard code == 0 else { throw Failure.notStarted(code) }
        return process
    }

    private static func inherited(with own: [String: String]) -> [String] {
        var variables: [String] = []
        var next = environ
        while let variable = next.pointee {
            let text = String(cString: variable)
            if own[String(text.prefix { $0 != "=" })] == nil { variables.append(text) }
            next += 1
        }
        return variables + own.map { "\($0)=\($1)" }
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
