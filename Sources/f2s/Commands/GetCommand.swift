import ArgumentParser
import F2SClient
import F2SModel
import F2SSystem

/// `f2s get`: shows one function.
struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "get", abstract: "Show one function.")

    @OptionGroup var function: FunctionArgument

    @OptionGroup var output: OutputOptions

    @OptionGroup var server: ServerOptions

    func run() async throws {
        try await server.withClient { client in
            switch output.form {
            case .table:
                let function = try await client.get(function.name)
                try Terminal.show(
                    FunctionTable([function], now: SystemClock.secondsSince1970(), layout: Terminal.layout).text)
            case .json, .yaml: try output.write(document: try await client.document(function.name))
            }
        }
    }
}
