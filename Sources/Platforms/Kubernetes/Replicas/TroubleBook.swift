import F2SModel

/// What is known about functions whose pods fail: how often, what they wrote last, when it is tried again. A value
/// without I/O; it is told the time.
struct TroubleBook: Sendable {
    /// What callers are told.
    private(set) var troubles: [Function.ID: StartTrouble] = [:]
    /// Crashes whose last lines have not been asked for.
    private(set) var wanted: [PodFailure.Crash] = []
    /// When ``take(_:at:)`` should be called again although nothing has changed; `nil`: never.
    private(set) var nextLook: Duration?
    private var entries: [Function.ID: Entry] = [:]
    private var tails: [PodFailure.Crash: [String]] = [:]
    private var asked: Set<PodFailure.Crash> = []

    /// Longest time that callers wait for the last lines once the failure is known.
    static let tailPatience = Duration.seconds(1)
    /// Lines that a trouble carries at most.
    static let tailLinesMax = 20
    /// Time for which a failure stands that the cluster works on in its own time.
    fileprivate static let standing = Duration.seconds(300)

    /// Takes what is wrong now.
    mutating func take(_ failures: [Function.ID: PodFailure], at moment: Moment) {
        wanted = []
        nextLook = nil
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
        troubles = entries.compactMapValues(\.published)
    }

    /// Takes the last lines of a crash; empty: there are none to be had.
    mutating func take(tail: [String], of crash: PodFailure.Crash) {
        guard asked.contains(crash) else { return }
        tails[crash] = Array(tail.suffix(Self.tailLinesMax))
    }

    private mutating func note(_ entry: inout Entry, at moment: Moment) {
        if let crash = entry.failure.crash {
            if asked.insert(crash).inserted { wanted.append(crash) }
            let due = entry.failedAt.steady + Self.tailPatience
            guard tails[crash] != nil || moment.steady >= due else {
                // Who waits is better told a moment later, and then why.
                look(at: due)
                return
            }
            entry.publish(logTail: tails[crash] ?? [], at: moment)
        } else {
            let renewal = entry.failedAt.steady + Self.standing - .seconds(10)
            if moment.steady >= renewal {
                // Nobody says when it is tried again, so it is said anew that it stands.
                entry.attempts += 1
                entry.failedAt = moment
            }
            look(at: max(renewal, moment.steady + .seconds(1)))
            entry.publish(logTail: entry.failure.logTail, at: moment)
        }
    }

    private mutating func look(at due: Duration) { nextLook = min(nextLook ?? due, due) }
}

extension TroubleBook {
    /// One function's failure.
    fileprivate struct Entry: Sendable {
        /// What a trouble is made from: as long as it is the same, callers are told the same.
        struct Facts: Sendable, Hashable {
            let attempts: Int
            let failure: PodFailure
            let message: String
            let logTail: [String]
        }

        var failure: PodFailure
        var attempts = 1
        /// When this attempt was first seen to have failed.
        var failedAt: Moment
        /// The best message so far: the one of a fresh pull says more than that of the wait after it.
        var message: String
        var facts: Facts?
        /// What callers are told; `nil`: the last lines are not here yet.
        var published: StartTrouble?

        init(_ failure: PodFailure, at moment: Moment) {
            self.failure = failure
            failedAt = moment
            message = failure.message
        }

        /// Takes the newest state of the same function.
        mutating func follow(_ newer: PodFailure, at moment: Moment) {
            if newer.revision != failure.revision {
                // What went wrong with another revision says nothing about this one.
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
            let newer = Facts(attempts: attempts, failure: failure, message: message, logTail: logTail)
            guard newer != facts else { return }
            facts = newer
            // The node's clock may differ: the pause counts from when the failure was seen here.
            let pause = failure.crash == nil ? TroubleBook.standing : failure.pause ?? .seconds(1)
            let left = max(pause - (moment.steady - failedAt.steady), .zero)
            published = StartTrouble(
                stage: failure.stage, reason: failure.reason, message: message, exitStatus: failure.exitStatus,
                logTail: logTail, isTimeout: failure.isTimeout, revision: failure.revision, attempts: attempts,
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
