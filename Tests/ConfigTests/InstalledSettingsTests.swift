import F2SModel
import FoundationEssentials
import Glibc
import Testing

@testable import F2SConfig

/// Checks that F2S accepts the settings that the manifests of `deploy/` install.
@Suite struct InstalledSettingsTests {
    @Test(arguments: ["f2s.yaml", "f2s-1.20.yaml"])
    func `F2S accepts the settings that it is installed with`(_ file: String) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "f2s-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var reader = SettingsReader(storesTokens: true)
        reader.clusterFiles = ClusterIssuer.Files(token: folder + "/token", account: folder)
        let token = ClusterIssuerTests.token(#"{"iss":"https://kubernetes.default.svc"}"#)
        try Data(token.utf8).write(to: URL(fileURLWithPath: reader.clusterFiles.token))
        let pod = ["KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"]
        let settings = try reader.read(try Self.settings(of: file), location: file, environment: pod)
        #expect(settings.auth.isProtected && settings.auth.grants(of: ["admins"]).count == Privilege.allCases.count)
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
