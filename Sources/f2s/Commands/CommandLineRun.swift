import ArgumentParser
import F2SClient
import F2SManifest
import F2SModel

/// One run of the program, from its arguments to its exit status. Every error is reported here and nowhere else.
struct CommandLineRun {
    private let arguments: [String]

    /// Creates a run with the arguments after the program's name.
    init(_ arguments: [String]) {
        // The argument parser does not support an option with an optional value.
        self.arguments =
            arguments.first == ApplyCommand.configuration.commandName
            ? arguments.map { $0 == "--wait" ? "--wait=\(WaitGoal.ready.rawValue)" : $0 } : arguments
    }

    /// The exit statuses that `f2s --help` documents.
    private enum Status {
        static let done: Int32 = 0
        static let failed: Int32 = 1
        static let badUse: Int32 = 2
    }

    /// Parses the arguments, runs the command and reports its error.
    @concurrent func exitStatus() async -> Int32 {
        do {
            if let suggestion = suggestion() { throw suggestion }
            let command = try await parse()
            if let command = command as? any AsyncParsableCommand {
                try await run(command)
            } else {
                try run(command)
            }
            return Status.done
        } catch {
            return report(error)
        }
    }

    /// Parses `serve` directly: the parser of the root command first checks for requests of shell completions, which
    /// takes two thirds of the parsing time, 3 ms of a start.
    @concurrent private func parse() async throws -> any ParsableCommand {
        if let name = ServeCommand.configuration.commandName, arguments.first == name {
            return try ServeCommand.parseAsRoot(Array(arguments.dropFirst()))
        }
        return try await RootCommand.asyncParseAsRoot(arguments)
    }

    /// Returns the error for an unknown command, with the most similar command.
    private func suggestion() -> ValidationError? {
        guard let word = arguments.first, !word.hasPrefix("-") else { return nil }
        let known = Self.commands
        guard word != "help", !known.contains(word) else { return nil }
        let near = NearestName.of(word, among: known)
        return ValidationError(
            "\(word.printable) is not a command" + (near.map { ": did you mean `f2s \($0)`?" } ?? "."))
    }

    private static var commands: [String] {
        RootCommand.configuration.subcommands.compactMap { $0.configuration.commandName }
    }

    @concurrent private func run<Command: AsyncParsableCommand>(_ command: Command) async throws {
        var command = command
        try await command.run()
    }

    /// Runs a command of the argument parser itself, such as `help`.
    private func run<Command: ParsableCommand>(_ command: Command) throws {
        var command = command
        try command.run()
    }

    private func report(_ error: any Error) -> Int32 {
        switch error {
        case let failure as CommandFailure:
            if let message = failure.message { Terminal.printError(message) }
            return Status.failed
        case let error as ClientError:
            Terminal.printError(error.description)
            return Status.failed
        case is CancellationError:
            Terminal.printError("interrupted")
            return Status.failed
        default:
            return reportParsing(error)
        }
    }

    /// Reports an error of the argument parser: a request for help, invalid usage, or an error of the command itself.
    private func reportParsing(_ error: any Error) -> Int32 {
        switch RootCommand.exitCode(for: error) {
        case .success:
            // A closed pipe after `f2s --help` is not an error.
            try? Terminal.write(RootCommand.fullMessage(for: error) + "\n")
            return Status.done
        case .validationFailure:
            let command = arguments.first.flatMap { Self.commands.contains($0) ? "f2s \($0)" : nil } ?? "f2s"
            let message = RootCommand.message(for: error).split(whereSeparator: \.isNewline).joined(separator: " ")
            Terminal.printError(
                "\(message)\(".?!".contains(message.last ?? " ") ? "" : ".") See `\(command) --help`.")
            return Status.badUse
        default:
            Terminal.printError("\(error)")
            return Status.failed
        }
    }
}
