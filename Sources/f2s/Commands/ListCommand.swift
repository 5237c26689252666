import ArgumentParser
import F2SClient

/// `f2s list`: every function.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show every function.",
        discussion: "REPLICAS is ready/desired. Manifests that were refused are named on standard error.")

    @OptionGroup var output: OutputOptions

    @OptionGroup var server: ServerOptions

    func run() async throws {
        try await server.withClient { client in
            guard output.form == .table else { return try output.write(document: try await client.document(nil)) }
            let functions = try await client.list()
            if functions.isEmpty {
                Terminal.remark("There are no functions yet: declare one with `f2s apply -f FILE`.")
            } else {
                try Terminal.show(FunctionTable(functions, now: secondsSince1970(), layout: Terminal.layout).text)
            }
            // Only a remark: who may list functions need not be allowed to see the installation.
            for refusal in (try? await client.cluster().refusals) ?? [] {
                Terminal.remark("refused: \(refusal)")
            }
        }
    }
}
