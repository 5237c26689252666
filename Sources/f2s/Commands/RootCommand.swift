import ArgumentParser

/// `f2s`: the root of every command.
struct RootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "f2s",
        abstract: "Functions as a Service, on Kubernetes or on nothing at all.",
        discussion: """
            Begin with `f2s serve`, then `f2s apply -f hello.yaml` and `f2s invoke hello`.

            Exit status: 0 done; 1 failed, with one line on standard error that says what to do; 2 bad use.
            Environment: F2S_SERVER is the server for commands without --server.
            Shell completion: f2s --generate-completion-script bash|zsh|fish
            """,
        version: F2SVersion.current,
        subcommands: [
            ServeCommand.self, ApplyCommand.self, ListCommand.self, GetCommand.self, DescribeCommand.self,
            InvokeCommand.self, LogsCommand.self, EventsCommand.self, DeleteCommand.self, WhyCommand.self,
            WrapCommand.self, VersionCommand.self,
        ])
}
