import F2SModel

/// Finds the functions to restart because a file in the folder of their manifest has changed (`target.watch`). A value
/// without I/O: the caller reads the states of the folders.
struct ProgramWatch: Sendable {
    private struct Entry: Sendable {
        /// The state at the last restart, or in the first scan.
        var taken: FolderState
        /// A newer state that may not be complete yet.
        var newer: FolderState?
    }

    private var entries: [FunctionName: Entry] = [:]

    /// True if no change needs a second scan.
    var isStable: Bool { entries.values.allSatisfy { $0.newer == nil } }

    /// Applies the newest folder state of every watched function.
    /// - Returns: The functions whose files have changed and have stayed the same since the last scan, so that a file
    ///   that is still being written is not run.
    mutating func update(_ states: [FunctionName: FolderState]) -> [FunctionName] {
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
