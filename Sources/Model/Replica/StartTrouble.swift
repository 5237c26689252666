/// Why a function's last replica did not start.
public struct StartTrouble: Sendable, Hashable, Codable {
    /// Where it failed: `image`, `schedule`, `start` or `scale`.
    public var stage: Stage
    /// The platform's own word: `MissingProgram`, `ExitedAtStart`, `NeverListened`, `NoCommand`, `ImagePullBackOff` …
    public var reason: String
    /// What happened and what to do, in one or two sentences.
    public var message: String
    /// Exit status of the process (128 + signal when a signal ended it); `nil` when it did not end by itself.
    public var exitStatus: Int?
    /// Last lines that it wrote, oldest first, at most 20.
    public var logTail: [String]
    /// Whether time ran out (504), rather than something having failed (502).
    public var isTimeout: Bool
    /// The revision that failed.
    public var revision: String
    /// How often in a row.
    public var attempts: Int
    /// When the next attempt is allowed, seconds since 1970; until then invocations of a function without replicas fail
    /// at once with this trouble.
    @UTCTime public var nextAttempt: Double
    /// The same, counted from now when the trouble was published: whole seconds, at least 1.
    public var retryAfterSeconds: Int

    /// A trouble.
    public init(
        stage: Stage, reason: String, message: String, exitStatus: Int? = nil, logTail: [String] = [],
        isTimeout: Bool = false, revision: Revision, attempts: Int, nextAttempt: Double, retryAfterSeconds: Int
    ) {
        self.stage = stage
        self.reason = reason
        self.message = message
        self.exitStatus = exitStatus
        self.logTail = logTail
        self.isTimeout = isTimeout
        self.revision = revision.text
        self.attempts = attempts
        self.nextAttempt = nextAttempt
        self.retryAfterSeconds = retryAfterSeconds
    }
}
