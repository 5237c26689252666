import FoundationEssentials

/// What a plugin has handed out.
struct ExecAnswer: Sendable, Hashable {
    /// Bearer token.
    var token: String?
    /// Client certificate chain (PEM).
    var certificate: String?
    /// Its key (PEM).
    var key: String?
    /// When it ends, seconds since 1970; `nil`: when the server refuses it.
    var expires: Double?

    /// Reads what the program has written.
    init(_ bytes: [UInt8], of plugin: ExecPlugin) throws(KubernetesError) {
        func complaint(_ what: String) -> KubernetesError {
            .credentials("The credential plugin \(plugin.command) \(what).")
        }
        guard let document = try? JSONValue(decoding: bytes) else { throw complaint("has written no JSON") }
        guard document["kind"]?.text == "ExecCredential" else { throw complaint("has written no ExecCredential") }
        guard document["apiVersion"]?.text == plugin.apiVersion else {
            throw complaint("speaks \(document["apiVersion"]?.text ?? "nothing"), not \(plugin.apiVersion)")
        }
        token = document[path: "status", "token"]?.text
        certificate = document[path: "status", "clientCertificateData"]?.text
        key = document[path: "status", "clientKeyData"]?.text
        guard (certificate == nil) == (key == nil) else {
            throw complaint("has handed out only one of certificate and key")
        }
        guard token != nil || certificate != nil else { throw complaint("has handed out no credential") }
        if let text = document[path: "status", "expirationTimestamp"]?.text {
            guard let time = Timestamp(text) else { throw complaint("has written \"\(text)\", which is no time") }
            expires = time.seconds
        }
    }
}

extension ExecPlugin {
    /// Longest time that a plugin may take: it may ask a service far away.
    static let timeMax = Duration.seconds(30)
    /// Bytes that it may write.
    static let bytesMax = 1 << 20

    /// Runs it.
    /// - Throws: ``KubernetesError/credentials(_:)`` with what it has said about itself.
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
            let words = String(decoding: outcome.complaints, as: UTF8.self).split(separator: "\n").last.map {
                ": \($0)"
            }
            throw .credentials(
                "The credential plugin \(command) has failed with status \(outcome.status)\(words ?? ".")")
        }
        return try ExecAnswer(outcome.output, of: self)
    }
}
