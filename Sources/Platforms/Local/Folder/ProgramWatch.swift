import F2SModel

/// Finds the functions beside whose manifest a file has changed (`target.watch`). A value without I/O: it is shown what
/// their folders look like.
struct ProgramWatch: Sendable {
    private struct Entry: Sendable {
        /// As of the last restart, or of the first look.
        var taken: FolderState
        /// A newer state that may not be complete yet.
        var newer: FolderState?
    }

    private var entries: [FunctionName: Entry] = [:]

    /// True if no change waits for a second look.
    var isSettled: Bool { entries.values.allSatisfy { $0.newer == nil } }

    /// Takes the newest state of every function that is watched.
    /// - Returns: the functions whose files have changed, and have stayed the same since the last look: a file that is
    ///   being written is not run.
    mutating func take(_ states: [FunctionName: FolderState]) -> [FunctionName] {
        entries = entries.filter { states[$0.key] != nil }
        var changed: [FunctionName] = []
        for (name, state) in states {
            guard let entry = entries[name] else {
                entries[name] = Entry(taken: state)
                continue
            }
            if state == entry.taken {
                entries[name]?.newer = nil
            } else if state == entry.newer {
                entries[name] = Entry(taken: state)
                changed.append(name)
            } else {
                entries[name]?.newer = state
            }
        }
        return changed
    }
}
