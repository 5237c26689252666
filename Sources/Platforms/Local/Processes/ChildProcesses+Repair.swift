import F2SModel
import Glibc

extension ChildProcesses {
    /// Time between two looks at the folders of functions that wait for their next attempt.
    private static let repairInterval = Duration.milliseconds(500)

    /// Has a function that cannot start tried again at once when a file of its folder changes: one loop for all, which
    /// ends when none waits.
    func watchRepairs() async {
        var seen: [Function.ID: (folder: String, state: FolderState)] = [:]
        while !Task.isCancelled {
            let folders = foldersToRepair()
            guard !folders.isEmpty else { return }
            seen = seen.filter { folders[$0.key] == $0.value.folder }
            for (id, folder) in folders {
                // A file system that does not answer tells of no repair.
                guard let state = try? await files.run(within: .seconds(5), { FolderState(folder) }) else { continue }
                if let before = seen[id], before.state != state {
                    seen[id] = nil
                    change { book, moment in book.repaired(id, at: moment) }
                } else {
                    seen[id] = (folder, state)
                }
            }
            try? await Task.sleep(for: Self.repairInterval)
        }
    }
}
