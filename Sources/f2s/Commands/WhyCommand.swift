import ArgumentParser
import F2SClient
import F2SModel

/// `f2s why`: shows the diagnosis of a function.
struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Explain the number of replicas of a function, and its failures.")

    @OptionGroup var function: FunctionArgument

    @OptionGroup var output: OutputOptions

    @OptionGroup var server: ServerOptions

    func run() async throws {
        let name = function.name
        try await server.withClient { client in
            switch output.form {
            case .table: try Terminal.show(DiagnosisText(try await client.why(name), layout: Terminal.layout).text)
            case .json, .yaml: try output.write(document: try await client.whyDocument(name))
            }
        }
    }
}
