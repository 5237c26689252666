import ArgumentParser
import F2SClient
import F2SModel

/// `f2s why`: why a function is as it is.
struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Say why a function has as many replicas as it has, and what is in its way.")

    @Argument(help: "Name of the function.")
    var name: FunctionName

    @Option(name: [.short, .long], help: "table or json.")
    var output = PlainForm.table

    @OptionGroup var server: ServerOptions

    func run() async throws {
        try await server.withClient { client in
            switch output {
            case .table: try Terminal.write(DiagnosisText(try await client.why(name)).text)
            case .json: try Terminal.write(try await client.whyDocument(name).endingLine)
            }
        }
    }
}
