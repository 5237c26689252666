import ArgumentParser
import F2SClient
import F2SModel

/// `f2s version`: of this program and of the server.
struct VersionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Show the version of this program and of the server.")

    @Flag(help: "Only of this program; no server is asked.")
    var client = false

    @Option(name: [.short, .long], help: "table or json.")
    var output = PlainForm.table

    @OptionGroup var server: ServerOptions

    func run() async throws {
        if output == .table { try Terminal.write("client \(F2SVersion.current)\n") }
        guard !client else {
            if output == .json { try Terminal.write("{\"client\":\(F2SVersion.current.jsonText)}\n") }
            return
        }
        let address = try server.address
        let cluster = try await server.withClient { try await $0.cluster() }
        switch output {
        case .table:
            try Terminal.write("server \(cluster.version) on \(cluster.platform) at \(address)\n")
        case .json:
            let versions = "\"client\":\(F2SVersion.current.jsonText),\"server\":\(cluster.version.jsonText)"
            try Terminal.write("{\(versions),\"platform\":\(cluster.platform.jsonText)}\n")
        }
    }
}
