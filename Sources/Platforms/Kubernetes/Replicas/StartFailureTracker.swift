import F2SModel
import F2SSystem

/// Tracks functions whose pods fail: the number of attempts, the last log lines, and the time of the next attempt. A
/// value without I/O; callers pass the time.
struct StartFailureTracker: Sendable {
    /// The failures that are reported to callers.
    private(set) var startFailures: [Function.ID: StartFailure] = [:]
    /// Crashes whose last log lines must be read.
    private(set) var wanted: [PodFailure.Crash] = []
    /// Time at which ``update(_:at:)`` must be called again even if nothing has changed; `nil` if it need not.
    private(set) var nextCheck: Duration?
    private var entries: [Function.ID: Entry] = [:]
    private var tails: [PodFailure.Crash: [String]] = [:]
    private var asked: Set<PodFailure.Crash> = []

    /// Longest time that a known failure is held back until the last log lines are read.
    static let tailTimeout = Duration.seconds(1)
    /// Maximum number of log lines in a start failure.
    static let tailLinesMax = 20
    /// Assumed time until the next attempt, for failures for which the cluster does not report it.
    fileprivate static let standing = Duration.seconds(300)

    /// Applies the current failures.
    mutating func update(_ failures: [Function.ID: PodFailure], at moment: Moment) {
        wanted = []
        nextCheck = nil
        entries = entries.filter { failures[$0.key] != nil }
        let crashes = Set(failures.values.compactMap(\.crash))
        tails = tails.filter { crashes.contains($0.key) }
        asked.formIntersection(crashes)
        for (function, failure) in failures {
            var entry = entries[function] ?? Entry(failure, at: moment)
            entry.follow(failure, at: moment)
            note(&entry, at: moment)
            entries[function] = entry
        }
        startFailures = entries.compactMapValues(\.published)
    }

    /// Records the last log lines of a crash; empty if they could not be read.
    mutating func record(tail: [String], of crash: PodFailure.Crash) {
        guard asked.contains(crash) else { return }
        tails[crash] = Array(tail.suffix(Self.tailLinesMax))
    }

    private mutating func note(_ entry: inout Entry, at moment: Moment) {
        if let crash = entry.failure.crash {
            if asked.insert(crash).inserted { wanted.append(crash) }
            let due = entry.failedAt.steady + Self.tailTimeout
            guard tails[crash] != nil || moment.steady >= due else {
                // Callers get the failure a little later, but with its log lines.
                schedule(at: due)
                return
            }
            entry.publish(logTail: tails[crash] ?? [], at: moment)
        } else {
            let renewal = entry.failedAt.steady + Self.standing - .seconds(10)
            if moment.steady >= renewal {
                // The cluster does not report its next attempt, so the failure is counted and published again.
                entry.attempts += 1
                entry.failedAt = moment
            }
            schedule(at: max(renewal, moment.steady + .seconds(1)))
            entry.publish(logTail: entry.failure.logTail, at: moment)
        }
    }

    private mutating func schedule(at due: Duration) { nextCheck = min(nextCheck ?? due, due) }
}

extension StartFailureTracker {
    /// The failure of one function.
    fileprivate struct Entry: Sendable {
        /// The inputs of a published start failure. As long as they are equal, it is not published again.
        struct Cause: Sendable, Hashable {
            let attempts: Int
            let failure: PodFailure
            let message: String
            let logTail: [String]
        }

        var failure: PodFailure
        var attempts = 1
        /// Time at which this attempt was first observed as failed.
        var failedAt: Moment
        /// The most detailed message so far: that of a failed pull has more details than that of the backoff after it.
        var message: String
        var cause: Cause?
        /// The failure that is reported to callers; `nil` until the last log lines are read.
        var published: StartFailure?

        init(_ failure: PodFailure, at moment: Moment) {
            self.failure = failure
            failedAt = moment
            message = failure.message
        }

        /// Applies the newest failure of the same function.
        mutating func follow(_ newer: PodFailure, at moment: Moment) {
            if newer.revision != failure.revision {
                // The failure of another revision does not apply to this one.
                self = Entry(newer, at: moment)
                return
            }
            if happenedAgain(newer) {
                attempts += 1
                failedAt = moment
            }
            let saysLess: Bool =
                if case .pull(_, false) = newer.attempt { newer.reason == failure.reason } else { false }
            if !saysLess { message = newer.message }
            failure = newer
        }

        mutating func publish(logTail: [String], at moment: Moment) {
            let newer = Cause(attempts: attempts, failure: failure, message: message, logTail: logTail)
            guard newer != cause else { return }
            cause = newer
            // The node's clock may differ, so the pause counts from the time when F2S observed the failure.
            let pause = failure.crash == nil ? StartFailureTracker.standing : failure.pause ?? .seconds(1)
            let left = max(pause - (moment.steady - failedAt.steady), .zero)
            let sourceError = failure.crash == nil ? nil : SourceError(in: logTail)
            published = StartFailure(
                stage: failure.stage, reason: sourceError == nil ? failure.reason : "SourceError",
                message: sourceError.map { "The function cannot be loaded. \($0.text.sentence)" } ?? message,
                exitStatus: failure.exitStatus, logTail: logTail, sourceError: sourceError,
                isTimeout: failure.isTimeout, revision: failure.revision, attempts: attempts,
                nextAttempt: moment.wall + left.inSeconds,
                retryAfterSeconds: min(30, max(1, Int(left.inSeconds.rounded(.up)))))
        }

        private func happenedAgain(_ newer: PodFailure) -> Bool {
            switch (failure.attempt, newer.attempt) {
            case (.pull(let pod, let wasFresh), .pull(let newerPod, let isFresh)):
                pod != newerPod || (isFresh && !wasFresh)
            default: failure.attempt != newer.attempt
            }
        }
    }
}
