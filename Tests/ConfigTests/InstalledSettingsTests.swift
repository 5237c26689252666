import F2SConfig
import F2SModel
import FoundationEssentials
import Glibc
import Testing

/// Checks that F2S accepts the settings that the manifests of `deploy/` install.
@Suite struct InstalledSettingsTests {
    @Test(arguments: ["f2s.yaml", "f2s-1.20.yaml"])
    func `F2S accepts the settings that it is installed with`(_ file: String) throws {
        let settings = try SettingsReader().read(try Self.settings(of: file), location: file)
        // A pod of F2S that shuts down must let every invocation in flight finish.
        #expect(settings.limits.drainTimeout >= settings.timeouts.request)
    }

    /// Returns the block `config.yaml` of the ConfigMap, without its indentation.
    private static func settings(of file: String) throws -> [UInt8] {
        let path = try root() + "/deploy/manifests/\(file)"
        let text = String(decoding: try #require(FileManager.default.contents(atPath: path)), as: UTF8.self)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let begin = try #require(lines.firstIndex(of: "  config.yaml: |"))
        let block = lines[(begin + 1)...].prefix { $0.hasPrefix("    ") || $0.isEmpty }
        try #require(block.count > 1)
        return Array(block.map { $0.dropFirst(4) }.joined(separator: "\n").utf8)
    }

    private static func root(of file: String = #filePath) throws -> String {
        // The sources may be reached through a symbolic link, whose parent folders are not those of the repository.
        let resolved = try #require(realpath(file, nil))
        defer { free(resolved) }
        return String(cString: resolved).split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/" + $1 }
    }
}
