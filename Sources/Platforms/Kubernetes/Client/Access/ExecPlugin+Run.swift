import FoundationEssentials

/// The credential that a plugin returned.
struct ExecAnswer: Sendable, Hashable {
    /// The bearer token.
    var token: String?
    /// The client certificate chain (PEM).
    var certificate: String?
    /// The key of the certificate (PEM).
    var key: String?
    /// The expiry, in seconds since 1970; `nil`: the credential is used until the API server rejects it.
    var expires: Double?

    /// Parses the output of a plugin.
    init(_ bytes: [UInt8], of plugin: ExecPlugin) throws(KubernetesError) {
        func error(_ what: String) -> KubernetesError {
            .credentials("The credential plugin \(plugin.command) \(what).")
        }
        guard let document = try? JSONValue(decoding: bytes) else { throw error("did not write JSON") }
        guard document["kind"]?.text == "ExecCredential" else { throw error("did not write an ExecCredential") }
        guard document["apiVersion"]?.text == plugin.apiVersion else {
            throw error("wrote \(document["apiVersion"]?.text ?? "no apiVersion"), not \(plugin.apiVersion)")
        }
        token = document[path: "status", "token"]?.text
        certificate = document[path: "status", "clientCertificateData"]?.text
        key = document[path: "status", "clientKeyData"]?.text
        guard (certificate == nil) == (key == nil) else {
            throw error("returned only one of certificate and key")
        }
        guard token != nil || certificate != nil else { throw error("returned no credential") }
        if let text = document[path: "status", "expirationTimestamp"]?.text {
            guard let time = Timestamp(text) else { throw error("wrote \"\(text)\", which is not a time") }
            expires = time.seconds
        }
    }
}

extension ExecPlugin {
    /// The longest time that a plugin may take. It may call a remote service.
    static let timeMax = Duration.seconds(30)
    /// The largest output of a plugin, in bytes.
    static let bytesMax = 1 << 20

    /// Runs the plugin and returns the credential.
    /// - Throws: ``KubernetesError/credentials(_:)``. If the plugin fails, the message contains its last line of
    ///   standard error; if it cannot be run, the message contains its install hint.
    func run(timing: Timing) async throws(KubernetesError) -> ExecAnswer {
        var environment = environment
        environment["KUBERNETES_EXEC_INFO"] = String(decoding: info.encoded(), as: UTF8.self)
        let program = ChildProgram(path: command, arguments: arguments, environment: environment)
        let outcome: ChildProgram.Outcome
        do {
            outcome = try await program.run(timeMax: Self.timeMax, bytesMax: Self.bytesMax, timing: timing)
        } catch is CancellationError {
            throw .cancelled
        } catch {
            let hint = installHint.map { " \($0)" } ?? ""
            throw .credentials("The credential plugin \(command) \(error).\(hint)")
        }
        guard outcome.status == 0 else {
            let words = String(decoding: outcome.standardError, as: UTF8.self).split(separator: "\n").last.map {
                ": \($0)"
            }
            throw .credentials(
                "The credential plugin \(command) has failed with status \(outcome.status)\(words ?? ".")")
        }
        return try ExecAnswer(outcome.output, of: self)
    }
}
