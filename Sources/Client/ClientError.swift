import F2SModel

/// An error of a request to the server. Each description is one line that ends with advice.
public enum ClientError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The text is not the address of a server.
    case malformedServer(String)
    /// No connection to the server could be opened.
    case unreachable(server: String, reason: String)
    /// The server's certificate is not trusted.
    case untrusted(server: String, reason: String)
    /// The file of `--ca-file` contains no certificate in PEM form.
    case malformedCAFile
    /// The server accepted the request but did not respond in time.
    case noAnswer(server: String, after: Duration)
    /// The connection ended before the response was complete.
    case interrupted(reason: String)
    /// The server rejected the request with a problem document.
    case refused(ServerProblem)
    /// The response is not one of F2S.
    case notF2S(server: String, status: Int, detail: String)
    /// A manifest has errors, each in the form `file:line:column: message`.
    case refusedManifest([String])
    /// The function cannot be invoked; the reason is the one of its condition.
    case cannotInvoke(function: String, reason: String)
    /// The user could not sign in at a provider, or is no longer signed in.
    case signInFailed(provider: String, reason: String)
    /// The function was not ready in time, or cannot become ready.
    case notReady(function: String, reason: String)

    /// One line: the error, the object concerned, and advice.
    public var description: String {
        switch self {
        case .malformedServer(let text):
            "the server address \"\(text)\" is malformed: write it as http://127.0.0.1:8080"
        case .unreachable(let server, let reason):
            "cannot reach F2S at \(server) (\(reason)): is `f2s serve` running? Start it, or name another with --server"
        case .untrusted(let server, let reason):
            "cannot trust F2S at \(server) (\(reason)): check --server, or name its CA certificates by --ca-file"
        case .malformedCAFile:
            "the file of --ca-file has no certificate in PEM form (BEGIN CERTIFICATE): name another file"
        case .noAnswer(let server, let limit):
            "\(server) did not respond within \(limit.humanText): read the log of `f2s serve`, then retry"
        case .interrupted(let reason):
            "the response was incomplete (\(reason)): retry"
        case .refused(let problem):
            problem.description
        case .notF2S(let server, let status, let detail):
            "\(server) responded with status \(status)\(detail.isEmpty ? "" : " (\(detail))"), not as F2S would: "
                + "check --server"
        case .refusedManifest(let errors):
            errors.joinedClauses.onOneLine
        case .cannotInvoke(let function, let reason):
            "\(function) was not invoked: \(reason.onOneLine)"
        case .signInFailed(let provider, let reason):
            "the sign-in at \(provider) failed: \(reason.onOneLine)"
        case .notReady(let function, let reason):
            "\(function) is not ready: \(reason.onOneLine) See `f2s describe \(function)`"
        }
    }
}

extension String {
    /// The text with every run of white space replaced by one space.
    var onOneLine: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
