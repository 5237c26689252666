import F2SModel
import Glibc

extension ChildProcesses {
    /// The time between two scans of the folders of functions that wait for their next attempt.
    private static let repairInterval = Duration.milliseconds(500)

    /// Starts a function that could not start again as soon as a file in its folder changes. One loop serves all
    /// functions; it ends when none waits.
    func watchRepairs() async {
        var seen: [Function.ID: (folder: String, state: FolderState)] = [:]
        while !Task.isCancelled {
            let folders = foldersToRepair()
            guard !folders.isEmpty else { return }
            seen = seen.filter { folders[$0.key] == $0.value.folder }
            for (id, folder) in folders {
                // If the file system does not respond, the state of the folder is unknown.
                guard let state = try? await files.run(within: .seconds(5), { FolderState(folder) }) else { continue }
                if let before = seen[id], before.state != state {
                    seen[id] = nil
                    change { supervisor, moment in supervisor.repaired(id, at: moment) }
                } else {
                    seen[id] = (folder, state)
                }
            }
            try? await Task.sleep(for: Self.repairInterval)
        }
    }
}
