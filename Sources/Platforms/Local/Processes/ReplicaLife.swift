import F2SModel

/// How far one replica's process is.
struct ReplicaLife: Sendable, Hashable {
    /// What a replica does at the moment.
    enum Phase: Sendable, Hashable {
        /// Its process is being started, or runs and does not listen yet.
        case starting
        /// It listens, and its readiness probe has not succeeded yet.
        case awaitingReadiness
        /// It takes invocations since then.
        case ready(since: Duration)
        /// It was told to end and gets until the deadline; `step` says what comes then.
        case stopping(deadline: Duration, step: StopStep)
    }

    /// What has been done to end a replica.
    enum StopStep: Sendable, Hashable {
        /// SIGTERM was sent to its group.
        case terminated
        /// The launcher kills everything of it.
        case killed
        /// It counts as ended, whatever cannot be killed.
        case abandoned
    }

    /// Its process.
    struct Process: Sendable, Hashable {
        /// Process ID of its command.
        let command: Int32
        /// The mark of everything that descends from the command.
        let mark: UInt64
        /// The `$PORT` that it was given.
        let port: Int
    }

    let id: Replica.ID
    let launch: Launch
    let since: Moment
    var phase = Phase.starting
    var process: Process?
    var address: Replica.Address?
    /// Process ID of what listens.
    var processID: Int?
    /// TCP ports that it listens on although it was given another one.
    var otherPorts: [Int] = []
    /// Whether it has been said that it listens on them.
    var isElsewhereReported = false

    var isStopping: Bool {
        if case .stopping = phase { return true }
        return false
    }

    /// Whether it has yet to become ready.
    var isStarting: Bool { phase == .starting || phase == .awaitingReadiness }

    /// True if its process runs and does not listen yet.
    var isSilent: Bool { phase == .starting && process != nil }

    /// True if it listens and is not stopping.
    var isListening: Bool { address != nil && !isStopping }

    /// Whether it has to be said that it listens on other ports. A declared readiness probe or start time says that the
    /// start has steps, and the port may be opened in a later one.
    var isElsewhere: Bool {
        phase == .starting && !otherPorts.isEmpty && !isElsewhereReported && launch.probe == nil
            && launch.startTimeout == nil
    }

    /// Longest time until it is ready.
    func startTimeout(_ policy: LifePolicy) -> Duration { launch.startTimeout ?? policy.startTimeout }

    /// When it must be looked at again by itself.
    func deadline(_ policy: LifePolicy) -> Duration? {
        switch phase {
        case .starting where isElsewhere: since.steady + min(policy.elsewhereTimeout, startTimeout(policy))
        case .starting, .awaitingReadiness: since.steady + startTimeout(policy)
        case .ready, .stopping(_, .abandoned): nil
        case .stopping(let deadline, _): deadline
        }
    }

    /// As the rest of F2S sees it.
    var replica: Replica {
        let state: Replica.State =
            switch phase {
            case .starting, .awaitingReadiness: .starting
            case .ready: .ready
            case .stopping: .draining
            }
        return Replica(
            id: id, function: launch.function, revision: launch.revision, state: state, address: address,
            awaitsReadiness: launch.probe != nil, processID: processID, since: since.wall)
    }
}

/// What a life cycle asks the shell to do.
enum ReplicaAction: Sendable, Hashable {
    /// Start a process; answer with `began` and `ended`.
    case start(Replica.ID, Launch)
    /// Send SIGTERM to the replica's group.
    case terminate(Replica.ID)
    /// Kill everything of the replica.
    case kill(Replica.ID)
    /// Wait no longer for a replica that was killed.
    case abandon(Replica.ID)
    /// Ask the replica until it says that it is ready; answer with `answers`.
    case probe(Replica.ID, Replica.Address, ReadinessProbe)
    /// Its log may be forgotten as one of the last few.
    case endLog(Replica.ID, Function.ID)
    /// Nobody will ask for the function's logs again.
    case forgetLogs(Function.ID)
    /// Tell people.
    case report(function: FunctionName, isWarning: Bool, reason: String, message: String)
}

/// How a replica's process came to its end.
enum ReplicaEnding: Sendable, Hashable {
    /// It ended by itself or by a signal; `portWasTaken`: somebody else listened on the port that it was given.
    case exited(status: Int, portWasTaken: Bool, cause: ExitCause? = nil)
    /// It could not be started at all.
    case notStarted(NotStarted)
}

/// Why no process could be started.
enum NotStarted: Sendable, Hashable {
    /// Too few descriptors are free.
    case outOfDescriptors
    /// Every port that replicas may have is taken.
    case noPort
    /// Another reason, as a clause that ends in a full stop.
    case failed(String)
}
