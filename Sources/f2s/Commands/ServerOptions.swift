import ArgumentParser
import F2SClient
import F2SModel
import FoundationEssentials

/// The option `--server` of every command except serve and wrap.
struct ServerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The server. (default: $F2S_SERVER, else \(ServerAddress.defaultText))", valueName: "url"))
    var server: String?

    /// The address from the option, else from F2S_SERVER, else the default.
    /// - Throws: ``ClientError/malformedServer(_:)``.
    var address: ServerAddress {
        get throws {
            let environment = ProcessInfo.processInfo.environment
            return try ServerAddress(server ?? environment.variable("F2S_SERVER") ?? ServerAddress.defaultText)
        }
    }

    /// The credentials from the environment; `nil` if it contains none. They are not options, because every user of a
    /// machine sees the options of a program.
    /// - Throws: ``CommandFailure`` if they are incomplete or ambiguous.
    private var credentials: ClientCredentials? {
        get throws {
            let environment = ProcessInfo.processInfo.environment
            let token = environment.variable("F2S_TOKEN").map { ClientCredentials.token(Secret($0)) }
            switch (environment.variable("F2S_USER"), environment.variable("F2S_PASSWORD")) {
            case (nil, nil): return token
            case (let user?, let password?) where token == nil: return .user(user, password: Secret(password))
            case (_?, _?): throw CommandFailure("F2S_TOKEN and F2S_USER are both set: unset one of them")
            case (_?, nil): throw CommandFailure("F2S_USER is set without F2S_PASSWORD")
            case (nil, _?): throw CommandFailure("F2S_PASSWORD is set without F2S_USER")
            }
        }
    }

    /// Runs `body` with a client of the server.
    func withClient<Result: Sendable>(_ body: (FunctionClient) async throws -> Result) async throws -> Result {
        try await FunctionClient.connect(to: address, credentials: credentials, body)
    }
}

/// A duration on the command line: `30s`, `1m30s`, `500ms`.
struct DurationArgument: ExpressibleByArgument {
    /// The duration, at least 1 ms and at most a day.
    let value: Duration

    init?(argument: String) {
        let allowed = Duration.milliseconds(1)...Duration.seconds(86_400)
        guard let value = try? Duration(text: argument, allowed: allowed, field: "") else { return nil }
        self.value = value
    }

    /// Creates a default value.
    init(_ value: Duration) { self.value = value }

    var defaultValueDescription: String { value.shortText }
}

extension [String: String] {
    /// Returns a variable of an environment; `nil` if it is not set. An empty one counts as not set.
    func variable(_ name: String) -> String? { self[name].flatMap { $0.isEmpty ? nil : $0 } }
}
