/// A problem document, `application/problem+json` (RFC 9457). Every error response of F2S itself has this form.
public struct Problem: Error, Sendable, Hashable {
    /// The HTTP status.
    public var status: Int
    /// A short summary that is the same for every occurrence.
    public var title: String
    /// A description of what happened and what to do.
    public var detail: String
    /// The stage in which an invocation failed; `nil` in the REST API.
    public var stage: Stage?
    /// The platform's reason, for example `ExitedAtStart` or `ImagePullBackOff`.
    public var reason: String?
    /// The function that the problem concerns.
    public var function: FunctionName?
    /// The exit status of the function's process.
    public var exitStatus: Int?
    /// The last lines that the function wrote, oldest first.
    public var logTail: [String]
    /// The errors of rejected fields, with the name of the field and the message.
    public var errors: [String]

    /// The media type of a problem document.
    public static let mediaType = "application/problem+json"

    /// Creates a problem. Only status, title and detail are always present.
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

    /// Creates the problem of a failed invocation.
    public init(_ error: InvocationError, function: FunctionName?) {
        self.init(
            status: error.status, title: error.title, detail: error.detail, stage: error.stage, reason: error.reason,
            function: function)
        if case .startFailed(let startFailure) = error {
            exitStatus = startFailure.exitStatus
            logTail = startFailure.logTail
        }
    }

    /// An error that the code does not expect. It is logged where it is caught.
    public static let unexpected = Problem(
        status: 500, title: "F2S failed",
        detail: "An unexpected error occurred; F2S logged it. Retry, and report it if it persists.")

    /// The document as JSON. `type` is left out, which means "about:blank" by RFC 9457 section 4.2.1.
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
