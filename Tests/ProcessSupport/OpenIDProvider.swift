/// Debian's glewlwyd, a real OpenID provider, with the users and clients of Tests/EndToEndTests/Providers/glewlwyd.py.
package final class OpenIDProvider {
    /// An issuer of the provider.
    package enum Issuer: String {
        case rs256 = "oidc"
        case es256 = "oidces"
    }

    /// The tokens of one response.
    package struct Tokens {
        package let access: String
        /// `nil` for a client that calls for itself.
        package let id: String?
    }

    /// The scheme, host and port of its pages.
    package let origin: String

    private let folder: TemporaryFolder
    /// The environment of the script.
    private let environment: [String]
    private var process: ChildProcess?

    /// Prepares a provider at 127.0.0.1, which does not run yet.
    package init() throws {
        folder = try TemporaryFolder()
        let port = try freePort()
        origin = "http://127.0.0.1:\(port)"
        environment = ChildProcess.ownEnvironment
        _ = try run(["prepare", folder.path, "\(port)"])
    }

    /// Prepares a provider that speaks TLS, and does not run yet.
    /// - Parameters:
    ///   - address: An address of this machine.
    ///   - certificate: A certificate for the address.
    package init(at address: String, with certificate: TestCertificate) throws {
        folder = try TemporaryFolder()
        let port = try freePort()
        origin = "https://\(address):\(port)"
        environment =
            ChildProcess.ownEnvironment.filter { !$0.hasPrefix("SSL_CERT_FILE=") }
            + ["SSL_CERT_FILE=\(certificate.file)"]
        try Files.write(try Files.bytes(of: certificate.file), to: folder.path + "/tls.pem")
        try Files.write(try Files.bytes(of: certificate.keyFile), to: folder.path + "/tls.key")
        _ = try run(["prepare", folder.path, "\(port)", address])
    }

    /// Runs a provider at 127.0.0.1 during `body`, and removes everything afterwards.
    /// - Parameter callback: The URL to which browsers return that sign in with the client console.
    package static func run<Result>(
        callback: String = "http://127.0.0.1:1/session/callback", _ body: (OpenIDProvider) async throws -> Result
    ) async throws -> Result {
        let provider = try OpenIDProvider()
        defer { provider.remove() }
        try provider.start()
        try provider.provision(callback: callback)
        return try await body(provider)
    }

    /// Returns the URL of an issuer.
    package func url(_ issuer: Issuer) -> String { "\(origin)/api/\(issuer.rawValue)" }

    package func start() throws {
        process = try ChildProcess(
            ["/usr/bin/glewlwyd", "--config-file=\(folder.path)/glewlwyd.conf"], output: folder.path + "/log",
            errors: folder.path + "/log")
    }

    /// Waits until it serves, and creates users, clients and issuers.
    /// - Parameter callback: The URL to which browsers return that sign in with the client console.
    package func provision(callback: String = "http://127.0.0.1:1/session/callback") throws {
        _ = try run(["provision", folder.path, callback])
    }

    /// Ends the provider. Its database stays.
    package func stop() {
        process?.end()
        process = nil
    }

    /// Returns tokens for a user (alice, bob or eve), or for a client that calls for itself (svc or other).
    package func tokens(_ issuer: Issuer, for name: String) throws -> Tokens {
        let answer = try JSONValue(Array(try run(["token", folder.path, issuer.rawValue, name]).utf8))
        guard let access = answer["access_token"]?.text else {
            throw ChildProcess.Failure(program: "glewlwyd", reason: "it has issued no token")
        }
        return Tokens(access: access, id: answer["id_token"]?.text)
    }

    /// Signs a user in at a page with a code of the device authorization grant, as the user does in a browser.
    package func enterCode(_ page: String, as user: String) throws { _ = try run(["device", folder.path, user, page]) }

    package func revoke(_ token: String, of issuer: Issuer) throws {
        _ = try run(["revoke", folder.path, issuer.rawValue, token])
    }

    /// Replaces the key of the issuer ``Issuer/rs256``.
    package func rotate() throws { _ = try run(["rotate", folder.path]) }

    package func remove() {
        stop()
        folder.remove()
    }

    /// Runs a command of the script and returns its output.
    private func run(_ arguments: [String]) throws -> String {
        let place = try TemporaryFolder()
        defer { place.remove() }
        let script = TestEnvironment.repository + "/Tests/EndToEndTests/Providers/glewlwyd.py"
        let command = try ChildProcess(
            ["/usr/bin/python3", script] + arguments, environment: environment, output: place.path + "/out",
            errors: place.path + "/err")
        defer { command.end() }
        guard try command.waitForEnd(within: .seconds(60)) == 0 else {
            let log = (try? Files.read(folder.path + "/log")) ?? ""
            throw ChildProcess.Failure(
                program: "glewlwyd.py \(arguments[0])", reason: try Files.read(place.path + "/err") + log.suffix(2000))
        }
        return try Files.read(place.path + "/out")
    }
}
