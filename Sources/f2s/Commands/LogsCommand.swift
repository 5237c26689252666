import ArgumentParser
import F2SClient
import F2SModel
import FoundationEssentials

/// `f2s logs`: what a function's replicas have written.
struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Show what a function's replicas have written to standard output and error.")

    @Argument(help: "Name of the function.")
    var name: FunctionName

    @Flag(name: [.short, .long], help: "Go on with what they write from now on, until interrupted.")
    var follow = false

    @Option(help: ArgumentHelp("At most so many of the newest lines, 0 to 10000.", valueName: "lines"))
    var tail = 100

    @Flag(name: [.short, .long], help: "Put the time and the replica in front of each line.")
    var details = false

    @OptionGroup var server: ServerOptions

    func validate() throws {
        guard (0...10_000).contains(tail) else {
            throw ValidationError("--tail is \(tail): it must be between 0 and 10000.")
        }
    }

    func run() async throws {
        try await server.withClient { client in
            try await client.logs(of: name, tail: tail, follow: follow) { line in
                guard details else { return try Terminal.write(line.text + "\n") }
                let time = Date(timeIntervalSince1970: line.time).formatted(Self.time)
                try Terminal.write("\(time) \(line.replica) \(line.source) \(line.text)\n")
            }
        }
    }

    private static let time = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
}
