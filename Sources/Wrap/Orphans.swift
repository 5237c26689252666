import CLinux
import Glibc
import Synchronization

/// Ends the processes that commands leave behind. A process in a session of its own, or a daemon, outlives the
/// command's process group; when this process is a subreaper, it becomes a child of this process. It is known by a
/// variable that everything that a command starts inherits.
final class Orphans: Sendable {
    /// One run of the command.
    struct Run: Sendable {
        /// The variable's value.
        let value: String
        /// The variable, written `NAME=value`.
        var mark: String { "\(Orphans.variable)=\(value)" }
    }

    private struct State {
        /// Runs whose process is not known yet.
        var starting = 0
        /// Processes of the runs, which the library that has started them reaps.
        var commands: Set<pid_t> = []
        /// Children of unknown origin that had ended when they were seen last.
        var zombies: Set<pid_t> = []
    }

    static let variable = "F2S_RUN"
    /// Time between two looks while something is left.
    private static let interval = Duration.milliseconds(20)
    private static let roundsMax = 500

    private let adopts: Bool
    private let state = Mutex(State())

    /// - Parameter adopts: whether this process is a subreaper all of whose children are commands or their descendants.
    init(adopts: Bool) { self.adopts = adopts }

    /// A command is about to be started.
    func begin() -> Run {
        state.withLock { $0.starting += 1 }
        return Run(value: "\(UInt64.random(in: 0...UInt64.max))")
    }

    /// Its process runs, or could not be started (`nil`).
    func began(_ process: pid_t?) {
        state.withLock { state in
            state.starting -= 1
            if let process { state.commands.insert(process) }
        }
    }

    /// Its process has been reaped.
    func reaped(_ process: pid_t) { state.withLock { _ = $0.commands.remove(process) } }

    /// Ends a command's group and what has left it, as soon as the command has ended. Output that they hold open ends
    /// with them.
    func follow(_ process: pid_t, of run: Run) async {
        while !Task.isCancelled {
            switch f2s_has_ended(process) {
            case 0: try? await Task.sleep(for: Self.interval, tolerance: Self.interval / 2)
            case 1:
                // It waits to be reaped, so that its number is not another group's.
                kill(-process, SIGKILL)
                return await end(run)
            default: return
            }
        }
    }

    /// Kills what has the mark of a run that has ended, and reaps it. Each round finds those that the round before has
    /// orphaned.
    func end(_ run: Run) async {
        var killed: Set<pid_t> = []
        for _ in 0..<Self.roundsMax {
            let strays = strays()
            let isAlone = isAlone
            let left = strays.filter { isAlone || f2s_has_variable($0, run.mark) }
            for process in left { kill(process, SIGKILL) }
            killed = killed.union(left).filter { waitpid($0, nil, WNOHANG) == 0 }
            if killed.isEmpty, left.isEmpty { break }
            try? await Task.sleep(for: Self.interval)
            if Task.isCancelled { await Task.yield() }
        }
        if adopts { reapUnknown() }
    }

    /// Children that are no commands.
    private func strays() -> [pid_t] {
        let children = [pid_t](unsafeUninitializedCapacity: 1024) { buffer, count in
            count = max(0, f2s_children(getpid(), buffer.baseAddress, buffer.count))
        }
        return state.withLock { state in children.filter { !state.commands.contains($0) } }
    }

    /// True if every child is of a command that has ended, with or without its mark.
    private var isAlone: Bool { adopts && state.withLock { $0.starting == 0 && $0.commands.isEmpty } }

    /// Reaps descendants that have ended by themselves beside other commands. A command that has ended before it was
    /// known looks like one, so that nothing is reaped while one is being started.
    private func reapUnknown() {
        let zombies = Set(strays().filter { f2s_is_zombie($0) })
        state.withLock { state in
            guard state.starting == 0 else { return }
            for zombie in zombies.intersection(state.zombies) { waitpid(zombie, nil, WNOHANG) }
            state.zombies = zombies
        }
    }
}
