/// Every public symbol says what it is: requirements of a public protocol and cases of a public enum are public too.
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
                "\($0.keyword) \($0.name) is public and undocumented: write a /// line above it (what it is; units, "
                    + "bounds, errors), or make it internal")
        }
    }
}
