import ArgumentParser
import F2SClient
import F2SModel

/// `f2s delete`: removes functions.
struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Remove functions. Their replicas finish their invocations and stop.")

    @Argument(help: "Names of the functions.", completion: FunctionArgument.completion)
    var names: [FunctionName] = []

    @Option(
        name: [.customShort("f"), .customLong("file")],
        help: ArgumentHelp(
            "Remove the functions of a manifest; - is standard input. May be repeated.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml", "json"]))
    var files: [String] = []

    @OptionGroup var server: ServerOptions

    func validate() throws {
        guard !names.isEmpty || !files.isEmpty else {
            throw ValidationError("Nothing to delete: name functions, or a manifest with -f.")
        }
    }

    func run() async throws {
        let all = names + (files.isEmpty ? [] : try Manifests(files, purpose: "deleted").drafts.map(\.name))
        try await server.forEach(all) { name, client in
            try await client.delete(name)
            return "function \(name) deleted"
        }
    }
}
