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
            let orphans = strays.filter { Self.environment(of: $0).contains(mark) }
            for orphan in orphans { kill(orphan, SIGKILL) }
            // One that has ended has no environment. A supervisor that is just being started is watched a round later.
            let zombies = Set(strays.filter(Self.isZombie))
            for zombie in zombies.intersection(ended) { waitpid(zombie, nil, WNOHANG) }
            if orphans.isEmpty, zombies.isSubset(of: ended) { return }
            ended = zombies
            try? await Task.sleep(for: Self.orphanInterval)
        }
    }

    private static func environment(of process: Int32) -> [String] {
        let text = (try? ManifestFile.read("/proc/\(process)/environ", bytesMax: 1 << 20)) ?? []
        return text.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func isZombie(_ process: Int32) -> Bool {
        let text = (try? ManifestFile.read("/proc/\(process)/stat", bytesMax: 4096)) ?? []
        // The name is in parentheses and may hold anything, so the state is looked for behind the last one.
        guard let end = text.lastIndex(of: UInt8(ascii: ")")) else { return false }
        return text[end...].dropFirst(2).first == UInt8(ascii: "Z")
    }
}
