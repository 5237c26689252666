import ArgumentParser
import F2SClient
import F2SModel

/// `f2s restart`: replaces the replicas of functions.
struct RestartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart", abstract: "Replace the replicas of functions with new ones, without losing a request.",
        discussion: """
            New replicas take over before the old ones end, as after an edit. A function that could not be started is \
            started again at once.
            """)

    @Argument(help: "Names of the functions.", completion: FunctionArgument.completion)
    var names: [FunctionName]

    @OptionGroup var server: ServerOptions

    func run() async throws {
        try await server.forEach(names) { name, client in
            try await client.restart(name)
            return "function \(name) restarted"
        }
    }
}
