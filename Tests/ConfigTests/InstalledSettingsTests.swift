import F2SConfig
import F2SModel
import FoundationEssentials
import Glibc
import Testing

/// The settings that the manifests of `deploy/` install are settings that F2S takes.
@Suite struct InstalledSettingsTests {
    @Test(arguments: ["f2s.yaml", "f2s-1.20.yaml"])
    func `F2S takes the settings that it is installed with`(_ file: String) throws {
        let settings = try SettingsReader().read(try Self.settings(of: file), place: file)
        // A pod of F2S that ends lets every invocation finish that has begun.
        #expect(settings.limits.drainTimeout >= settings.timeouts.request)
    }

    /// The block `config.yaml` of the ConfigMap, without its indentation.
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
        // Sources may be reached over a symbolic link, where the folders above are somebody else's.
        let resolved = try #require(realpath(file, nil))
        defer { free(resolved) }
        return String(cString: resolved).split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/" + $1 }
    }
}
