import FoundationEssentials
package import Glibc
import Synchronization

/// A child process that writes its output to files, so that it never blocks on a reader.
package final class ChildProcess: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        let program: String
        let reason: String

        package init(program: String, reason: String) {
            self.program = program
            self.reason = reason
        }

        package var description: String { "\(program): \(reason)" }
    }

    package let program: String
    package let id: pid_t
    /// The exit status; `nil` until it has been read. From then on the ID may be that of another process.
    private let status = Mutex<Int?>(nil)

    /// Starts a program. A name without a slash is searched for in `PATH`.
    /// - Parameter environment: The complete environment of the child; `nil` passes on the environment of this process.
    package init(
        _ command: [String], environment: [String]? = nil, output: String = "/dev/null", errors: String = "/dev/null"
    ) throws {
        program = command.first ?? ""
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let writing = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, writing, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errors, writing, 0o600)

        // Closes inherited descriptors: other tests in this process may wait until the last copy of theirs is closed.
        for descriptor in Files.names(in: "/proc/self/fd").compactMap({ Int32($0) }) where descriptor > 2 {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The child starts as it would from a shell: no signals blocked or ignored, and its own process group.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var arguments = command.map { strdup($0) } + [nil]
        var variables = (environment ?? Self.ownEnvironment).map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var id = pid_t()
        let failure = posix_spawnp(&id, program, &actions, &attributes, &arguments, &variables)
        guard failure == 0 else { throw Failure(program: program, reason: String(cString: strerror(failure))) }
        self.id = id
    }

    /// The environment of this process.
    package static var ownEnvironment: [String] { ProcessInfo.processInfo.environment.map { "\($0)=\($1)" } }

    /// Sends a signal.
    /// - Returns: False if the process has ended.
    @discardableResult package func send(signal: Int32) -> Bool {
        status.withLock { $0 == nil && kill(id, signal) == 0 }
    }

    /// Returns the exit status, or 128 + the signal number if a signal ended the process, or `nil` while it runs.
    package func endIfOver() throws -> Int? {
        try status.withLock { status in
            if status == nil { status = try reap(WNOHANG) }
            return status
        }
    }

    private func reap(_ options: Int32) throws -> Int? {
        var status: Int32 = 0
        let ended = waitpid(id, &status, options)
        guard ended >= 0 else { throw Failure(program: program, reason: String(cString: strerror(errno))) }
        guard ended > 0 else { return nil }
        let signal = Int(status & 0x7F)
        return signal == 0 ? Int(status >> 8 & 0xFF) : 128 + signal
    }

    /// Waits until the process exits and returns its status. A timeout's error lists the threads of the process.
    package func waitForEnd(within limit: Duration) throws -> Int {
        do {
            return try eventually("\(program) ends", within: limit) { try endIfOver() }
        } catch let error as WaitedInVain {
            throw Failure(program: program, reason: "\(error); its threads: \(threads)")
        }
    }

    /// The threads of the process, each with its id, name, state and the kernel function in which it waits.
    package var threads: String {
        let folder = "/proc/\(id)/task"
        return Files.names(in: folder).map { thread in
            let read = { (name: String) in
                ((try? Files.read("\(folder)/\(thread)/\(name)")) ?? "").filter { $0 != "\n" }
            }
            let state = read("stat").split(separator: ")").last?.split(separator: " ").first ?? "?"
            return "\(thread) \(read("comm")) \(state) \(read("wchan"))"
        }.joined(separator: ", ")
    }

    /// Kills the process and reaps it. Does nothing if that has been done.
    package func end() {
        status.withLock { status in
            guard status == nil, kill(id, SIGKILL) == 0 else { return }
            status = try? reap(0)
        }
    }
}
