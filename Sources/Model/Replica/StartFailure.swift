/// The reason why a function's last replica did not start.
public struct StartFailure: Sendable, Hashable, Codable {
    /// The stage that failed: `image`, `schedule`, `start` or `scale`.
    public var stage: Stage
    /// The platform's reason: `MissingProgram`, `ExitedAtStart`, `NeverListened`, `NoCommand`, `ImagePullBackOff` …
    public var reason: String
    /// One or two sentences about what happened and what to do.
    public var message: String
    /// The exit status of the process, or 128 + signal if a signal ended it; `nil` if it did not end by itself.
    public var exitStatus: Int?
    /// The last lines that it wrote, oldest first, at most 20.
    public var logTail: [String]
    /// The error in the function's source text, if a runtime has reported one.
    public var sourceError: SourceError?
    /// True if a timeout expired (504); false if an error occurred (502).
    public var isTimeout: Bool
    /// The revision that failed.
    public var revision: String
    /// The number of consecutive failures.
    public var attempts: Int
    /// The time of the next attempt, in seconds since 1970. Until then, invocations of a function without replicas fail
    /// at once with this failure.
    @UTCTime public var nextAttempt: Double
    /// The time from the publication of the failure to the next attempt, in whole seconds, at least 1.
    public var retryAfterSeconds: Int

    /// Creates a start failure.
    public init(
        stage: Stage, reason: String, message: String, exitStatus: Int? = nil, logTail: [String] = [],
        sourceError: SourceError? = nil, isTimeout: Bool = false, revision: Revision, attempts: Int,
        nextAttempt: Double, retryAfterSeconds: Int
    ) {
        self.stage = stage
        self.reason = reason
        self.message = message
        self.exitStatus = exitStatus
        self.logTail = logTail
        self.sourceError = sourceError
        self.isTimeout = isTimeout
        self.revision = revision.text
        self.attempts = attempts
        self.nextAttempt = nextAttempt
        self.retryAfterSeconds = retryAfterSeconds
    }
}
