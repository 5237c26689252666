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

/// What the files of one folder look like, as far as a program is started from them.
struct FolderState: Sendable, Hashable {
    private var stamps: [String: FileStamp] = [:]

    /// Files that are looked at.
    private static let filesMax = 1000
    /// Endings of files that programs write and are not started from.
    private static let written = [".log", ".tmp", ".pid", ".pyc", ".db", ".sqlite", ".sqlite3", "-wal", "-journal"]

    /// Looks at the files directly in `folder`.
    init(_ folder: String) {
        guard let stream = opendir(folder) else { return }
        defer { closedir(stream) }
        while stamps.count < Self.filesMax, let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard !name.hasPrefix("."), !Self.written.contains(where: name.hasSuffix) else { continue }
            var status = stat()
            guard stat("\(folder)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            stamps[name] = FileStamp(status)
        }
    }
}
