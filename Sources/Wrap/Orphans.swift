import CLinux
import Glibc
import Synchronization

/// Ends the processes that commands leave behind. A process in a session of its own, or a daemon, outlives the
/// command's process group. If this process is a subreaper, such a process becomes its child. It is recognised by a
/// variable that all processes of a command inherit.
final class Orphans: Sendable {
    /// One run of the command.
    struct Run: Sendable {
        /// The variable's value.
        let value: String
        /// The variable, written `NAME=value`.
        var mark: String { "\(Orphans.variable)=\(value)" }
    }

    private struct State {
        /// The number of runs whose process is not known yet.
        var starting = 0
        /// The processes of the runs. The library that has started them reaps them.
        var commands: Set<pid_t> = []
        /// The children of unknown origin that had ended at the last check.
        var zombies: Set<pid_t> = []
    }

    static let variable = "F2S_RUN"
    /// The time between two checks while processes are left.
    private static let interval = Duration.milliseconds(20)
    private static let roundsMax = 500

    private let adopts: Bool
    private let state = Mutex(State())

    /// - Parameter adopts: True if this process is a subreaper and all its children are commands or their descendants.
    init(adopts: Bool) { self.adopts = adopts }

    /// Begins a run, before its command is started.
    func begin() -> Run {
        state.withLock { $0.starting += 1 }
        return Run(value: "\(UInt64.random(in: 0...UInt64.max))")
    }

    /// Records the process of a run; `nil` if it could not be started.
    func began(_ process: pid_t?) {
        state.withLock { state in
            state.starting -= 1
            if let process { state.commands.insert(process) }
        }
    }

    /// Records that the process of a run has been reaped.
    func reaped(_ process: pid_t) { state.withLock { _ = $0.commands.remove(process) } }

    /// Waits for the end of a command, then ends its process group and the processes that have left the group. The
    /// output that these processes hold open ends with them.
    func follow(_ process: pid_t, of run: Run) async {
        while !Task.isCancelled {
            switch f2s_has_ended(process) {
            case 0: try? await Task.sleep(for: Self.interval, tolerance: Self.interval / 2)
            case 1:
                // The command has not been reaped yet, so its process ID cannot belong to another group.
                kill(-process, SIGKILL)
                return await end(run)
            default: return
            }
        }
    }

    /// Kills and reaps the processes with the mark of a run that has ended. Each round finds the processes that the
    /// previous round has orphaned.
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

    /// Returns the children that are not commands.
    private func strays() -> [pid_t] {
        let children = [pid_t](unsafeUninitializedCapacity: 1024) { buffer, count in
            count = max(0, f2s_children(getpid(), buffer.baseAddress, buffer.count))
        }
        return state.withLock { state in children.filter { !state.commands.contains($0) } }
    }

    /// True if no command runs. Then commands that have ended left every child behind, even those without a mark.
    private var isAlone: Bool { adopts && state.withLock { $0.starting == 0 && $0.commands.isEmpty } }

    /// Reaps descendants that have ended by themselves while other commands run. A command that ends before its process
    /// is known cannot be told from such a descendant, so nothing is reaped while a command is being started.
    private func reapUnknown() {
        let zombies = Set(strays().filter { f2s_is_zombie($0) })
        state.withLock { state in
            guard state.starting == 0 else { return }
            for zombie in zombies.intersection(state.zombies) { waitpid(zombie, nil, WNOHANG) }
            state.zombies = zombies
        }
    }
}
