import Glibc
import ProcessSupport

/// Debian's glewlwyd, a real OpenID provider, with the users and clients of Tests/EndToEndTests/Providers/glewlwyd.py.
final class OpenIDProvider {
    /// An issuer of the provider.
    enum Issuer: String {
        case rs256 = "oidc"
        case es256 = "oidces"
    }

    /// The tokens of one response.
    struct Tokens {
        let access: String
        /// `nil` for a client that calls for itself.
        let id: String?
    }

    private let folder: TemporaryFolder
    private let port: Int
    private var process: ChildProcess?

    /// Prepares a provider, which does not run yet.
    init() throws {
        folder = try TemporaryFolder()
        port = try freePort()
        _ = try run(["prepare", folder.path, "\(port)"])
    }

    /// Runs a provider during `body`, and removes everything afterwards.
    /// - Parameter callback: The URL to which browsers return that sign in with the client console.
    static func run<Result>(
        callback: String = "http://127.0.0.1:1/session/callback", _ body: (OpenIDProvider) async throws -> Result
    ) async throws -> Result {
        let provider = try OpenIDProvider()
        defer { provider.remove() }
        try provider.start()
        try provider.provision(callback: callback)
        return try await body(provider)
    }

    /// Returns the URL of an issuer.
    func url(_ issuer: Issuer) -> String { "http://127.0.0.1:\(port)/api/\(issuer.rawValue)" }

    func start() throws {
        process = try ChildProcess(
            ["/usr/bin/glewlwyd", "--config-file=\(folder.path)/glewlwyd.conf"], output: folder.path + "/log",
            errors: folder.path + "/log")
    }

    /// Waits until it serves, and creates users, clients and issuers.
    /// - Parameter callback: The URL to which browsers return that sign in with the client console.
    func provision(callback: String = "http://127.0.0.1:1/session/callback") throws {
        _ = try run(["provision", folder.path, callback])
    }

    /// Ends the provider. Its database stays.
    func stop() {
        process?.end()
        process = nil
    }

    /// Returns tokens for a user (alice, bob or eve), or for a client that calls for itself (svc or other).
    func tokens(_ issuer: Issuer, for name: String) throws -> Tokens {
        let answer = try JSONValue(Array(try run(["token", folder.path, issuer.rawValue, name]).utf8))
        guard let access = answer["access_token"]?.text else {
            throw ChildProcess.Failure(program: "glewlwyd", reason: "it has issued no token")
        }
        return Tokens(access: access, id: answer["id_token"]?.text)
    }

    /// Signs a user in at a page with a code of the device authorization grant, as the user does in a browser.
    func enterCode(_ page: String, as user: String) throws { _ = try run(["device", folder.path, user, page]) }

    func revoke(_ token: String, of issuer: Issuer) throws {
        _ = try run(["revoke", folder.path, issuer.rawValue, token])
    }

    /// Replaces the key of the issuer ``Issuer/rs256``.
    func rotate() throws { _ = try run(["rotate", folder.path]) }

    func remove() {
        stop()
        folder.remove()
    }

    /// Runs a command of the script and returns its output.
    private func run(_ arguments: [String]) throws -> String {
        let place = try TemporaryFolder()
        defer { place.remove() }
        let script = F2SBinary.repository + "/Tests/EndToEndTests/Providers/glewlwyd.py"
        let command = try ChildProcess(
            ["/usr/bin/python3", script] + arguments, output: place.path + "/out", errors: place.path + "/err")
        defer { command.end() }
        guard try command.waitForEnd(within: .seconds(60)) == 0 else {
            let log = (try? Files.read(folder.path + "/log")) ?? ""
            throw ChildProcess.Failure(
                program: "glewlwyd.py \(arguments[0])", reason: try Files.read(place.path + "/err") + log.suffix(2000))
        }
        return try Files.read(place.path + "/out")
    }
}
