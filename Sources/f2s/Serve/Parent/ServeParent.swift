import ArgumentParser
import CLinux
import F2SDispatcher
import F2SSystem
import Glibc

/// The parent of the serving process (`f2s serve --restart-on-crash`). It keeps the listening sockets open, so that new
/// connections wait instead of being refused while a crashed process is restarted.
///
/// The parent has one thread and no other task: docs/decisions/0013.
struct ServeParent {
    /// The option that enables the parent.
    static let option = "--restart-on-crash"

    /// The same backlog as in the dispatcher.
    private static let backlog: Int32 = 4096
    private static let signals = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGCHLD]

    private let arguments: [String]
    private let listeners: InheritedListeners
    private var policy = ServeRestartPolicy()
    /// The original signal mask.
    private var mask = sigset_t()
    private var child: pid_t = 0

    /// Serves in a child process until it ends finally. Must be called on the main thread of a process without other
    /// threads.
    /// - Parameter arguments: The arguments of the program, beginning with `serve`.
    /// - Returns: The exit status, or `nil` if the arguments do not enable a parent, or if an argument or an address is
    ///   invalid. Serving without a parent then reports the error.
    static func run(_ arguments: [String]) -> Int32? {
        guard arguments.first == ServeCommand.configuration.commandName, arguments.contains(option),
            let command = try? ServeCommand.parse(Array(arguments.dropFirst())),
            let listeners = openListeners(of: command)
        else { return nil }
        // The environment may contain settings and tokens.
        _ = f2s_hide_memory()
        var parent = ServeParent(arguments: arguments.filter { $0 != option }, listeners: listeners)
        return parent.serve()
    }

    private init(arguments: [String], listeners: InheritedListeners) {
        self.arguments = arguments
        self.listeners = listeners
    }

    private static func openListeners(of command: ServeCommand) -> InheritedListeners? {
        func socket(at text: String?) -> Int32? {
            guard let endpoint = text.flatMap({ ServeOptions.Endpoint($0) }), endpoint.isAddress else { return nil }
            return try? ListenSocket.open(endpoint, backlog: backlog, isV6Only: false).get()
        }
        guard let everybody = socket(at: command.listen) else { return nil }
        let management = socket(at: command.management)
        let console = socket(at: command.consoleAddress)
        let peers = command.platform == .kubernetes ? socket(at: command.internal) : nil
        let listeners = InheritedListeners(main: everybody, management: management, console: console, internal: peers)
        let isComplete =
            (management != nil || command.management == nil) && (console != nil || command.consoleAddress == nil)
            && (peers != nil || command.platform != .kubernetes)
        guard isComplete else {
            for descriptor in listeners.descriptors { close(descriptor) }
            return nil
        }
        return listeners
    }

    private mutating func serve() -> Int32 {
        // The signals are blocked and awaited. A container's first process ignores signals without a handler.
        var awaited = sigset_t()
        sigemptyset(&awaited)
        for signal in Self.signals { sigaddset(&awaited, signal) }
        sigprocmask(SIG_BLOCK, &awaited, &mask)
        guard start(isRestart: false) else { return 1 }
        while true {
            var info = siginfo_t()
            let signal = sigwaitinfo(&awaited, &info)
            if signal == SIGCHLD {
                if let status = reap() { return status }
            } else if signal > 0 {
                policy.beginEnding()
                // The terminal sends its signals to the child too; others must be forwarded.
                if info.si_code != f2s_signal_from_kernel() { kill(child, signal) }
            }
        }
    }

    /// Reaps every process that has ended. Orphans become children of a container's first process.
    /// - Returns: The exit status of this process, if it has to end.
    private mutating func reap() -> Int32? {
        while true {
            var status: Int32 = 0
            let process = waitpid(-1, &status, WNOHANG)
            guard process > 0 else { return nil }
            guard process == child else { continue }
            let signal = status & 0x7F
            let ending = signal == 0 ? ServeRestartPolicy.Ending.exited((status >> 8) & 0xFF) : .signalled(signal)
            switch policy.ended(ending, at: SystemClock.monotonic()) {
            case .end(let status): return status
            case .restart:
                // Restart before logging, because the reader of the log may be slow.
                guard start(isRestart: true) else { return 1 }
                Terminal.printError("the serving process died by signal \(signal) and is restarted")
            }
        }
    }

    private mutating func start(isRestart: Bool) -> Bool {
        let handover = SocketHandover(parent: getpid(), listeners: listeners)
        var words = [CommandLine.arguments.first ?? "f2s"] + arguments + ["--inherited-sockets", handover.text]
        if isRestart { words.append("--restarted") }
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for word in arguments { free(word) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in listeners.descriptors {
            // Duplicating a descriptor onto itself makes the child inherit it.
            posix_spawn_file_actions_adddup2(&actions, descriptor, descriptor)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setsigmask(&attributes, &mask)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let error = posix_spawn(&child, ServeOptions.currentExecutable(), &actions, &attributes, &arguments, environ)
        if error != 0 {
            Terminal.printError("the serving process cannot be started: \(String(cString: strerror(error)))")
        }
        return error == 0
    }
}
