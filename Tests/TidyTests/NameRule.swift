/// A name says what a thing is. These words say only that it exists.
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
                    declaration.line, "\(declaration.name) is named after nothing (\(word)): name it after what it does"
                ))
        }
        for declaration in tests(in: file) where !declaration.name.hasPrefix("`") {
            found.append(
                file.finding(
                    declaration.line,
                    "the test \(declaration.name) is not a sentence: name it in backticks after what must hold"))
        }
        return found
    }

    /// The first word of a CamelCase name that says nothing.
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
