/// Allows a module only the imports that its row in the table of modules names.
enum ImportRule {
    /// An `import` declaration.
    struct Import: Equatable {
        let module: String
        let line: Int
    }

    static func findings(_ file: SourceFile) -> [Finding] {
        guard file.isProduct else { return [] }
        let folder = file.components.dropFirst().dropLast().joined(separator: "/")
        if Module.shims.contains(where: { folder == $0 || folder.hasPrefix($0 + "/") }) { return [] }
        guard let module = Module.holding(file.path) else {
            return [
                file.finding(
                    1,
                    "Sources/\(folder) is not a module: move the file into one, or add the folder to "
                        + "Tests/TidyTests/Modules.swift, docs/architecture.md and a page of docs/decisions")
            ]
        }
        let allowed = module.allowedModules
        return imports(of: file.swift).filter { !allowed.contains($0.module) }.map {
            file.finding(
                $0.line,
                "\(module.folder) (level \(module.level)) may not import \($0.module): it may import "
                    + "\(allowed.sorted().joined(separator: ", ")). Move the code, or pass the dependency through init")
        }
    }

    /// Returns the imports of a file: `import M`, `public import M`, `@testable import M` and `import struct M.Name`.
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
