import F2SModel

/// The life of one function's replicas: what is wished, what runs, what went wrong and when to try again.
///
/// A state machine without I/O or clock: every event comes with its moment and returns what the shell has to do.
struct FunctionLife: Hashable {
    /// What should run.
    private struct Wish: Hashable {
        var launch: Launch
        var count: Int
    }

    /// Lines of log in the report of a crash.
    private static let crashLinesMax = 5

    private let policy: LifePolicy
    private var wish: Wish?
    /// By start order.
    private(set) var replicas: [ReplicaLife] = []
    /// Why the last start failed; leaves when a replica is ready.
    private(set) var trouble: StartTrouble?
    /// Number of the next replica.
    private(set) var nextNumber: Int

    /// Failures in a row: to start, or to stay up.
    private var failures = 0
    private var lastFailure: Duration?
    /// The revision of the last crash among these failures. Being ready does not forgive it: only lasting does.
    private var crashedRevision: Revision?
    /// No start before.
    private var gate: Duration?
    private var portRetries = 0

    /// Nothing runs; the first replica gets `firstNumber`.
    init(policy: LifePolicy, firstNumber: Int) {
        self.policy = policy
        nextNumber = firstNumber
    }

    /// Whether the function was removed and nothing of it runs any more.
    var isOver: Bool { wish == nil && replicas.isEmpty }

    /// Whether there is nothing to remember: nothing is wished, nothing runs and nothing went wrong.
    var isBlank: Bool { (wish?.count ?? 0) == 0 && replicas.isEmpty && trouble == nil && failures == 0 }

    /// When ``advance(at:)`` must be called at the latest; `nil`: never.
    var nextDeadline: Duration? {
        var deadlines = replicas.compactMap { $0.deadline(policy) }
        if let gate, isMissingReplicas { deadlines.append(gate) }
        return deadlines.min()
    }

    // MARK: Wishes

    /// `count` replicas of the launch's revision should run, and exactly those in `retiring` should end.
    mutating func apply(_ launch: Launch, count: Int, retiring: [Replica.ID], at moment: Moment) -> [ReplicaAction] {
        if let wish, wish.launch.revision != launch.revision || wish.launch.generation != launch.generation {
            // What went wrong with another declaration says nothing about this one, which is tried at once.
            gate = nil
            trouble = nil
            portRetries = 0
        }
        wish = Wish(launch: launch, count: count)
        var actions: [ReplicaAction] = []
        for id in retiring { actions += stop(id, at: moment) }
        return actions + fill(at: moment)
    }

    /// Nothing should run, and nothing is worth remembering.
    mutating func remove(at moment: Moment) -> [ReplicaAction] {
        wish = nil
        trouble = nil
        forgive()
        return stopAll(at: moment)
    }

    /// Ends every replica; none is started again until ``apply(_:count:retiring:at:)``.
    mutating func stopAll(at moment: Moment) -> [ReplicaAction] {
        wish?.count = 0
        var actions: [ReplicaAction] = []
        for id in replicas.map(\.id) { actions += stop(id, at: moment) }
        return actions
    }

    // MARK: What happens to a replica

    /// Its process runs.
    mutating func began(_ id: Replica.ID, process: ReplicaLife.Process) {
        update(id) { $0.process = process }
    }

    /// It listens on the port that it was given.
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

    /// It is ready.
    mutating func answers(_ id: Replica.ID, at moment: Moment) {
        guard let life = replicas.first(where: { $0.id == id }), life.phase == .awaitingReadiness else { return }
        update(id) { $0.phase = .ready(since: moment.steady) }
        portRetries = 0
        guard life.launch.revision == wish?.launch.revision else { return }
        trouble = nil
        // It starts after all, or it is another revision than the one that crashed.
        if crashedRevision != life.launch.revision { forgive() }
    }

    /// It listens on ports that it was not given; they will be named should its time run out.
    mutating func listensElsewhere(_ id: Replica.ID, on ports: [Int]) {
        update(id) { $0.otherPorts = ports }
    }

    /// Another program listens on the replica's port besides it. The replica is replaced by one on another port.
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

    /// Something of what it is started from has been changed: the next attempt is not waited for.
    mutating func repaired(at moment: Moment) -> [ReplicaAction] {
        guard gate != nil, isMissingReplicas else { return [] }
        gate = nil
        return fill(at: moment)
    }

    /// The folder in which a repair would be made, while the next attempt is waited for.
    var repairFolder: String? {
        guard trouble != nil, gate != nil, isMissingReplicas else { return nil }
        return wish?.launch.workingFolder
    }

    /// Its process has ended, with all that descends from it.
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
            // Descriptors come back by themselves, and nothing about the function says that this start would fail.
            let wait = reason == .outOfDescriptors ? policy.backoffFirst : nil
            fail(life.launch, at: moment, wait: wait) {
                StartFailure.notStarted(life, because: reason, retry: $0)
            }
        }
        if isOver { actions.append(.forgetLogs(life.launch.function)) }
        return actions + fill(at: moment)
    }

    /// Time has passed: deadlines and waits are over.
    mutating func advance(at moment: Moment, logTail: (ReplicaLife) -> [String]) -> [ReplicaAction] {
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

extension FunctionLife {
    private var isMissingReplicas: Bool { missingReplicas > 0 }

    private var missingReplicas: Int {
        guard let wish else { return 0 }
        return wish.count - replicas.count { $0.launch.revision == wish.launch.revision && !$0.isStopping }
    }

    /// Starts what is missing, unless a failure has to be waited out.
    private mutating func fill(at moment: Moment) -> [ReplicaAction] {
        guard let wish, isMissingReplicas else { return [] }
        if let gate, gate > moment.steady { return [] }
        guard wish.launch.command != nil else {
            fail(wish.launch, at: moment, wait: policy.backoffMax) { StartFailure.noCommand(wish.launch, retry: $0) }
            return []
        }
        return (0..<missingReplicas).map { _ in
            let id = Replica.ID("\(wish.launch.name)-\(nextNumber)")
            nextNumber += 1
            replicas.append(ReplicaLife(id: id, launch: wish.launch, since: moment))
            return .start(id, wish.launch)
        }
    }

    private mutating func stop(_ id: Replica.ID, at moment: Moment) -> [ReplicaAction] {
        guard let life = replicas.first(where: { $0.id == id }), !life.isStopping else { return [] }
        // That it has lasted is known only as long as it runs.
        forgiveIfSound(at: moment)
        // What is declared now counts, not what was when the replica was started.
        let timeout = wish?.launch.stopTimeout ?? life.launch.stopTimeout
        update(id) { $0.phase = .stopping(deadline: moment.steady + timeout, step: .terminated) }
        return [.terminate(id)]
    }

    private mutating func stopHarder(
        _ id: Replica.ID, after step: ReplicaLife.StopStep, at moment: Moment
    ) -> ReplicaAction {
        let next: ReplicaLife.StopStep = step == .terminated ? .killed : .abandoned
        let deadline = moment.steady + policy.cleanUpTimeout
        update(id) { $0.phase = .stopping(deadline: deadline, step: next) }
        return next == .killed ? .kill(id) : .abandon(id)
    }

    /// A replica that was ready has ended by itself. The first time it is replaced at once; if that does not last, with
    /// growing waits.
    private mutating func crashed(
        _ life: ReplicaLife, status: Int, wasReadySince since: Duration, logTail: [String], at moment: Moment
    ) -> [ReplicaAction] {
        guard let wish, life.launch.revision == wish.launch.revision else { return [] }
        if moment.steady - since >= policy.soundAfter { forgive() }
        forgiveIfSound(at: moment)
        let isFirst = failures == 0
        if isFirst {
            failures = 1
            lastFailure = moment.steady
            gate = nil
        } else {
            let wait = policy.backoff(after: failures)
            fail(life.launch, at: moment, wait: wait) {
                StartFailure.crashed(life, status: status, logTail: logTail, retry: $0)
            }
        }
        crashedRevision = life.launch.revision
        let consequence = isFirst ? "a new one is started" : "a new one is started after a wait"
        let lines = logTail.suffix(Self.crashLinesMax)
        let words = lines.isEmpty ? "" : " Its last lines: \(lines.joined(separator: " | "))"
        return [
            .report(
                function: life.launch.name, isWarning: true, reason: "ReplicaCrashed",
                message:
                    "Replica \(life.id) ended with exit status \(status) while it was ready; \(consequence).\(words)")
        ]
    }

    /// Says at once what will not get better by waiting. The replica may still open its own port.
    private mutating func reportElsewhere(_ life: ReplicaLife, logTail: [String], at moment: Moment) {
        update(life.id) { $0.isElsewhereReported = true }
        guard life.launch.revision == wish?.launch.revision else { return }
        let retry = StartFailure.Retry(
            attempts: failures + 1, moment: moment, opens: life.since.steady + life.startTimeout(policy))
        trouble = StartFailure.tookTooLong(
            life, timeout: policy.elsewhereTimeout, logTail: logTail, retry: retry)
    }

    /// Records a failure of the wished revision and closes the gate; another revision's failure changes nothing.
    private mutating func fail(
        _ launch: Launch, at moment: Moment, wait: Duration? = nil, _ trouble: (StartFailure.Retry) -> StartTrouble
    ) {
        guard let wish, launch.revision == wish.launch.revision else { return }
        forgiveIfSound(at: moment)
        failures += 1
        lastFailure = moment.steady
        let opens = moment.steady + (wait ?? policy.backoff(after: failures))
        // Replicas that fail side by side are one failure after the other, but never shorten a wait.
        gate = max(gate ?? opens, opens)
        self.trouble = trouble(StartFailure.Retry(attempts: failures, moment: moment, opens: gate ?? opens))
    }

    /// A replica that came after the last failure and has lasted shows that the trouble is over.
    private mutating func forgiveIfSound(at moment: Moment) {
        let isSound = replicas.contains { life in
            guard case .ready(let since) = life.phase, life.launch.revision == wish?.launch.revision else {
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

    private mutating func update(_ id: Replica.ID, _ change: (inout ReplicaLife) -> Void) {
        guard let index = replicas.firstIndex(where: { $0.id == id }) else { return }
        change(&replicas[index])
    }
}
