import ArgumentParser
import F2SClient
import F2SModel
import F2SSystem
import FoundationEssentials

/// The options `--server` and `--ca-file` of every command except serve and wrap.
struct ServerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The server. (default: $F2S_SERVER, else \(ServerAddress.defaultText))", valueName: "url"))
    var server: String?

    @Option(
        help: ArgumentHelp(
            "The CA certificates to trust for an https server, in PEM form. "
                + "(default: $F2S_CA_FILE, else those of the system)", valueName: "file"))
    var caFile: String?

    /// The CA certificates to trust, in PEM form; `nil` for those of the system.
    /// - Throws: ``CommandFailure`` if the file cannot be read.
    var caCertificates: [UInt8]? {
        get throws {
            guard let path = caFile ?? ProcessInfo.processInfo.environment.variable("F2S_CA_FILE") else { return nil }
            do throws(SystemFailure) {
                return try ReadableFile.read(path, bytesMax: Self.caFileBytesMax)
            } catch {
                throw CommandFailure("cannot read the CA certificates in \(path): \(error.text)")
            }
        }
    }

    private static let caFileBytesMax = 1 << 20

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
    private var givenCredentials: ClientCredentials? {
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

    /// The file with the tokens of `f2s login`.
    var credentialFile: CredentialFile {
        get throws { try CredentialFile(environment: ProcessInfo.processInfo.environment) }
    }

    /// Runs `body` with a client of the server, with the credentials of the environment or of `f2s login`.
    func withClient<Result: Sendable>(_ body: (FunctionClient) async throws -> Result) async throws -> Result {
        let address = try address
        var credentials = try givenCredentials
        if credentials == nil { credentials = try await storedCredentials(for: address) }
        return try await FunctionClient.connect(
            to: address, credentials: credentials, caCertificates: caCertificates, body)
    }

    /// Calls the server once for each name, and writes the line that `call` returns. If the server refuses one, the
    /// others follow all the same.
    /// - Throws: ``CommandFailure/reported`` if the server has refused one, and other errors of `call` at once.
    func forEach<Name>(_ names: [Name], _ call: (Name, FunctionClient) async throws -> String) async throws {
        try await withClient { client in
            var isDone = true
            for name in names {
                do {
                    try Terminal.write(try await call(name, client) + "\n")
                } catch let ClientError.refused(problem) {
                    Terminal.printError("\(name): \(problem)")
                    isDone = false
                }
            }
            if !isDone { throw CommandFailure.reported }
        }
    }

    /// Returns the token of `f2s login`, which is renewed if it is about to expire; `nil` if the user is not signed in.
    private func storedCredentials(for address: ServerAddress) async throws -> ClientCredentials? {
        // Without a home folder there is no file.
        guard let file = try? credentialFile, let stored = try file.tokens(for: address) else { return nil }
        let now = SystemClock.secondsSince1970()
        guard !stored.isFresh(at: now) else { return .token(Secret(stored.accessToken)) }
        let renewed = try await file.update(address) { tokens in
            guard let tokens else { return nil }
            // Another command may have renewed it meanwhile.
            return tokens.isFresh(at: now)
                ? tokens : try await ProviderSignIn(at: tokens.provider).renew(tokens, at: now)
        }
        return renewed.map { .token(Secret($0.accessToken)) }
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
