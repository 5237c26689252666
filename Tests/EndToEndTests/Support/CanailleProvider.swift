import FoundationEssentials
import ProcessSupport

/// PyPI's canaille, a real OpenID provider, with the users and clients of Tests/EndToEndTests/Providers/canaille.py.
struct CanailleProvider {
    private let port: Int

    /// Runs a provider during `body`, and removes everything afterwards.
    /// - Parameter callback: The URL to which browsers return that sign in with the clients console and consolees.
    static func run<Result>(
        callback: String = "http://127.0.0.1:1/session/callback", _ body: (CanailleProvider) async throws -> Result
    ) async throws -> Result {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let port = try freePort()
        let (output, errors) = (folder.path + "/out", folder.path + "/err")
        let script = F2SBinary.repository + "/Tests/EndToEndTests/Providers/canaille.py"
        // Without -P, the script would import itself instead of the package of the same name.
        let process = try ChildProcess(
            ["\(RealServer.installed)/venv/bin/python", "-P", script, "\(port)", folder.path, callback],
            output: output, errors: errors)
        defer { process.end() }
        try eventually("canaille serves", within: .seconds(60)) {
            if try process.endIfOver() != nil {
                throw ChildProcess.Failure(program: "canaille.py", reason: "\(try Files.read(errors).suffix(2000))")
            }
            return try Files.read(output).contains("canaille serves")
        }
        return try await body(CanailleProvider(port: port))
    }

    /// The issuer.
    var url: String { "http://127.0.0.1:\(port)" }

    /// Returns a token for a client that calls for itself (svc or other).
    func token(for client: String) throws -> String {
        let answer = try post("/oauth/token", "grant_type=client_credentials", as: client)
        guard let token = try JSONValue(Array(answer.utf8))["access_token"]?.text else {
            throw ChildProcess.Failure(program: "canaille", reason: "it has issued no token: \(answer)")
        }
        return token
    }

    /// Revokes a token of a client (RFC 7009).
    func revoke(_ token: String, of client: String) throws {
        _ = try post("/oauth/revoke", "token=\(token)", as: client)
    }

    /// Posts a form as a client and returns the response.
    private func post(_ target: String, _ form: String, as client: String) throws -> String {
        let credentials = Data("\(client):\(client)-secret".utf8).base64EncodedString()
        let answer = try HTTPConnection(port: port).exchange(
            "POST", target,
            [
                ("Host", "127.0.0.1:\(port)"), ("Authorization", "Basic \(credentials)"),
                ("Content-Type", "application/x-www-form-urlencoded"),
            ], body: Array(form.utf8))
        guard answer.status == 200 else {
            throw ChildProcess.Failure(program: "canaille", reason: "POST \(target) answers \(answer.status)")
        }
        return answer.text
    }
}
