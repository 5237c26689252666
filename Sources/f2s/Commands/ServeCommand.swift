import ArgumentParser
import F2SModel
import Glibc
import Logging

/// `f2s serve`: the platform itself.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", _superCommandName: "f2s", abstract: "Serve the functions that a folder declares.",
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

    @Option(
        help: ArgumentHelp(
            "Settings. Read again when they change. (default: \(ServeOptions.configDefault), if there is one)",
            valueName: "config"))
    var config: String?

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
            config: try config.map(settingsPath) ?? ServeOptions.configDefault,
            environment: ServeOptions.currentEnvironment(), executable: ServeOptions.currentExecutable())
    }

    /// Who names a file means it: without it, F2S would serve with settings that nobody has chosen.
    private func settingsPath(_ path: String) throws -> String {
        guard access(path, F_OK) == 0 else {
            throw ServeError.noSettings(path: path, reason: String(cString: strerror(errno)))
        }
        return path
    }

    private func endpoint(_ option: String, _ text: String) throws -> ServeOptions.Endpoint {
        guard let endpoint = ServeOptions.Endpoint(text) else {
            throw ServeError.badAddress(option: option, text: text)
        }
        return endpoint
    }
}
