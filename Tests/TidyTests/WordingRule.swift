/// What belongs into no file: notes to oneself, and places that exist on one machine only.
enum WordingRule {
    // Put together from halves, so that this file does not find itself.
    private static let notes = ["TO" + "DO", "FIX" + "ME", "X" + "XX"]
    private static let machinePaths = ["/ho" + "me/", "/Us" + "ers/", "/ro" + "ot/", "/wo" + "rk/", "/opt" + "/swift"]
    private static let registries = [
        "docker" + ".io", "ghcr" + ".io", "quay" + ".io", "gcr" + ".io", "pkg" + ".dev", "amazon" + "aws.com",
        "azure" + "cr.io", "artifact" + "ory", ".internal" + "/", ".internal" + ":",
    ]

    static func findings(_ file: SourceFile) -> [Finding] {
        // Nearly every file holds none of them, which is quick to see for all of it at once.
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
                    file.finding(index + 1, "\(host) is somebody's registry: let the user name it in a setting"))
            }
        }
        return found
    }

    /// As a word of its own: the pattern of `mkdtemp` ends in six such letters and is no note.
    private static func stands(_ word: String, in line: Substring) -> Bool {
        line.ranges(of: word).contains { range in
            let before = line[..<range.lowerBound].last
            let after = line[range.upperBound...].first
            return !isWord(before) && !isWord(after)
        }
    }

    /// `docs/wo…rk/` and `a/ro…ot/` are relative and travel along.
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
