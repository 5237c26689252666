/// Imports go down only: a room imports what its row of the table names.
enum ImportRule {
    /// One `import` of a file.
    struct Import: Equatable {
        let module: String
        let line: Int
    }

    static func findings(_ file: SourceFile) -> [Finding] {
        guard file.isProduct else { return [] }
        let folder = file.components.dropFirst().dropLast().joined(separator: "/")
        if Room.shims.contains(where: { folder == $0 || folder.hasPrefix($0 + "/") }) { return [] }
        guard let room = Room.holding(file.path) else {
            return [
                file.finding(
                    1,
                    "Sources/\(folder) is no room: put the file into one, or add it to Tests/TidyTests/Rooms.swift, "
                        + "docs/architecture.md and a page of docs/decisions")
            ]
        }
        let allowed = room.allowedModules
        return imports(of: file.swift).filter { !allowed.contains($0.module) }.map {
            file.finding(
                $0.line,
                "\(room.folder) (level \(room.level)) may not import \($0.module): it may import "
                    + "\(allowed.sorted().joined(separator: ", ")). Move the code, or take what it needs through init")
        }
    }

    /// `import M`, `public import M`, `@testable import M`, `import struct M.Name`.
    static func imports(of text: SwiftText) -> [Import] {
        let tokens = text.tokens
        return tokens.indices.compactMap { index in
            guard tokens[index].text == "import", index + 1 < tokens.count, tokens[index + 1].kind == .word else {
                return nil
            }
            let isOfOneSymbol = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias", "actor"]
                .contains(tokens[index + 1].text)
            let name = isOfOneSymbol ? index + 2 : index + 1
            return name < tokens.count ? Import(module: tokens[name].text, line: tokens[index].line) : nil
        }
    }
}
