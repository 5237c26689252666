/// The words that only F2S used, and the standard terms that replaced them. A reader who knows Swift and Kubernetes
/// must not need a private dictionary.
enum VocabularyRule {
    /// The parts of names that a declaration must not have, each with the standard term.
    static let names = [
        "Desk": "Coordinator, Service or Provider", "Book": "Index, Tracker or Supervisor", "Ledger": "State",
        "Seat": "SlotOwnership", "Cell": "Handle", "Facts": "Traits or Inputs", "News": "Change or Delta",
        "Trouble": "StartFailure", "Refusal": "Rejection", "Complaint": "FieldError", "Wish": "Desired",
        "Patience": "Timeout", "Alarm": "Sleep", "Room": "Module",
    ]

    /// The words of comments and documents that a reader would have to ask about, each with the standard term. A word
    /// is in small letters here, and is found in any letter case.
    static let words = [
        "desk": "coordinator", "ledger": "state", "seat": "slot ownership", "seats": "slot ownership",
        "trouble": "failure", "troubles": "failures", "complaint": "error", "complaints": "errors",
        "wish": "desired state", "wishes": "desired state", "patience": "timeout",
        "stranger": "unknown peer or program", "strangers": "unknown peers or programs", "somebody": "the actor",
        "nobody": "the actor", "anybody": "the actor", "whoever": "the actor", "in hand": "in flight",
        "withdrawn": "cordoned",
    ]

    /// The openings of comments that hide the subject of the sentence.
    static let openings = ["What", "Whether", "Who", "Whoever", "Whose", "Which"]

    /// Names that contain a word of ``names`` and mean something else.
    private static let exceptions: Set<String> = [
        // The metrics' and terminals' own term for a square of a table.
        "Cell",
        // Kubernetes' term for an event of a watch.
        "allowWatchBookmarks",
    ]

    static func findings(_ file: SourceFile) -> [Finding] {
        // This file contains the words; the license is not ours to change.
        guard !file.path.hasSuffix("VocabularyRule.swift"), file.path != "LICENSE" else { return [] }
        return file.isSwift ? declarations(file) + prose(file) : file.path.hasSuffix(".md") ? prose(file) : []
    }

    private static func declarations(_ file: SourceFile) -> [Finding] {
        DeclarationWalker(file.swift).declarations.compactMap { declaration in
            let name = declaration.name
            guard !name.hasPrefix("`"), !exceptions.contains(name) else { return nil }
            let found = names.keys.sorted().first { part in
                name.ranges(of: part).contains { range in
                    range.upperBound == name.endIndex || !name[range.upperBound].isLowercase
                }
            }
            guard let found, let term = names[found] else { return nil }
            return file.finding(declaration.line, "\(name) contains \(found), a word of our own: use \(term)")
        }
    }

    private static func prose(_ file: SourceFile) -> [Finding] {
        file.lines.enumerated().compactMap { index, line in
            var text = line.drop { $0 == " " }
            if file.isSwift {
                guard text.hasPrefix("//") else { return nil }
                text = text.drop { $0 == "/" }.drop { $0 == " " }
                if let opening = openings.first(where: { text.hasPrefix($0 + " ") }), isOpening(index, file) {
                    return file.finding(index + 1, "the comment opens with \(opening): begin with its subject")
                }
            }
            let spaced = " " + String(text.lowercased().map { $0.isLetter ? $0 : " " }) + " "
            guard let found = words.keys.sorted().first(where: { spaced.contains(" \($0) ") }), let term = words[found]
            else { return nil }
            return file.finding(index + 1, "\"\(found)\" is a word of our own: write of \(term)")
        }
    }

    /// True if no comment stands on the line above.
    private static func isOpening(_ index: Int, _ file: SourceFile) -> Bool {
        index == 0 || !file.lines[index - 1].drop { $0 == " " }.hasPrefix("//")
    }
}
