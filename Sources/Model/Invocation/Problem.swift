/// A problem document, `application/problem+json` (RFC 9457). Every error that F2S itself answers has this form.
public struct Problem: Error, Sendable, Hashable {
    /// HTTP status.
    public var status: Int
    /// A few words, the same for every occurrence.
    public var title: String
    /// What happened and what to do.
    public var detail: String
    /// Where an invocation failed; `nil` in the REST API.
    public var stage: Stage?
    /// The platform's own word, for example `ExitedAtStart` or `ImagePullBackOff`.
    public var reason: String?
    /// The function concerned.
    public var function: FunctionName?
    /// Exit status of the function's process.
    public var exitStatus: Int?
    /// Last lines that the function wrote, oldest first.
    public var logTail: [String]
    /// Fields that were refused: name and message.
    public var errors: [String]

    /// Media type of a problem document.
    public static let mediaType = "application/problem+json"

    /// A problem; only status, title and detail are always there.
    public init(
        status: Int, title: String, detail: String, stage: Stage? = nil, reason: String? = nil,
        function: FunctionName? = nil, exitStatus: Int? = nil, logTail: [String] = [], errors: [String] = []
    ) {
        self.status = status
        self.title = title
        self.detail = detail
        self.stage = stage
        self.reason = reason
        self.function = function
        self.exitStatus = exitStatus
        self.logTail = logTail
        self.errors = errors
    }

    /// The problem of a failed invocation.
    public init(_ error: InvocationError, function: FunctionName?) {
        self.init(
            status: error.status, title: error.title, detail: error.detail, stage: error.stage, reason: error.reason,
            function: function)
        if case .startFailed(let trouble) = error {
            exitStatus = trouble.exitStatus
            logTail = trouble.logTail
        }
    }

    /// The document. `type` is left out: RFC 9457 section 4.2.1 gives it the meaning "about:blank".
    public var json: String {
        var members = ["\"title\":\(title.jsonText)", "\"status\":\(status)", "\"detail\":\(detail.jsonText)"]
        if let stage { members.append("\"stage\":\(stage.rawValue.jsonText)") }
        if let reason { members.append("\"reason\":\(reason.jsonText)") }
        if let function { members.append("\"function\":\(function.text.jsonText)") }
        if let exitStatus { members.append("\"exitStatus\":\(exitStatus)") }
        if !logTail.isEmpty { members.append("\"logTail\":[\(logTail.map(\.jsonText).joined(separator: ","))]") }
        if !errors.isEmpty { members.append("\"errors\":[\(errors.map(\.jsonText).joined(separator: ","))]") }
        return "{" + members.joined(separator: ",") + "}\n"
    }
}
