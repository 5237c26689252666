import ArgumentParser
import F2SClient
import F2SModel

/// `f2s logs`: shows the log lines of a function's replicas.
struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Show the standard output and standard error of a function's replicas.",
        discussion: """
            On a terminal, control characters are shown as escapes such as \\u{1b}; with --raw they are not escaped. \
            json is one object per line, yaml one document per line.
            """)

    @OptionGroup var function: FunctionArgument

    @Flag(name: [.short, .long], help: "Continue with new lines until interrupted.")
    var follow = false

    @Option(help: ArgumentHelp("The maximum number of past lines, 0 to 10000.", valueName: "lines"))
    var tail = 100

    @Flag(name: [.short, .long], help: "Put the time and the replica in front of each line.")
    var details = false

    @Flag(help: "Write control characters to the terminal unchanged, for example colours.")
    var raw = false

    @OptionGroup var output: OutputOptions

    @OptionGroup var server: ServerOptions

    func validate() throws {
        guard (0...10_000).contains(tail) else {
            throw ValidationError("--tail is \(tail): it must be between 0 and 10000.")
        }
    }

    func run() async throws {
        let name = function.name
        try await server.withClient { client in
            var foreign = ForeignOutput(isRaw: raw)
            try await client.logs(of: name, tail: tail, follow: follow) { line in
                guard output.form == .table else { return try output.write(item: line) }
                guard details else { return try foreign.write(line.text + "\n") }
                let time = TimeText.utc(secondsSince1970: line.time)
                try foreign.write("\(time) \(line.replica) \(line.source) \(line.text)\n")
            }
            try foreign.finish()
        }
    }
}
