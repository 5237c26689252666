import ArgumentParser
import F2SClient
import F2SModel

/// `f2s version`: shows the versions of this program and of the server.
struct VersionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Show the version of this program and of the server.")

    @Flag(help: "Show only the version of this program, without a request to the server.")
    var client = false

    @OptionGroup var output: OutputOptions

    @OptionGroup var server: ServerOptions

    /// The document that the command prints as JSON or YAML.
    private struct Versions: Encodable {
        var client: String
        var server: String?
        var platform: String?
        var address: String?
    }

    func run() async throws {
        var versions = Versions(client: F2SVersion.current)
        if output.form == .table { try Terminal.write("client \(versions.client)\n") }
        if !client {
            let address = try server.address
            let cluster = try await server.withClient { try await $0.cluster() }
            versions.server = cluster.version
            versions.platform = cluster.platform
            versions.address = address.text
            if output.form == .table {
                try Terminal.write("server \(cluster.version) on \(cluster.platform) at \(address)\n")
            }
        }
        if output.form != .table { try output.write(document: OutputOptions.encode(versions)) }
    }
}
