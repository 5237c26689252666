import Testing

/// The rules about the whole repository, on made-up ones.
@Suite struct RepositoryRuleTests {
    @Test(arguments: [
        "[a](b.md)", "[a](../LICENSE)", "[a](other.md#nowhere)", "[a](#nowhere)", "<img src=\"b.svg\">",
        "![a](pictures/b.svg)",
    ])
    func `a link that leads nowhere is caught`(link: String) {
        let repository = Repository(["docs/page.md": "# Page\n\(link)\n", "docs/other.md": "# Here\n"])
        #expect(DocsRule.links(repository).map(\.line) == [2])
    }

    @Test(arguments: [
        "[a](other.md)", "[a](other.md#one-heading)", "[a](../LICENSE)", "[a](../docs)", "[a](#page)",
        "[a](https://example.com)", "[a](mailto:a@example.com)", "```\n[a](b.md)\n```", "<img src=\"other.md\">",
    ])
    func `a link that leads somewhere passes`(link: String) {
        let repository = Repository([
            "docs/page.md": "# Page\n\(link)\n", "docs/other.md": "## One heading\n", "LICENSE": "MIT",
        ])
        #expect(DocsRule.links(repository).map(\.description) == [])
    }

    @Test(arguments: DocsRule.decisionParts)
    func `a decision without one of its parts is caught`(missing: String) {
        let parts = DocsRule.decisionParts.filter { $0 != missing }.map { "## \($0)\n\ntext\n" }
        let findings = DocsRule.decisions(Repository(["docs/decisions/0001-a.md": parts.joined()]))
        #expect(findings.count == 1)
        #expect(findings.first?.message.contains(missing) == true)
    }

    @Test func `a gap between the numbers of decisions is caught`() {
        let page = DocsRule.decisionParts.map { "## \($0)\n" }.joined()
        let findings = DocsRule.decisions(
            Repository(["docs/decisions/0001-a.md": page, "docs/decisions/0003-c.md": page]))
        #expect(findings.map(\.path) == ["docs/decisions/0003-c.md"])
    }

    @Test func `a table of rooms that differs from the code is caught, row by row`() {
        let rows = Room.all.map(\.row)
        let page = { (rows: [String]) in Repository(["docs/architecture.md": rows.joined(separator: "\n")]) }
        #expect(DocsRule.roomTable(page(rows)).isEmpty)
        #expect(DocsRule.roomTable(page(Array(rows.dropLast()))).count == 1)
        #expect(DocsRule.roomTable(Repository([:])).count == 1)
    }

    @Test func `a setting that the guide does not explain is caught`() {
        let table =
            "    let all = [\n        flag(\"debug\", \\.debug),\n        number(\"f2s.loops\", \\.loops),\n    ]\n"
        let texts = ["Sources/Config/SettingsKey.swift": table, "docs/guide/settings.md": "| `debug` | `false` |\n"]
        #expect(DocsRule.settings(Repository(texts)).map(\.line) == [3])
    }

    private static let manifest = """
        let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
        let package = Package(targets: [
            room("F2SModel", "Model", []),
            room(
                "F2SDispatcher", "Dispatcher",
                [
                    "F2SModel", nio,
                ]),
            .executableTarget(
                name: "f2s",
                dependencies: ["F2SModel", "F2SDispatcher"],
                path: "Sources/f2s"),
        ])
        """

    @Test func `the manifest is read with its products, lists over several lines and the executable`() {
        let file = SourceFile(path: "Package.swift", text: Self.manifest)
        #expect(
            PackageRule.targets(of: file) == [
                PackageRule.Target(name: "F2SModel", path: "Sources/Model", dependencies: [], line: 3),
                PackageRule.Target(
                    name: "F2SDispatcher", path: "Sources/Dispatcher", dependencies: ["F2SModel", "NIOCore"], line: 4),
                PackageRule.Target(
                    name: "f2s", path: "Sources/f2s", dependencies: ["F2SModel", "F2SDispatcher"], line: 9),
            ])
        #expect(PackageRule.manifest(Repository(["Package.swift": Self.manifest])).isEmpty)
    }

    @Test(arguments: [
        ("room(\"F2SModel\", \"Model\", [])", "room(\"F2SModel\", \"Model\", [nio])"),
        ("room(\"F2SModel\", \"Model\", [])", "room(\"Model\", \"Model\", [])"),
        ("\"Dispatcher\"", "\"Plumbing\""),
        ("\"F2SModel\", nio", "\"F2SOperator\", nio"),
        ("[\"F2SModel\", \"F2SDispatcher\"]", "[\"F2SModel\", \"NIOCore\"]"),
    ])
    func `a manifest that departs from the table is caught`(right: String, wrong: String) {
        let text = Self.manifest.replacing(right, with: wrong)
        #expect(text != Self.manifest)
        #expect(PackageRule.manifest(Repository(["Package.swift": text])).count == 1)
    }

    @Test func `a room that the manifest has forgotten is caught`() {
        let repository = Repository(["Package.swift": Self.manifest, "Sources/Wrap/A.swift": ""])
        #expect(PackageRule.manifest(repository).count == 1)
    }

    @Test func `a folder of tests that mirrors no room is caught`() {
        #expect(PackageRule.testFolders(Repository(["Tests/PlumbingTests/A.swift": ""])).count == 1)
        #expect(
            PackageRule.testFolders(
                Repository([
                    "Tests/LocalTests/A.swift": "", "Tests/EndToEndTests/A.swift": "", "Tests/TestSupport/A.swift": "",
                ])
            ).isEmpty)
    }
}
