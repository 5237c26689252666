import ArgumentParser
import F2SClient
import F2SModel
import F2SSystem

extension TokenCommand {
    /// `f2s token create`: issues an API token.
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Issue an API token and print it.",
            discussion: """
                The token is printed once, because F2S stores only its hash. You need every privilege of its groups.

                F2S_TOKEN=$(f2s token create --name ci --group developers --ttl 90d)
                """)

        @Option(
            help: ArgumentHelp("Name of the token, without spaces. It is the name of its caller.", valueName: "name"))
        var name: String

        @Option(
            name: .customLong("group"),
            help: ArgumentHelp("A group of the token. May be repeated.", valueName: "group"))
        var groups: [String] = []

        @Option(
            name: .customLong("ttl"),
            help: ArgumentHelp(
                "The time after which the token expires, such as 12h or 90d. (default: it does not)",
                valueName: "time"))
        var lifetime: LifetimeArgument?

        @OptionGroup var output: OutputOptions

        @OptionGroup var server: ServerOptions

        func validate() throws {
            guard !groups.isEmpty else { throw ValidationError("The token has no group: name one with --group.") }
        }

        func run() async throws {
            try await server.withClient { client in
                let (token, document) = try await client.createToken(
                    name: name, groups: groups, lifetime: lifetime?.value)
                switch output.form {
                case .table: try Terminal.write("\(token.token ?? "")\n")
                case .json, .yaml: try output.write(document: document)
                }
                let end = token.expires.map { "expires at \($0)" } ?? "does not expire"
                Terminal.remark("Token \(token.id) (\(token.name)) \(end). It is shown only once.")
            }
        }
    }

    /// `f2s token list`: shows every API token.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Show every API token, without its secret.")

        @OptionGroup var output: OutputOptions

        @OptionGroup var server: ServerOptions

        func run() async throws {
            try await server.withClient { client in
                guard output.form == .table else {
                    return try output.write(document: try await client.tokensDocument())
                }
                let tokens = try await client.tokens()
                guard !tokens.isEmpty else {
                    return Terminal.remark("There are no API tokens: `f2s token create` issues one.")
                }
                try Terminal.show(
                    TokenTable(tokens, now: SystemClock.secondsSince1970(), layout: Terminal.layout).text)
            }
        }
    }

    /// `f2s token revoke`: revokes API tokens.
    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke", abstract: "Revoke API tokens: they are refused from now on.")

        @Argument(help: "IDs or names of the tokens.")
        var names: [String]

        @OptionGroup var server: ServerOptions

        func run() async throws {
            try await server.forEach(names) { name, client in
                "token \(try await client.revokeToken(name)) revoked"
            }
        }
    }
}

/// The lifetime of a token on the command line: `12h`, `1h30m`, or whole days such as `90d`.
struct LifetimeArgument: ExpressibleByArgument {
    /// The lifetime, from a second to ten years.
    let value: Duration

    init?(argument: String) {
        let allowed = Duration.seconds(1)...Duration.seconds(3650 * 86_400)
        if argument.hasSuffix("d"), let days = Int64(argument.dropLast()) {
            guard (1...3650).contains(days) else { return nil }
            value = .seconds(days * 86_400)
        } else if let value = try? Duration(text: argument, allowed: allowed, field: "") {
            self.value = value
        } else {
            return nil
        }
    }
}
