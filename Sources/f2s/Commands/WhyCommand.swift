import ArgumentParser
import F2SClient
import F2SModel
import F2SSystem

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
            case .table:
                let diagnosis = try await client.why(name)
                try Terminal.show(
                    DiagnosisText(diagnosis, now: SystemClock.secondsSince1970(), layout: Terminal.layout).text)
            case .json, .yaml: try output.write(document: try await client.whyDocument(name))
            }
        }
    }
}
