import CLinux
import F2SSystem
import Glibc

/// The processes of a launcher that was killed, for example by a function. They are now children of F2S, which is a
/// child subreaper.
struct Orphans {
    /// The longest time until the replicas of the launcher count as ended, even if processes are left.
    private static let timeout = Duration.seconds(10)
    private static let childrenMax = 4096

    /// The replicas that have not been reported as ended.
    var replicas: Set<UInt32>
    /// The upper half of the replicas' marks.
    private let series: UInt32
    /// The process IDs of the commands that ran.
    private let commands: Set<Int32>
    /// The commands' own variables, `F2S_REPLICA=name`, for a system that does not support marks.
    private let variables: [String]
    /// The descriptor of the list of F2S's children; -1 if the kernel provides no such list.
    private let list: Int32
    private let deadline = Moment.now.steady + Self.timeout
    /// The processes that were killed but not reaped. On some systems, a zombie has neither a mark nor variables.
    private var killed: Set<Int32> = []

    init(replicas: Set<UInt32>, series: UInt32, commands: Set<Int32>, variables: [String], list: Int32) {
        self.replicas = replicas
        self.series = series
        self.commands = commands
        self.variables = variables
        self.list = list
    }

    /// True once the time to kill the processes is over.
    var isOverdue: Bool { Moment.now.steady >= deadline }

    /// Kills and reaps the present orphans without waiting. Each round finds the processes that the previous round has
    /// orphaned.
    /// - Parameter launcher: The process ID of the present launcher.
    /// - Returns: The number of orphans found; `nil` if the children cannot be read now.
    mutating func endRound(sparing launcher: Int32?) -> Int? {
        guard let children = children() else { return nil }
        let left = children.filter { $0 != launcher && (killed.contains($0) || isOrphan($0)) }
        killed.formIntersection(left)
        for process in left {
            kill(process, SIGKILL)
            if waitpid(process, nil, WNOHANG) == 0 { killed.insert(process) } else { killed.remove(process) }
        }
        return left.count
    }

    /// Returns F2S's children; `nil` if they cannot be read now.
    private func children() -> [Int32]? {
        var isRead = true
        let children = [Int32](unsafeUninitializedCapacity: Self.childrenMax) { buffer, count in
            if list >= 0 {
                count = f2s_child_list_read(list, buffer.baseAddress, buffer.count)
            } else {
                let found = f2s_children(getpid(), buffer.baseAddress, buffer.count)
                isRead = found >= 0
                count = max(0, found)
            }
        }
        return isRead ? children : nil
    }

    private func isOrphan(_ process: Int32) -> Bool {
        if f2s_mark(process) >> 32 == UInt64(series) || commands.contains(process) { return true }
        return variables.contains { f2s_has_variable(process, $0) }
    }
}
