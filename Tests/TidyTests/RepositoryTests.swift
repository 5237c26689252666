import Testing

/// The rules, held against the repository as it is.
@Suite struct RepositoryTests {
    /// A rule that looks at one file.
    struct FileRule: CustomTestStringConvertible {
        let name: String
        let findings: @Sendable (SourceFile) -> [Finding]
        var testDescription: String { name }
    }

    /// A rule that looks at all of them.
    struct WholeRule: CustomTestStringConvertible {
        let name: String
        let findings: @Sendable (Repository) -> [Finding]
        var testDescription: String { name }
    }

    static let fileRules = [
        FileRule(name: "imports go down only", findings: ImportRule.findings),
        FileRule(name: "files, functions and lines are short", findings: LengthRule.findings),
        FileRule(name: "no banned call without its proof", findings: BannedCallRule.findings),
        FileRule(name: "every public symbol is documented", findings: DocumentationRule.findings),
        FileRule(name: "names say what things are", findings: NameRule.findings),
        FileRule(name: "no notes to oneself, no machine paths, no registries", findings: WordingRule.findings),
    ]

    static let wholeRules = [
        WholeRule(name: "links, decisions and the table of rooms are true", findings: DocsRule.findings),
        WholeRule(name: "Package.swift and the test folders follow the table", findings: PackageRule.findings),
    ]

    @Test(arguments: fileRules)
    func `every file keeps the rule`(_ rule: FileRule) throws {
        for file in try Repository.current.get().files { report(rule.findings(file)) }
    }

    @Test(arguments: wholeRules)
    func `the repository keeps the rule`(_ rule: WholeRule) throws {
        report(rule.findings(try Repository.current.get()))
    }

    @Test func `the walk finds the repository and not an empty folder`() throws {
        let repository = try Repository.current.get()
        for path in ["Package.swift", "README.md", "Makefile", "Sources/Model/Function/Function.swift", ".ci/run"] {
            #expect(repository.paths.contains(path), "\(path) was not read: the walk looks in the wrong place")
        }
        #expect(repository.files(under: "Sources").count > 30)
        #expect(repository.file("Tests/TidyTests/RepositoryTests.swift")?.swift.tokens.isEmpty == false)
    }

    private func report(_ findings: [Finding]) {
        for finding in findings { Issue.record("\(finding)") }
    }
}
