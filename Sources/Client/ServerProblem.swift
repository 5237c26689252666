import FoundationEssentials

/// A problem document (RFC 9457) from the server.
public struct ServerProblem: Sendable, Hashable, Decodable, CustomStringConvertible {
    /// The HTTP status.
    public var status: Int
    /// A short title, the same for every occurrence.
    public var title: String
    /// The cause, and advice.
    public var detail: String?
    /// The stage in which an invocation failed.
    public var stage: String?
    /// The reason as one CamelCase word, for example `ExitedAtStart`.
    public var reason: String?
    /// The name of the function concerned.
    public var function: String?
    /// The exit status of the function's process.
    public var exitStatus: Int?
    /// The last lines that the function wrote, oldest first.
    public var logTail: [String]?
    /// The rejected fields: name and message of each.
    public var errors: [String]?

    /// The media type of a problem document.
    public static let mediaType = "application/problem+json"

    /// Creates a problem. Every problem has a status and a title.
    public init(
        status: Int, title: String, detail: String? = nil, stage: String? = nil, reason: String? = nil,
        exitStatus: Int? = nil, logTail: [String]? = nil
    ) {
        self.status = status
        self.title = title
        self.detail = detail
        self.stage = stage
        self.reason = reason
        self.exitStatus = exitStatus
        self.logTail = logTail
    }

    /// Parses a document. The result is `nil` if the bytes are not a problem document.
    public init?(json: [UInt8]) {
        guard let problem = try? JSONDecoder().decode(Self.self, from: Data(json)) else { return nil }
        self = problem
    }

    /// One line: title, detail, the machine-readable members in brackets, and the last log line.
    public var description: String {
        var details = ["status \(status)"]
        if let stage { details.append("stage \(stage)") }
        if let reason { details.append(reason) }
        if let exitStatus { details.append("exit status \(exitStatus)") }
        var line = title
        if let detail, !detail.isEmpty { line += ": \(detail)" }
        line += " [\(details.joined(separator: ", "))]"
        if let last = logTail?.last(where: { !$0.isEmpty }) { line += " last log line: \(last)" }
        return line.onOneLine
    }
}
