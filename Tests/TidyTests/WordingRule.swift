/// Bans notes to oneself, paths that exist only on one machine, and names of registries.
enum WordingRule {
    // Each word is written as two halves, so that the rule does not report this file.
    private static let notes = ["TO" + "DO", "FIX" + "ME", "X" + "XX"]
    private static let machinePaths = ["/ho" + "me/", "/Us" + "ers/", "/ro" + "ot/", "/wo" + "rk/", "/opt" + "/swift"]
    private static let registries = [
        "docker" + ".io", "ghcr" + ".io", "quay" + ".io", "gcr" + ".io", "pkg" + ".dev", "amazon" + "aws.com",
        "azure" + "cr.io", "artifact" + "ory", ".internal" + "/", ".internal" + ":",
    ]

    static func findings(_ file: SourceFile) -> [Finding] {
        // Most files contain none of the words. One search over the whole text is faster than one per line.
        guard (notes + machinePaths + registries).contains(where: file.text.contains) else { return [] }
        var found: [Finding] = []
        for (index, line) in file.lines.enumerated() {
            if let note = notes.first(where: { stands($0, in: line) }) {
                found.append(file.finding(index + 1, "\(note): do it now, or open an issue and delete the note"))
            }
            if let path = machinePaths.first(where: { line.contains($0) && !isInsideAPath($0, in: line) }) {
                found.append(
                    file.finding(
                        index + 1, "\(path) exists on one machine: take the path from an argument or from #filePath"))
            }
            if let host = registries.first(where: line.contains) {
                found.append(
                    file.finding(index + 1, "\(host) is a fixed registry: let the user name the registry in a setting"))
            }
        }
        return found
    }

    /// Returns true if the line contains `word` as a separate word. For example, the pattern of `mkdtemp` ends in six
    /// such letters and is not a note.
    private static func stands(_ word: String, in line: Substring) -> Bool {
        line.ranges(of: word).contains { range in
            let before = line[..<range.lowerBound].last
            let after = line[range.upperBound...].first
            return !isWord(before) && !isWord(after)
        }
    }

    /// Returns true if every occurrence is a part of a longer path. For example, `docs/wo…rk/` and `a/ro…ot/` are
    /// relative and therefore valid on every machine.
    private static func isInsideAPath(_ path: String, in line: Substring) -> Bool {
        line.ranges(of: path).allSatisfy { range in
            let before = line[..<range.lowerBound].last
            return isWord(before) || before == "." || before == "~" || before == "}" || before == "-"
        }
    }

    private static func isWord(_ character: Character?) -> Bool {
        character.map { $0.isLetter || $0.isNumber || $0 == "_" } == true
    }
}
