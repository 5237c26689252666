import ArgumentParser
import F2SClient
import F2SModel

/// `f2s describe`: everything about one function.
struct DescribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "Show everything about one function: what is declared, what runs, what has happened.")

    @Argument(help: "Name of the function.")
    var name: FunctionName

    @OptionGroup var server: ServerOptions

    func run() async throws {
        try await server.withClient { client in
            try Terminal.write(try await client.describe(name).text(now: secondsSince1970()))
        }
    }
}
