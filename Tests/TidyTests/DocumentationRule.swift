/// Requires a doc comment on every public symbol, including the requirements of a public protocol and the cases of a
/// public enum.
enum DocumentationRule {
    static func findings(_ file: SourceFile) -> [Finding] {
        guard file.isProduct else { return [] }
        return DeclarationWalker(file.swift).declarations.filter { declaration in
            let last = file.swift.comment(above: declaration.firstLine).split(separator: "\n").last ?? ""
            let isDocumented = last.drop { $0 == " " }.hasPrefix("///") || last.hasSuffix("*/")
            return declaration.isPublic && declaration.keyword != "extension" && !isDocumented
        }.map {
            file.finding(
                $0.line,
                "\($0.keyword) \($0.name) is public and undocumented: write a /// line above it (its meaning, "
                    + "units, bounds and errors), or make it internal")
        }
    }
}
