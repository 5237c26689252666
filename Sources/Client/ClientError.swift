import F2SModel

/// Why the client did not get what it asked for. Each is one line that says what to do.
public enum ClientError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The text is not the address of a server.
    case malformedServer(String)
    /// Nobody answers there.
    case unreachable(server: String, reason: String)
    /// The server took the request and did not answer in time.
    case noAnswer(server: String, after: Duration)
    /// The connection ended within the answer.
    case interrupted(reason: String)
    /// The server refused and said why.
    case refused(ServerProblem)
    /// The answer is not one of F2S.
    case notF2S(server: String, status: Int, detail: String)
    /// A manifest has mistakes, each as `place:line:column: message`.
    case refusedManifest([String])
    /// The function is never invoked, for a reason that its condition names.
    case cannotInvoke(function: String, reason: String)
    /// A function was not ready in time, or never will be.
    case notReady(function: String, reason: String)

    /// What happened, to what, and what to do; never more than one line.
    public var description: String {
        switch self {
        case .malformedServer(let text):
            "the server address \"\(text)\" is malformed: write it as http://127.0.0.1:8080"
        case .unreachable(let server, let reason):
            "cannot reach F2S at \(server) (\(reason)): is `f2s serve` running? Start it, or name another with --server"
        case .noAnswer(let server, let limit):
            "\(server) did not answer within \(limit.humanText): look at the log of `f2s serve`, then retry"
        case .interrupted(let reason):
            "the answer broke off (\(reason)): retry"
        case .refused(let problem):
            problem.description
        case .notF2S(let server, let status, let detail):
            "\(server) answered with status \(status)\(detail.isEmpty ? "" : " (\(detail))"), which is not F2S' way: "
                + "check --server"
        case .refusedManifest(let complaints):
            complaints.joinedClauses.onOneLine
        case .cannotInvoke(let function, let reason):
            "\(function) was not invoked: \(reason.onOneLine)"
        case .notReady(let function, let reason):
            "\(function) is not ready: \(reason.onOneLine) `f2s describe \(function)` tells more"
        }
    }
}

extension String {
    /// The text with every line end and run of spaces as one space.
    var onOneLine: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
