import FoundationEssentials

/// A problem document (RFC 9457) that the server has answered with.
public struct ServerProblem: Sendable, Hashable, Decodable, CustomStringConvertible {
    /// HTTP status.
    public var status: Int
    /// A few words, the same for every occurrence.
    public var title: String
    /// What happened and what to do.
    public var detail: String?
    /// Where an invocation failed.
    public var stage: String?
    /// The platform's own word, for example `ExitedAtStart`.
    public var reason: String?
    /// The function concerned.
    public var function: String?
    /// Exit status of the function's process.
    public var exitStatus: Int?
    /// Last lines that the function wrote, oldest first.
    public var logTail: [String]?
    /// Fields that were refused: name and message.
    public var errors: [String]?

    /// Media type of a problem document.
    public static let mediaType = "application/problem+json"

    /// A problem; status and title are always there.
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

    /// Reads a document; `nil` when the bytes are none.
    public init?(json: [UInt8]) {
        guard let problem = try? JSONDecoder().decode(Self.self, from: Data(json)) else { return nil }
        self = problem
    }

    /// One line: title, detail, and in brackets what programs go by.
    public var description: String {
        var facts = ["status \(status)"]
        if let stage { facts.append("stage \(stage)") }
        if let reason { facts.append(reason) }
        if let exitStatus { facts.append("exit status \(exitStatus)") }
        var line = title
        if let detail, !detail.isEmpty { line += ": \(detail)" }
        line += " [\(facts.joined(separator: ", "))]"
        if let last = logTail?.last(where: { !$0.isEmpty }) { line += " last log line: \(last)" }
        return line.onOneLine
    }
}
