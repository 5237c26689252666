import CLinux
import F2SModel
import Glibc

extension ChildProcesses {
    /// Time between two looks for what has outlived a supervisor.
    private static let orphanInterval = Duration.milliseconds(20)
    private static let orphanRoundsMax = 500

    /// Kills what has outlived its supervisor: it was killed, by its own function for example, and what it had started
    /// is a child of F2S now, which is a subreaper. Each round finds those that the round before has orphaned.
    func endOrphans(of id: Replica.ID) async {
        let mark = "F2S_REPLICA=\(id)"
        var ended: Set<Int32> = []
        for _ in 0..<Self.orphanRoundsMax {
            let strays = ListenerTable.children(of: getpid()).filter { !children.isWatching($0) }
            let orphans = strays.filter { f2s_has_variable($0, mark) }
            for orphan in orphans { kill(orphan, SIGKILL) }
            // One that has ended has no environment. A supervisor that is just being started is watched a round later.
            let zombies = Set(strays.filter { f2s_is_zombie($0) })
            for zombie in zombies.intersection(ended) { waitpid(zombie, nil, WNOHANG) }
            if orphans.isEmpty, zombies.isSubset(of: ended) { return }
            ended = zombies
            try? await Task.sleep(for: Self.orphanInterval)
        }
    }
}
