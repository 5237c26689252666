import Testing

/// Applies the rules to this repository.
@Suite struct RepositoryTests {
    /// A rule that checks one file at a time.
    struct FileRule: CustomTestStringConvertible {
        let name: String
        let findings: @Sendable (SourceFile) -> [Finding]
        var testDescription: String { name }
    }

    /// A rule that checks the whole repository.
    struct WholeRule: CustomTestStringConvertible {
        let name: String
        let findings: @Sendable (Repository) -> [Finding]
        var testDescription: String { name }
    }

    static let fileRules = [
        FileRule(name: "modules import only what the table of modules allows", findings: ImportRule.findings),
        FileRule(name: "files, functions and lines are short", findings: LengthRule.findings),
        FileRule(name: "no banned call without a proof that it is safe", findings: BannedCallRule.findings),
        FileRule(name: "every public symbol is documented", findings: DocumentationRule.findings),
        FileRule(name: "names carry a meaning", findings: NameRule.findings),
        FileRule(name: "no notes, no machine paths, no registries", findings: WordingRule.findings),
        FileRule(name: "standard terms instead of words of our own", findings: VocabularyRule.findings),
    ]

    static let wholeRules = [
        WholeRule(name: "links, decision pages and tables are correct", findings: DocsRule.findings),
        WholeRule(name: "Package.swift and the test folders match the table", findings: PackageRule.findings),
    ]

    @Test(arguments: fileRules)
    func `every file follows the rule`(_ rule: FileRule) throws {
        for file in try Repository.current.get().files { report(rule.findings(file)) }
    }

    @Test(arguments: wholeRules)
    func `the repository follows the rule`(_ rule: WholeRule) throws {
        report(rule.findings(try Repository.current.get()))
    }

    @Test func `the tests read the repository and not an empty folder`() throws {
        let repository = try Repository.current.get()
        for path in ["Package.swift", "README.md", "Makefile", "Sources/Model/Function/Function.swift", ".ci/run"] {
            #expect(repository.paths.contains(path), "\(path) was not read: the tests search the wrong folder")
        }
        #expect(repository.files(under: "Sources").count > 30)
        #expect(repository.file("Tests/TidyTests/RepositoryTests.swift")?.swift.tokens.isEmpty == false)
    }

    private func report(_ findings: [Finding]) {
        for finding in findings { Issue.record("\(finding)") }
    }
}
