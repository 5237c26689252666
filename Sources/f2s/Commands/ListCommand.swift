import ArgumentParser
import F2SClient

/// `f2s list`: every function.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show every function.",
        discussion: "REPLICAS is ready/desired. Manifests that were refused are named on standard error.")

    @Option(name: [.short, .long], help: "table, json or yaml.")
    var output = OutputForm.table

    @OptionGroup var server: ServerOptions

    func run() async throws {
        try await server.withClient { client in
            if let form = output.document {
                return try Terminal.write(try await client.document(nil, as: form).endingLine)
            }
            let functions = try await client.list()
            if functions.isEmpty {
                Terminal.remark("There are no functions yet: declare one with `f2s apply -f FILE`.")
            } else {
                try Terminal.write(FunctionTable(functions, now: secondsSince1970()).text)
            }
            // Only a remark: who may list functions need not be allowed to see the installation.
            for refusal in (try? await client.cluster().refusals) ?? [] {
                Terminal.remark("refused: \(refusal)")
            }
        }
    }
}
