import F2SModel
import F2SSystem

/// The lifecycle of one replica's process.
struct ReplicaLifecycle: Sendable, Hashable {
    /// The phase of a replica.
    enum Phase: Sendable, Hashable {
        /// The process is being started, or runs and does not listen yet.
        case starting
        /// The replica listens, and its readiness probe has not succeeded yet.
        case awaitingReadiness
        /// The replica has accepted invocations since that time.
        case ready(since: Duration)
        /// The replica must end before the deadline. `step` is the last measure to end it.
        case stopping(deadline: Duration, step: StopStep)
    }

    /// A measure to end a replica.
    enum StopStep: Sendable, Hashable {
        /// SIGTERM was sent to its group.
        case terminated
        /// The launcher kills all its processes.
        case killed
        /// The replica counts as ended, even if processes of it cannot be killed.
        case abandoned
    }

    /// The process of a replica.
    struct Process: Sendable, Hashable {
        /// The process ID of the command.
        let command: Int32
        /// The mark of all processes that descend from the command.
        let mark: UInt64
        /// The `$PORT` that the process was given.
        let port: Int
    }

    let id: Replica.ID
    let launch: LaunchSpec
    let since: Moment
    var phase = Phase.starting
    var process: Process?
    var address: Replica.Address?
    /// The ID of the process that listens.
    var processID: Int?
    /// The TCP ports on which the replica listens although it was given another one.
    var otherPorts: [Int] = []
    /// True if it has been reported that the replica listens on other ports.
    var isElsewhereReported = false

    var isStopping: Bool {
        if case .stopping = phase { return true }
        return false
    }

    /// True if the process runs and does not listen yet.
    var isSilent: Bool { phase == .starting && process != nil }

    /// True if the replica listens and is not stopping.
    var isListening: Bool { address != nil && !isStopping }

    /// True if it must be reported that the replica listens on other ports. A declared readiness probe or start time
    /// indicates a start in several steps; a later step may open the port.
    var isElsewhere: Bool {
        phase == .starting && !otherPorts.isEmpty && !isElsewhereReported && launch.probe == nil
            && launch.startTimeout == nil
    }

    /// Returns the longest time until the replica is ready.
    func startTimeout(_ policy: RestartPolicy) -> Duration { launch.startTimeout ?? policy.startTimeout }

    /// Returns the time at which the lifecycle must act without an event; `nil` if there is none.
    func deadline(_ policy: RestartPolicy) -> Duration? {
        switch phase {
        case .starting where isElsewhere: since.steady + min(policy.elsewhereTimeout, startTimeout(policy))
        case .starting, .awaitingReadiness: since.steady + startTimeout(policy)
        case .ready, .stopping(_, .abandoned): nil
        case .stopping(let deadline, _): deadline
        }
    }

    /// The replica as the rest of F2S sees it.
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

/// An action that a lifecycle returns for the caller to perform.
enum ReplicaAction: Sendable, Hashable {
    /// Start a process; report it with the events `began` and `ended`.
    case start(Replica.ID, LaunchSpec)
    /// Send SIGTERM to the replica's group.
    case terminate(Replica.ID)
    /// Kill all processes of the replica.
    case kill(Replica.ID)
    /// Stop waiting for a replica that was killed.
    case abandon(Replica.ID)
    /// Probe the replica until it is ready; report that with the event `answers`.
    case probe(Replica.ID, Replica.Address, ReadinessProbe)
    /// End the replica's log. It is kept as one of the last few.
    case endLog(Replica.ID, Function.ID)
    /// Delete the function's logs, because the function was removed.
    case forgetLogs(Function.ID)
    /// Log a message and record it as an event.
    case report(function: FunctionName, isWarning: Bool, reason: String, message: String)
}

/// The end of a replica's process.
enum ReplicaEnding: Sendable, Hashable {
    /// The process exited or a signal ended it. `portWasTaken`: another program listened on the port that it was given.
    case exited(status: Int, portWasTaken: Bool, cause: ExitCause? = nil)
    /// The process could not be started at all.
    case notStarted(NotStarted)
}

/// The reason for which no process could be started.
enum NotStarted: Sendable, Hashable {
    /// Too few descriptors are free.
    case outOfDescriptors
    /// Every port that replicas may use is taken.
    case noPort
    /// Another reason, as a clause that ends in a full stop.
    case failed(String)
}
