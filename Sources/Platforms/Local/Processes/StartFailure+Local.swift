import F2SModel
import F2SSystem

/// The messages of start failures on Local: what happened, to what, and what to do.
extension StartFailure {
    /// The number of attempts so far and the time of the next one.
    struct Retry {
        let attempts: Int
        let moment: Moment
        /// The time of the next attempt on the steady clock.
        let opens: Duration
    }

    /// The maximum number of log lines in a start failure.
    static let logLinesMax = 20

    static func impossible(_ launch: LaunchSpec, because obstacle: LaunchSpec.Obstacle, retry: Retry) -> StartFailure {
        startFailure(launch, obstacle.reason, obstacle.message, retry: retry)
    }

    static func notStarted(_ life: ReplicaLifecycle, because reason: NotStarted, retry: Retry) -> StartFailure {
        let words: (reason: String, clause: String) =
            switch reason {
            case .outOfDescriptors:
                (
                    "OutOfDescriptors",
                    "F2S has too few free file descriptors and will try again. Raise the limit of open files "
                        + "(`ulimit -n`, LimitNOFILE) or lower f2s.limits.connections."
                )
            case .noPort: ("NotStarted", "every port that replicas may use is taken.")
            case .failed(let clause): ("NotStarted", clause)
            }
        return startFailure(
            life.launch, words.reason, "No process could be started for \(life.launch.name): \(words.clause)",
            retry: retry)
    }

    static func portShared(_ life: ReplicaLifecycle, retry: Retry) -> StartFailure {
        let port = life.process.map { "\($0.port)" } ?? "of the replica"
        return startFailure(
            life.launch, "PortShared",
            "Another program of this user listens on port \(port) too (SO_REUSEPORT), and would get a part of the "
                + "function's invocations. A replica on another port takes over; find the program with `ss -ltnp`.",
            retry: retry)
    }

    static func exited(
        _ life: ReplicaLifecycle, status: Int, cause: ExitCause?, logTail: [String], retry: Retry
    ) -> StartFailure {
        let launch = life.launch
        if let failure = sourceFailure(launch, status: status, logTail: logTail, retry: retry) { return failure }
        let words = words(launch, status: status, cause: cause)
        let message = [words.message, cause?.words ?? words.advice, advice(on: launch)].compactMap { $0 }
        return startFailure(
            launch, cause?.reason ?? words.reason, message.joined(separator: " "), exitStatus: status, logTail: logTail,
            retry: retry)
    }

    /// Returns the failure of a function from source text if its runtime is missing, or has reported an error in the
    /// files.
    private static func sourceFailure(
        _ launch: LaunchSpec, status: Int, logTail: [String], retry: Retry
    ) -> StartFailure? {
        guard let runtime = launch.source?.runtime else { return nil }
        if status == 127 {
            return startFailure(
                launch, "MissingRuntime",
                "The runtime \(runtime.rawValue) needs the program `\(runtime.interpreter)`, which is not in the "
                    + "PATH of F2S. Install it, and start F2S with a PATH that contains it.",
                exitStatus: status, logTail: logTail, retry: retry)
        }
        guard let error = SourceError(in: logTail) else { return nil }
        return startFailure(
            launch, "SourceError", "\(launch.name) cannot be loaded. \(error.text.sentence)", exitStatus: status,
            logTail: logTail, sourceError: error, retry: retry)
    }

    /// Returns the reason, the message, and the advice for the case that the cause is unknown.
    private static func words(
        _ launch: LaunchSpec, status: Int, cause: ExitCause?
    ) -> (reason: String, message: String, advice: String) {
        let command = "`\(launch.commandText)`"
        switch status {
        case 127:
            return (
                "MissingProgram", "\(command) cannot run: the program was not found (exit status 127).",
                "Install it, or correct target.command; a relative path with a slash starts at the manifest's folder."
            )
        case 126:
            return (
                "NotExecutable",
                "\(command) cannot run: \(launch.command?.first ?? "") is not executable (exit status "
                    + "126).", "Give it execute permission, or name its interpreter in target.command."
            )
        case 0:
            return (
                "ExitedAtStart", "\(command) ended with exit status 0 before it listened on $PORT.",
                "It must stay in the foreground and serve HTTP; `f2s wrap` does that for a program that does not."
            )
        default:
            return (
                "ExitedAtStart",
                "\(command) ended with exit status \(status)\(signalText(status)) before it listened on $PORT.",
                "Its last log lines show the cause."
            )
        }
    }

    /// Returns advice about a declaration that looks wrong, independent of the program's output; `nil` if there is no
    /// advice.
    private static func advice(on launch: LaunchSpec) -> String? {
        guard launch.source?.runtime == nil else { return nil }
        if let advice = CommandAdvice.advice(on: launch.command ?? [], variables: launch.environment.keys) {
            return advice
        }
        guard launch.namesSecrets else { return nil }
        return "target.secrets names Kubernetes Secrets, which do not exist on this machine: use target.env here."
    }

    static func crashed(_ life: ReplicaLifecycle, status: Int, logTail: [String], retry: Retry) -> StartFailure {
        startFailure(
            life.launch, "Crashed",
            "`\(life.launch.commandText)` ended with exit status \(status)\(signalText(status)) soon after it was "
                + "ready, and not for the first time. Its last log lines show the cause.",
            exitStatus: status, logTail: logTail, retry: retry)
    }

    static func tookTooLong(
        _ life: ReplicaLifecycle, timeout: Duration, logTail: [String], retry: Retry
    ) -> StartFailure {
        let launch = life.launch
        if life.phase == .awaitingReadiness, let probe = launch.probe {
            return startFailure(
                launch, "NeverReady",
                "`\(launch.commandText)` listens, but GET \(probe.path) was not answered with 200 to 399 within "
                    + "\(timeout.humanText); one answer may take \(probe.timeout.humanText) "
                    + "(target.readinessProbe.timeout). Correct target.readinessProbe.path or the program's handler. "
                    + Self.longerStart,
                logTail: logTail, isTimeout: true, retry: retry)
        }
        let port = life.process.map { " (\($0.port))" } ?? ""
        let others = life.otherPorts.map { "\($0)" }.joined(separator: ", ")
        let advice =
            others.isEmpty
            ? "It must listen on the port that the environment variable PORT names. \(Self.longerStart)"
            : "It listens on port \(others) instead: make it listen on the one that the variable PORT names."
        return startFailure(
            launch, "NeverListened",
            "`\(launch.commandText)` did not listen on $PORT\(port) within \(timeout.humanText). \(advice)",
            logTail: logTail, isTimeout: true, retry: retry)
    }

    private static let longerStart =
        "If it only needs longer to start, set target.startTimeout, or raise f2s.timeouts.scaling_timeout for all."

    private static func signalText(_ status: Int) -> String {
        (129...192).contains(status) ? " (signal \(status - 128))" : ""
    }

    private static func startFailure(
        _ launch: LaunchSpec, _ reason: String, _ message: String, exitStatus: Int? = nil, logTail: [String] = [],
        sourceError: SourceError? = nil, isTimeout: Bool = false, retry: Retry
    ) -> StartFailure {
        let wait = (retry.opens - retry.moment.steady).inSeconds
        return StartFailure(
            stage: .start, reason: reason, message: message, exitStatus: exitStatus,
            logTail: Array(logTail.suffix(logLinesMax)), sourceError: sourceError, isTimeout: isTimeout,
            revision: launch.revision,
            attempts: retry.attempts, nextAttempt: retry.moment.wall(at: retry.opens),
            retryAfterSeconds: max(1, Int(wait.rounded(.up))))
    }
}
