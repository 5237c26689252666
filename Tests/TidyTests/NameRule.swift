/// Bans words in type names that carry no meaning, and requires a sentence as the name of each test.
enum NameRule {
    static let empty = ["Manager", "Helper", "Helpers", "Util", "Utils", "Base", "Common", "Impl"]

    static func findings(_ file: SourceFile) -> [Finding] {
        guard file.isSwift else { return [] }
        let types = ["class", "struct", "enum", "actor", "protocol", "typealias"]
        var found: [Finding] = []
        for declaration in DeclarationWalker(file.swift).declarations where types.contains(declaration.keyword) {
            guard let word = emptyWord(in: declaration.name) else { continue }
            found.append(
                file.finding(
                    declaration.line, "\(declaration.name) has the empty word \(word): name the type after its task"
                ))
        }
        for declaration in tests(in: file) where !declaration.name.hasPrefix("`") {
            found.append(
                file.finding(
                    declaration.line,
                    "the name of the test \(declaration.name) is not a sentence: write in backticks what must hold"))
        }
        return found
    }

    /// Returns the first empty word in a CamelCase name.
    private static func emptyWord(in name: String) -> String? {
        empty.first { word in
            name.ranges(of: word).contains { range in
                // `Database` and `Baseline` are other words.
                range.upperBound == name.endIndex || !name[range.upperBound].isLowercase
            }
        }
    }

    private static func tests(in file: SourceFile) -> [Declaration] {
        let attributes = Set(file.swift.tokens.filter { $0.text == "@Test" }.map(\.line))
        return DeclarationWalker(file.swift).declarations.filter {
            $0.keyword == "func" && !attributes.isDisjoint(with: $0.firstLine...$0.line)
        }
    }
}
