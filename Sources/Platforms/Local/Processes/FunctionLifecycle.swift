import F2SModel
import F2SSystem

/// The lifecycle of one function's replicas: the desired state, the replicas, the last failure and the next attempt.
///
/// A state machine without I/O or clock: every event gets its moment and returns the actions for the caller to perform.
struct FunctionLifecycle: Hashable {
    /// The desired state.
    private struct Desired: Hashable {
        var launch: LaunchSpec
        var count: Int
    }

    /// The maximum number of log lines in the report of a crash.
    private static let crashLinesMax = 5

    private let policy: RestartPolicy
    private var desired: Desired?
    /// The replicas in the order of their starts.
    private(set) var replicas: [ReplicaLifecycle] = []
    /// The failure of the last start. It is cleared when a replica is ready.
    private(set) var startFailure: StartFailure?
    /// The number of the next replica.
    private(set) var nextNumber: Int

    /// The number of failures in a row, to start or to stay up.
    private var failures = 0
    private var lastFailure: Duration?
    /// The revision of the last crash among these failures. One of its replicas must stay up to clear it.
    private var crashedRevision: Revision?
    /// The time before which no replica is started.
    private var gate: Duration?
    private var portRetries = 0

    /// Creates a lifecycle without replicas. The first replica gets the number `firstNumber`.
    init(policy: RestartPolicy, firstNumber: Int) {
        self.policy = policy
        nextNumber = firstNumber
    }

    /// True if the function was removed and none of its replicas is left.
    var isOver: Bool { desired == nil && replicas.isEmpty }

    /// True if there is nothing to remember: no replica is desired, none runs and none has failed.
    var isBlank: Bool { (desired?.count ?? 0) == 0 && replicas.isEmpty && startFailure == nil && failures == 0 }

    /// The latest time at which ``advance(at:logTail:)`` must be called; `nil` if it need not be called.
    var nextDeadline: Duration? {
        var deadlines = replicas.compactMap { $0.deadline(policy) }
        if let gate, isMissingReplicas { deadlines.append(gate) }
        return deadlines.min()
    }

    // MARK: Desired state

    /// Sets the desired state, `count` replicas of the launch's revision, and ends exactly the replicas in `retiring`.
    mutating func apply(_ launch: LaunchSpec, count: Int, retiring: [Replica.ID], at moment: Moment) -> [ReplicaAction]
    {
        if let desired, desired.launch.revision != launch.revision || desired.launch.generation != launch.generation {
            // A failure of another declaration does not concern this one, which is tried at once.
            gate = nil
            startFailure = nil
            portRetries = 0
        }
        desired = Desired(launch: launch, count: count)
        var actions: [ReplicaAction] = []
        for id in retiring { actions += stop(id, at: moment) }
        return actions + fill(at: moment)
    }

    /// Ends every replica and forgets all failures, because the function was removed.
    mutating func remove(at moment: Moment) -> [ReplicaAction] {
        desired = nil
        startFailure = nil
        forgive()
        return stopAll(at: moment)
    }

    /// Ends every replica. None is started again until ``apply(_:count:retiring:at:)`` is called.
    mutating func stopAll(at moment: Moment) -> [ReplicaAction] {
        desired?.count = 0
        var actions: [ReplicaAction] = []
        for id in replicas.map(\.id) { actions += stop(id, at: moment) }
        return actions
    }

    // MARK: Events of a replica

    /// Records that the replica's process runs.
    mutating func began(_ id: Replica.ID, process: ReplicaLifecycle.Process) {
        update(id) { $0.process = process }
    }

    /// Records that the replica listens on the port that it was given.
    mutating func listens(
        _ id: Replica.ID, on address: Replica.Address, processID: Int, at moment: Moment
    ) -> [ReplicaAction] {
        guard let life = replicas.first(where: { $0.id == id }), life.phase == .starting else { return [] }
        update(id) {
            $0.address = address
            $0.processID = processID
            $0.phase = .awaitingReadiness
        }
        guard let probe = life.launch.probe else {
            answers(id, at: moment)
            return []
        }
        return [.probe(id, address, probe)]
    }

    /// Records that the replica is ready.
    mutating func answers(_ id: Replica.ID, at moment: Moment) {
        guard let life = replicas.first(where: { $0.id == id }), life.phase == .awaitingReadiness else { return }
        update(id) { $0.phase = .ready(since: moment.steady) }
        portRetries = 0
        guard life.launch.revision == desired?.launch.revision else { return }
        startFailure = nil
        // A ready replica ends a row of failed starts, but not a row of crashes of the same revision.
        if crashedRevision != life.launch.revision { forgive() }
    }

    /// Records that the replica listens on ports that it was not given. A later failure message names them.
    mutating func listensElsewhere(_ id: Replica.ID, on ports: [Int]) {
        update(id) { $0.otherPorts = ports }
    }

    /// Replaces a replica by one on another port, because another program also listens on its port.
    mutating func sharesPort(_ id: Replica.ID, at moment: Moment) -> [ReplicaAction] {
        guard let life = replicas.first(where: { $0.id == id }), !life.isStopping, let process = life.process else {
            return []
        }
        fail(life.launch, at: moment) { StartFailure.portShared(life, retry: $0) }
        let report = ReplicaAction.report(
            function: life.launch.name, isWarning: true, reason: "PortShared",
            message: "Another program listens on port \(process.port) of replica \(id) too; the replica is replaced.")
        return [report] + stop(id, at: moment) + fill(at: moment)
    }

    /// Starts the missing replicas without further wait, because a file from which they are started has changed.
    mutating func repaired(at moment: Moment) -> [ReplicaAction] {
        guard gate != nil, isMissingReplicas else { return [] }
        gate = nil
        return fill(at: moment)
    }

    /// The folder whose change makes a retry worthwhile, while the function waits for its next attempt.
    var repairFolder: String? {
        guard startFailure != nil, gate != nil, isMissingReplicas else { return nil }
        return desired?.launch.workingFolder
    }

    /// Records that the replica's process has ended, with all its descendants.
    mutating func ended(
        _ id: Replica.ID, _ ending: ReplicaEnding, logTail: [String], at moment: Moment
    ) -> [ReplicaAction] {
        guard let index = replicas.firstIndex(where: { $0.id == id }) else { return [] }
        let life = replicas.remove(at: index)
        var actions: [ReplicaAction] = [.endLog(id, life.launch.function)]
        switch (life.phase, ending) {
        case (.stopping, _):
            break
        case (.ready(let since), .exited(let status, _, _)):
            actions += crashed(life, status: status, wasReadySince: since, logTail: logTail, at: moment)
        case (.starting, .exited(_, portWasTaken: true, _)) where portRetries < policy.portRetriesMax:
            portRetries += 1
        case (_, .exited(let status, _, let cause)):
            fail(life.launch, at: moment) {
                StartFailure.exited(life, status: status, cause: cause, logTail: logTail, retry: $0)
            }
        case (_, .notStarted(let reason)):
            // A lack of descriptors is temporary and not the function's fault, so the wait does not grow.
            let wait = reason == .outOfDescriptors ? policy.backoff.base : nil
            fail(life.launch, at: moment, wait: wait) {
                StartFailure.notStarted(life, because: reason, retry: $0)
            }
        }
        if isOver { actions.append(.forgetLogs(life.launch.function)) }
        return actions + fill(at: moment)
    }

    /// Handles the deadlines and waits that have passed.
    mutating func advance(at moment: Moment, logTail: (ReplicaLifecycle) -> [String]) -> [ReplicaAction] {
        var actions: [ReplicaAction] = []
        for life in replicas {
            guard let deadline = life.deadline(policy), deadline <= moment.steady else { continue }
            if case .stopping(_, let step) = life.phase {
                actions.append(stopHarder(life.id, after: step, at: moment))
            } else if life.isElsewhere, moment.steady < life.since.steady + life.startTimeout(policy) {
                reportElsewhere(life, logTail: logTail(life), at: moment)
            } else {
                let tail = logTail(life)
                let timeout = life.startTimeout(policy)
                fail(life.launch, at: moment) {
                    StartFailure.tookTooLong(life, timeout: timeout, logTail: tail, retry: $0)
                }
                actions += stop(life.id, at: moment)
            }
        }
        return actions + fill(at: moment)
    }
}

// MARK: - Decisions

extension FunctionLifecycle {
    private var isMissingReplicas: Bool { missingReplicas > 0 }

    private var missingReplicas: Int {
        guard let desired else { return 0 }
        return desired.count - replicas.count { $0.launch.revision == desired.launch.revision && !$0.isStopping }
    }

    /// Starts the missing replicas, unless the wait after a failure is not over.
    private mutating func fill(at moment: Moment) -> [ReplicaAction] {
        guard let desired, isMissingReplicas else { return [] }
        if let gate, gate > moment.steady { return [] }
        if let obstacle = desired.launch.obstacle {
            fail(desired.launch, at: moment, wait: policy.backoff.maximum) {
                StartFailure.impossible(desired.launch, because: obstacle, retry: $0)
            }
            return []
        }
        return (0..<missingReplicas).map { _ in
            let id = Replica.ID("\(desired.launch.name)-\(nextNumber)")
            nextNumber += 1
            replicas.append(ReplicaLifecycle(id: id, launch: desired.launch, since: moment))
            return .start(id, desired.launch)
        }
    }

    private mutating func stop(_ id: Replica.ID, at moment: Moment) -> [ReplicaAction] {
        guard let life = replicas.first(where: { $0.id == id }), !life.isStopping else { return [] }
        // This must be done while the replica still counts as running.
        forgiveIfSound(at: moment)
        // The timeout declared now applies, not the one at the start of the replica.
        let timeout = desired?.launch.stopTimeout ?? life.launch.stopTimeout
        update(id) { $0.phase = .stopping(deadline: moment.steady + timeout, step: .terminated) }
        return [.terminate(id)]
    }

    private mutating func stopHarder(
        _ id: Replica.ID, after step: ReplicaLifecycle.StopStep, at moment: Moment
    ) -> ReplicaAction {
        let next: ReplicaLifecycle.StopStep = step == .terminated ? .killed : .abandoned
        let deadline = moment.steady + policy.cleanUpTimeout
        update(id) { $0.phase = .stopping(deadline: deadline, step: next) }
        return next == .killed ? .kill(id) : .abandon(id)
    }

    /// Handles the end of a replica that was ready. After the first crash, a replacement starts at once; after further
    /// crashes, it starts with growing waits.
    private mutating func crashed(
        _ life: ReplicaLifecycle, status: Int, wasReadySince since: Duration, logTail: [String], at moment: Moment
    ) -> [ReplicaAction] {
        guard let desired, life.launch.revision == desired.launch.revision else { return [] }
        if moment.steady - since >= policy.soundAfter { forgive() }
        forgiveIfSound(at: moment)
        let isFirst = failures == 0
        if isFirst {
            failures = 1
            lastFailure = moment.steady
            gate = nil
        } else {
            let wait = policy.backoff.pause(after: failures)
            fail(life.launch, at: moment, wait: wait) {
                StartFailure.crashed(life, status: status, logTail: logTail, retry: $0)
            }
        }
        crashedRevision = life.launch.revision
        let consequence = isFirst ? "a new one is started" : "a new one is started after a wait"
        let lines = logTail.suffix(Self.crashLinesMax)
        let words = lines.isEmpty ? "" : " Its last log lines: \(lines.joined(separator: " | "))"
        return [
            .report(
                function: life.launch.name, isWarning: true, reason: "ReplicaCrashed",
                message:
                    "Replica \(life.id) ended with exit status \(status) while it was ready; \(consequence).\(words)")
        ]
    }

    /// Reports a replica that listens on other ports before its time is over. It may still open its own port.
    private mutating func reportElsewhere(_ life: ReplicaLifecycle, logTail: [String], at moment: Moment) {
        update(life.id) { $0.isElsewhereReported = true }
        guard life.launch.revision == desired?.launch.revision else { return }
        let retry = StartFailure.Retry(
            attempts: failures + 1, moment: moment, opens: life.since.steady + life.startTimeout(policy))
        startFailure = StartFailure.tookTooLong(
            life, timeout: policy.elsewhereTimeout, logTail: logTail, retry: retry)
    }

    /// Records a failure of the desired revision and sets the wait. A failure of another revision changes nothing.
    private mutating func fail(
        _ launch: LaunchSpec, at moment: Moment, wait: Duration? = nil,
        _ startFailure: (StartFailure.Retry) -> StartFailure
    ) {
        guard let desired, launch.revision == desired.launch.revision else { return }
        forgiveIfSound(at: moment)
        failures += 1
        lastFailure = moment.steady
        let opens = moment.steady + (wait ?? policy.backoff.pause(after: failures))
        // Replicas that fail at the same time count as failures one after the other, but never shorten the wait.
        gate = max(gate ?? opens, opens)
        self.startFailure = startFailure(StartFailure.Retry(attempts: failures, moment: moment, opens: gate ?? opens))
    }

    /// Forgets the failures if a replica that became ready after the last one has stayed up long enough.
    private mutating func forgiveIfSound(at moment: Moment) {
        let isSound = replicas.contains { life in
            guard case .ready(let since) = life.phase, life.launch.revision == desired?.launch.revision else {
                return false
            }
            return since > (lastFailure ?? since - .seconds(1)) && moment.steady - since >= policy.soundAfter
        }
        if isSound { forgive() }
    }

    private mutating func forgive() {
        failures = 0
        crashedRevision = nil
    }

    private mutating func update(_ id: Replica.ID, _ change: (inout ReplicaLifecycle) -> Void) {
        guard let index = replicas.firstIndex(where: { $0.id == id }) else { return }
        change(&replicas[index])
    }
}
