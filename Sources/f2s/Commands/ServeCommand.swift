import ArgumentParser
import F2SModel
import Glibc
import Logging

/// `f2s serve`: the platform itself.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the functions that a folder declares.",
        discussion: """
            Every manifest (*.yaml, *.yml, *.json) under the folder is served, and watched. Functions are invoked at \
            /invoke/<endpoint> and managed at /functions.
            """)

    @Option(help: "Folder of manifests.")
    var folder = "functions"

    @Option(help: "Where to listen, IP:PORT; port 0 picks a free one.")
    var listen = "127.0.0.1:8080"

    @Option(help: "Where to serve /metrics and /ready, IP:PORT.")
    var operations = "127.0.0.1:8081"

    @Option(help: "Settings; may be absent. Read again when it changes.")
    var config = "config.yaml"

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        FileLimit.raise()
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        try await Application(options()).run()
    }

    private func options() throws -> ServeOptions {
        ServeOptions(
            folder: folder, listen: try endpoint("--listen", listen),
            operations: try endpoint("--operations", operations),
            config: config, environment: ServeOptions.currentEnvironment(), executable: ServeOptions.currentExecutable()
        )
    }

    private func endpoint(_ option: String, _ text: String) throws -> ServeOptions.Endpoint {
        guard let endpoint = ServeOptions.Endpoint(text) else {
            throw ServeError.badAddress(option: option, text: text)
        }
        return endpoint
    }
}
