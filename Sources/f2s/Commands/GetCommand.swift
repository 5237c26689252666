import ArgumentParser
import F2SClient
import F2SModel

/// `f2s get`: one function.
struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "get", abstract: "Show one function.")

    @Argument(help: "Name of the function.")
    var name: FunctionName

    @Option(name: [.short, .long], help: "table, json or yaml.")
    var output = OutputForm.table

    @OptionGroup var server: ServerOptions

    func run() async throws {
        try await server.withClient { client in
            if let form = output.document {
                try Terminal.write(try await client.document(name, as: form).endingLine)
            } else {
                try Terminal.write(FunctionTable([try await client.get(name)], now: secondsSince1970()).text)
            }
        }
    }
}
