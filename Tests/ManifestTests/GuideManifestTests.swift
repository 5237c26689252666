import F2SManifest
import F2SModel
import FoundationEssentials
import Glibc
import Testing

/// Checks the manifests of the guide, because its readers copy them.
@Suite struct GuideManifestTests {
    @Test func `every manifest of the page about frameworks is valid and names a command or an image`() throws {
        var names: Set<String> = []
        for block in try Self.manifests(of: "docs/guide/frameworks.md") {
            let contents = reading(block)
            #expect(contents.rejections.isEmpty, "\(contents.rejections) in\n\(block)")
            #expect(contents.documents.count == 1, "\(block)")
            for draft in contents.documents.map(\.draft) {
                names.insert(draft.name.text)
                #expect(draft.fieldErrors().isEmpty, "\(draft.name): \(draft.fieldErrors())")
                let (command, image) = (draft.target.command ?? [], draft.target.image ?? "")
                #expect(!command.isEmpty || !image.isEmpty, "\(draft.name) names neither a command nor an image")
                let advice = CommandAdvice.advice(on: command, variables: draft.target.environment.keys)
                #expect(advice == nil, "\(draft.name)")
            }
        }
        let expected: Set = [
            "flask", "fastapi", "django", "express", "streamlit", "jupyter", "php", "puma", "go", "watchdog",
        ]
        #expect(names.isSuperset(of: expected), "the page lacks \(expected.subtracting(names))")
    }

    /// Returns the blocks of YAML in a page of Markdown.
    private static func manifests(of page: String) throws -> [String] {
        let path = try root() + "/" + page
        let text = String(decoding: try #require(FileManager.default.contents(atPath: path)), as: UTF8.self)
        var blocks: [String] = []
        var block: [Substring]?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line == "```yaml" {
                block = []
            } else if line.hasPrefix("```") {
                if let lines = block { blocks.append(lines.joined(separator: "\n")) }
                block = nil
            } else {
                block?.append(line)
            }
        }
        return blocks
    }

    private static func root(of file: String = #filePath) throws -> String {
        // The sources may be reached through a symbolic link, whose parent folders are not those of the repository.
        let resolved = try #require(realpath(file, nil))
        defer { free(resolved) }
        return String(cString: resolved).split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/" + $1 }
    }
}
