import Testing

/// Tests the rules for the whole repository with made-up repositories.
@Suite struct RepositoryRuleTests {
    @Test(arguments: [
        "[a](b.md)", "[a](../LICENSE)", "[a](other.md#nowhere)", "[a](#nowhere)", "<img src=\"b.svg\">",
        "![a](pictures/b.svg)",
    ])
    func `a broken link is reported`(link: String) {
        let repository = Repository(["docs/page.md": "# Page\n\(link)\n", "docs/other.md": "# Here\n"])
        #expect(DocsRule.links(repository).map(\.line) == [2])
    }

    @Test(arguments: [
        "[a](other.md)", "[a](other.md#one-heading)", "[a](../LICENSE)", "[a](../docs)", "[a](#page)",
        "[a](https://example.com)", "[a](mailto:a@example.com)", "```\n[a](b.md)\n```", "<img src=\"other.md\">",
    ])
    func `a link with an existing target passes`(link: String) {
        let repository = Repository([
            "docs/page.md": "# Page\n\(link)\n", "docs/other.md": "## One heading\n", "LICENSE": "MIT",
        ])
        #expect(DocsRule.links(repository).map(\.description) == [])
    }

    @Test(arguments: DocsRule.decisionParts)
    func `a decision page that lacks a part is reported`(missing: String) {
        let parts = DocsRule.decisionParts.filter { $0 != missing }.map { "## \($0)\n\ntext\n" }
        let findings = DocsRule.decisions(Repository(["docs/decisions/0001-a.md": parts.joined()]))
        #expect(findings.count == 1)
        #expect(findings.first?.message.contains(missing) == true)
    }

    @Test func `a gap in the numbers of decision pages is reported`() {
        let page = DocsRule.decisionParts.map { "## \($0)\n" }.joined()
        let findings = DocsRule.decisions(
            Repository(["docs/decisions/0001-a.md": page, "docs/decisions/0003-c.md": page]))
        #expect(findings.map(\.path) == ["docs/decisions/0003-c.md"])
    }

    @Test func `every missing row of the table of modules is reported`() {
        let rows = Module.all.map(\.row)
        let page = { (rows: [String]) in Repository(["docs/architecture.md": rows.joined(separator: "\n")]) }
        #expect(DocsRule.moduleTable(page(rows)).isEmpty)
        #expect(DocsRule.moduleTable(page(Array(rows.dropLast()))).count == 1)
        #expect(DocsRule.moduleTable(Repository([:])).count == 1)
    }

    @Test func `a setting that the guide does not explain is reported`() {
        let table =
            "    let all = [\n        flag(\"debug\", \\.debug),\n        number(\"f2s.loops\", \\.loops),\n    ]\n"
        let texts = ["Sources/Config/SettingsKey.swift": table, "docs/guide/settings.md": "| `debug` | `false` |\n"]
        #expect(DocsRule.settings(Repository(texts)).map(\.line) == [3])
    }

    private static let manifest = """
        let http = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
        let package = Package(targets: [
            module("F2SModel", "Model", []),
            module(
                "F2SClient", "Client",
                [
                    "F2SModel", http,
                ]),
            .executableTarget(
                name: "f2s",
                dependencies: ["F2SModel", "F2SClient"],
                path: "Sources/f2s"),
        ])
        """

    @Test func `reading the manifest finds products, lists over several lines and the executable`() {
        let file = SourceFile(path: "Package.swift", text: Self.manifest)
        #expect(
            PackageRule.targets(of: file) == [
                PackageRule.Target(name: "F2SModel", path: "Sources/Model", dependencies: [], line: 3),
                PackageRule.Target(
                    name: "F2SClient", path: "Sources/Client", dependencies: ["F2SModel", "AsyncHTTPClient"], line: 4),
                PackageRule.Target(
                    name: "f2s", path: "Sources/f2s", dependencies: ["F2SModel", "F2SClient"], line: 9),
            ])
        #expect(PackageRule.manifest(Repository(["Package.swift": Self.manifest])).isEmpty)
    }

    @Test(arguments: [
        ("module(\"F2SModel\", \"Model\", [])", "module(\"F2SModel\", \"Model\", [http])"),
        ("module(\"F2SModel\", \"Model\", [])", "module(\"Model\", \"Model\", [])"),
        ("\"Client\"", "\"Plumbing\""),
        ("\"F2SModel\", http", "\"F2SOperator\", http"),
        ("[\"F2SModel\", \"F2SClient\"]", "[\"F2SModel\", \"AsyncHTTPClient\"]"),
    ])
    func `a manifest that differs from the table is reported`(right: String, wrong: String) {
        let text = Self.manifest.replacing(right, with: wrong)
        #expect(text != Self.manifest)
        #expect(PackageRule.manifest(Repository(["Package.swift": text])).count == 1)
    }

    @Test func `a module without a target in the manifest is reported`() {
        let repository = Repository(["Package.swift": Self.manifest, "Sources/Wrap/A.swift": ""])
        #expect(PackageRule.manifest(repository).count == 1)
    }

    @Test func `a test folder without a module is reported`() {
        #expect(PackageRule.testFolders(Repository(["Tests/PlumbingTests/A.swift": ""])).count == 1)
        #expect(
            PackageRule.testFolders(
                Repository([
                    "Tests/LocalTests/A.swift": "", "Tests/EndToEndTests/A.swift": "", "Tests/TestSupport/A.swift": "",
                ])
            ).isEmpty)
    }
}
