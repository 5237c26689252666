import ArgumentParser
import F2SClient
import F2SSystem

/// `f2s list`: shows every function.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show every function.",
        discussion: "REPLICAS is ready/desired. Rejected manifests are listed on standard error.")

    @OptionGroup var output: OutputOptions

    @OptionGroup var server: ServerOptions

    func run() async throws {
        try await server.withClient { client in
            guard output.form == .table else { return try output.write(document: try await client.document(nil)) }
            let functions = try await client.list()
            if functions.isEmpty {
                Terminal.remark("There are no functions yet: declare one with `f2s apply -f FILE`.")
            } else {
                try Terminal.show(
                    FunctionTable(functions, now: SystemClock.secondsSince1970(), layout: Terminal.layout).text)
            }
            // A failure of this request is ignored: a user may have the right to list functions but not to see the
            // installation.
            for rejection in (try? await client.cluster().rejections) ?? [] {
                Terminal.remark("rejected: \(rejection)")
            }
        }
    }
}
