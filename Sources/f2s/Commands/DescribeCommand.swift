import ArgumentParser
import F2SClient
import F2SModel
import F2SSystem

/// `f2s describe`: shows everything about one function.
struct DescribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "Show everything about one function: declaration, replicas, conditions and events.")

    @OptionGroup var function: FunctionArgument

    @OptionGroup var output: OutputOptions

    @OptionGroup var server: ServerOptions

    func run() async throws {
        try await server.withClient { client in
            guard output.form == .table else {
                return try output.write(document: try await client.descriptionDocument(function.name))
            }
            try Terminal.show(
                try await client.describe(function.name).text(
                    now: SystemClock.secondsSince1970(), layout: Terminal.layout))
        }
    }
}
