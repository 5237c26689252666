import ArgumentParser

/// `f2s`: the root command.
struct RootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "f2s",
        abstract: "Functions as a Service, on one machine or on Kubernetes, in a single program.",
        discussion: """
            Start with `f2s serve`. In a second terminal, declare a function and invoke it:

            f2s apply -f - <<END
            apiVersion: f2s.opensight.ch/v1alpha1
            kind: Function
            metadata: {name: now}
            spec: {endpoint: /now}
            target: {command: [f2s, wrap, --, date]}
            END
            f2s invoke now

            Exit status: 0 success; 1 failure, with one line of advice on standard error; 2 invalid usage.
            Environment: F2S_SERVER is the server for commands without --server; F2S_TOKEN, or F2S_USER and
            F2S_PASSWORD, are the credentials. Without them, the token of `f2s login` is used.
            Shell completion: f2s --generate-completion-script bash|zsh|fish
            """,
        version: F2SVersion.current,
        subcommands: [
            ServeCommand.self, NewCommand.self, ApplyCommand.self, ListCommand.self, GetCommand.self,
            DescribeCommand.self, InvokeCommand.self, LogsCommand.self, EventsCommand.self, RestartCommand.self,
            DeleteCommand.self,
            WhyCommand.self, WrapCommand.self, LoginCommand.self, LogoutCommand.self, TokenCommand.self,
            VersionCommand.self,
        ])
}
