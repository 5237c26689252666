import ArgumentParser
import F2SClient
import F2SManifest
import F2SModel

/// One run of the program: arguments in, exit status out. Every error is said here and nowhere else.
struct CommandLineRun {
    private let arguments: [String]

    /// A run with the arguments behind the program's name.
    init(_ arguments: [String]) {
        // An option whose value may be left out is nothing that the argument parser knows.
        self.arguments =
            arguments.first == ApplyCommand.configuration.commandName
            ? arguments.map { $0 == "--wait" ? "--wait=\(WaitGoal.ready.rawValue)" : $0 } : arguments
    }

    /// Exit statuses, as `f2s --help` documents them.
    private enum Status {
        static let done: Int32 = 0
        static let failed: Int32 = 1
        static let badUse: Int32 = 2
    }

    /// Parses, runs and reports.
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

    /// `serve` by itself: a root command is first searched for a wish to print shell completions, two thirds of
    /// parsing and 3 ms of a start.
    @concurrent private func parse() async throws -> any ParsableCommand {
        if let name = ServeCommand.configuration.commandName, arguments.first == name {
            return try ServeCommand.parseAsRoot(Array(arguments.dropFirst()))
        }
        return try await RootCommand.asyncParseAsRoot(arguments)
    }

    /// What was meant by a command that does not exist.
    private func suggestion() -> ValidationError? {
        guard let word = arguments.first, !word.hasPrefix("-") else { return nil }
        let known = Self.commands
        guard word != "help", !known.contains(word) else { return nil }
        let near = NearestName.of(word, among: known)
        return ValidationError(
            "\(word.printable) is no command" + (near.map { ": did you mean `f2s \($0)`?" } ?? "."))
    }

    private static var commands: [String] {
        RootCommand.configuration.subcommands.compactMap { $0.configuration.commandName }
    }

    @concurrent private func run<Command: AsyncParsableCommand>(_ command: Command) async throws {
        var command = command
        try await command.run()
    }

    /// For what the argument parser brings itself, such as `help`.
    private func run<Command: ParsableCommand>(_ command: Command) throws {
        var command = command
        try command.run()
    }

    private func report(_ error: any Error) -> Int32 {
        switch error {
        case let failure as CommandFailure:
            if let message = failure.message { Terminal.complain(message) }
            return Status.failed
        case let error as ClientError:
            Terminal.complain(error.description)
            return Status.failed
        case is CancellationError:
            Terminal.complain("interrupted")
            return Status.failed
        default:
            return reportParsing(error)
        }
    }

    /// What the argument parser throws: a request for help, bad use, or whatever a command has thrown itself.
    private func reportParsing(_ error: any Error) -> Int32 {
        switch RootCommand.exitCode(for: error) {
        case .success:
            // A closed pipe behind `f2s --help` is no reason to fail.
            try? Terminal.write(RootCommand.fullMessage(for: error) + "\n")
            return Status.done
        case .validationFailure:
            let command = arguments.first.flatMap { Self.commands.contains($0) ? "f2s \($0)" : nil } ?? "f2s"
            let message = RootCommand.message(for: error).split(whereSeparator: \.isNewline).joined(separator: " ")
            Terminal.complain(
                "\(message)\(".?!".contains(message.last ?? " ") ? "" : ".") `\(command) --help` shows how to use it.")
            return Status.badUse
        default:
            Terminal.complain("\(error)")
            return Status.failed
        }
    }
}
