/// Checks the documentation: the targets of links exist, decision pages have all their parts, and the tables of modules
/// and settings match the code.
enum DocsRule {
    static let decisionParts = ["Status", "Problem", "Decision", "Alternatives"]

    static func findings(_ repository: Repository) -> [Finding] {
        links(repository) + decisions(repository) + moduleTable(repository) + settings(repository)
    }

    static func links(_ repository: Repository) -> [Finding] {
        repository.files.filter { $0.path.hasSuffix(".md") }.flatMap { file in
            relativeLinks(of: file).compactMap { line, target in
                let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
                let path = parts[0].isEmpty ? file.path : resolve(String(parts[0]), from: file.path)
                guard repository.paths.contains(path) else {
                    return file.finding(
                        line, "the link \(target) points to \(path), which does not exist: correct or remove it")
                }
                guard parts.count == 2, let page = repository.file(path), path.hasSuffix(".md"),
                    !anchors(of: page).contains(String(parts[1]))
                else { return nil }
                return file.finding(line, "\(path) has no heading #\(parts[1]): correct the link \(target)")
            }
        }
    }

    static func decisions(_ repository: Repository) -> [Finding] {
        let pages = repository.files(under: "docs/decisions").filter { $0.path.hasSuffix(".md") }
        var found: [Finding] = []
        for (index, page) in pages.enumerated() {
            let name = page.components.last ?? ""
            let expected = String(String(10_001 + index).dropFirst())
            if !name.hasPrefix(expected + "-") {
                found.append(
                    page.finding(1, "decision pages are numbered without gaps: this one begins with \(expected)-"))
            }
            for part in decisionParts where !page.lines.contains("## \(part)") {
                found.append(page.finding(1, "the decision has no heading \"## \(part)\": add this part"))
            }
        }
        return found
    }

    static func moduleTable(_ repository: Repository) -> [Finding] {
        let path = "docs/architecture.md"
        guard let page = repository.file(path) else {
            return [Finding(path: path, line: 1, message: "the page is missing: it must contain the table of modules")]
        }
        return Module.all.filter { !page.lines.contains(Substring($0.row)) }.map {
            page.finding(
                1, "the table of modules differs from Tests/TidyTests/Modules.swift: it lacks the row \($0.row)")
        }
    }

    /// Checks that the guide explains every settings key.
    static func settings(_ repository: Repository) -> [Finding] {
        let page = repository.file("docs/guide/settings.md")
        return repository.files(under: "Sources/Config").flatMap { file in
            file.lines.enumerated().compactMap { index, line in
                guard let key = line.firstMatch(of: #/^ {8}\w+\("([a-z0-9_.]+)"/#)?.1 else { return nil }
                guard page?.text.contains("`\(key)`") != true else { return nil }
                return file.finding(
                    index + 1, "docs/guide/settings.md has no row for `\(key)`: add its meaning and its default")
            }
        }
    }

    /// Returns the targets of `[text](target)`, `src="target"` and `href="target"` outside code blocks, except URLs
    /// with a scheme and absolute paths.
    static func relativeLinks(of file: SourceFile) -> [(line: Int, target: String)] {
        var isCode = false
        var found: [(line: Int, target: String)] = []
        for (index, line) in file.lines.enumerated() {
            if line.drop(while: { $0 == " " }).hasPrefix("```") { isCode.toggle() }
            if isCode { continue }
            let targets =
                line.matches(of: #/\]\(([^)\s]+)\)/#).map { String($0.1) }
                + line.matches(of: #/(?:src|href)="([^"]+)"/#).map { String($0.1) }
            for target in targets where !target.hasPrefix("/") && !target.contains(#/^[a-z]+:/#) {
                found.append((index + 1, target))
            }
        }
        return found
    }

    /// Returns the anchors that GitHub gives to a page's headings: in lower case, with hyphens for spaces and without
    /// punctuation.
    static func anchors(of page: SourceFile) -> Set<String> {
        Set(
            page.lines.filter { $0.hasPrefix("#") }.map { heading in
                heading.drop { $0 == "#" || $0 == " " }.lowercased()
                    .filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" || $0 == "_" }
                    .replacing(" ", with: "-")
            })
    }

    private static func resolve(_ target: String, from path: String) -> String {
        var parts = path.split(separator: "/").dropLast().map(String.init)
        for part in target.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
        }
        return parts.joined(separator: "/")
    }
}
