import F2SModel
import F2SSystem

/// The lifecycles of all functions. It passes each event to the lifecycle that the event concerns, and removes the
/// lifecycles that are over. The cost of an event does not depend on the number of other functions, except those that
/// are starting or stopping.
struct ReplicaSupervisor {
    private let policy: RestartPolicy
    private var lives: [Function.ID: FunctionLifecycle] = [:]
    /// The replicas as the rest of F2S sees them.
    private(set) var snapshot = ReplicaSnapshot()
    /// The functions with a process that runs and does not listen yet.
    private var silent: Set<Function.ID> = []
    /// The functions with a process that listens and is not stopping.
    private var listening: Set<Function.ID> = []
    /// The next time at which a lifecycle must act without an event, by function.
    private var deadlines: [Function.ID: Duration] = [:]
    /// The folders of the functions that wait for their next attempt. A change in one of them makes a retry worthwhile.
    private(set) var repairFolders: [Function.ID: String] = [:]
    private var owners: [Replica.ID: Function.ID] = [:]
    /// The number of a new function's first replica. No number is used twice, even if a function is declared again.
    private var firstNumber = 1
    /// The version of the state. It increases with every change.
    private(set) var version = 0
    /// True once all replicas are being ended and no new ones are started.
    private(set) var isClosed = false

    init(policy: RestartPolicy) { self.policy = policy }

    /// True if no process is left.
    var isEmpty: Bool { lives.values.allSatisfy(\.replicas.isEmpty) }

    /// True if a process runs and does not listen yet.
    var hasSilentReplicas: Bool { !silent.isEmpty }

    /// The replicas whose processes run and do not listen yet.
    var silentReplicas: [ReplicaLifecycle] {
        silent.flatMap { id in lives[id]?.replicas.filter(\.isSilent) ?? [] }
    }

    /// True if a process listens and is not stopping.
    var hasListeningReplicas: Bool { !listening.isEmpty }

    /// The replicas that listen and are not stopping.
    var listeningReplicas: [ReplicaLifecycle] {
        listening.flatMap { id in lives[id]?.replicas.filter(\.isListening) ?? [] }
    }

    mutating func sharesPort(_ id: Replica.ID, at moment: Moment) -> [ReplicaAction] {
        change(ownerOf: id) { $0.sharesPort(id, at: moment) }
    }

    /// Returns true if the replica listens and its readiness probe has not succeeded yet.
    func isAwaitingReadiness(_ id: Replica.ID) -> Bool {
        guard let life = owners[id].flatMap({ lives[$0] }) else { return false }
        return life.replicas.contains { $0.id == id && $0.phase == .awaitingReadiness }
    }

    /// The latest time at which ``advance(at:logTail:)`` must be called; `nil` if it need not be called.
    var nextDeadline: Duration? { deadlines.values.min() }

    mutating func apply(_ launch: LaunchSpec, count: Int, retiring: [Replica.ID], at moment: Moment) -> [ReplicaAction]
    {
        guard !isClosed else { return [] }
        if lives[launch.function] == nil {
            lives[launch.function] = FunctionLifecycle(policy: policy, firstNumber: firstNumber)
        }
        return change(launch.function) { $0.apply(launch, count: count, retiring: retiring, at: moment) }
    }

    mutating func remove(_ id: Function.ID, at moment: Moment) -> [ReplicaAction] {
        guard lives[id] != nil else { return [.forgetLogs(id)] }
        return change(id) { $0.remove(at: moment) }
    }

    /// Ends every replica. No replica is started after this call.
    mutating func close(at moment: Moment) -> [ReplicaAction] {
        isClosed = true
        return lives.keys.flatMap { id in change(id) { $0.stopAll(at: moment) } }
    }

    mutating func began(_ id: Replica.ID, process: ReplicaLifecycle.Process) -> [ReplicaAction] {
        change(ownerOf: id) { life in
            life.began(id, process: process)
            return []
        }
    }

    mutating func listens(
        _ id: Replica.ID, on address: Replica.Address, processID: Int, at moment: Moment
    ) -> [ReplicaAction] {
        change(ownerOf: id) { $0.listens(id, on: address, processID: processID, at: moment) }
    }

    mutating func listensElsewhere(_ id: Replica.ID, on ports: [Int]) -> [ReplicaAction] {
        change(ownerOf: id) { life in
            life.listensElsewhere(id, on: ports)
            return []
        }
    }

    mutating func repaired(_ id: Function.ID, at moment: Moment) -> [ReplicaAction] {
        change(id) { $0.repaired(at: moment) }
    }

    mutating func answers(_ id: Replica.ID, at moment: Moment) -> [ReplicaAction] {
        change(ownerOf: id) { life in
            life.answers(id, at: moment)
            return []
        }
    }

    mutating func ended(
        _ id: Replica.ID, _ ending: ReplicaEnding, logTail: [String], at moment: Moment
    ) -> [ReplicaAction] {
        change(ownerOf: id) { $0.ended(id, ending, logTail: logTail, at: moment) }
    }

    mutating func advance(at moment: Moment, logTail: (ReplicaLifecycle) -> [String]) -> [ReplicaAction] {
        let due = deadlines.filter { $0.value <= moment.steady }.keys
        return due.flatMap { id in change(id) { $0.advance(at: moment, logTail: logTail) } }
    }

    private mutating func change(
        ownerOf id: Replica.ID, _ event: (inout FunctionLifecycle) -> [ReplicaAction]
    ) -> [ReplicaAction] {
        guard let function = owners[id] else { return [] }
        return change(function, event)
    }

    private mutating func change(
        _ id: Function.ID, _ event: (inout FunctionLifecycle) -> [ReplicaAction]
    ) -> [ReplicaAction] {
        guard let before = lives[id] else { return [] }
        var life = before
        let actions = event(&life)
        for action in actions {
            switch action {
            case .start(let replica, _): owners[replica] = id
            case .endLog(let replica, _): owners[replica] = nil
            default: break
            }
        }
        guard life != before else { return actions }
        version += 1
        lives[id] = life.isBlank ? nil : life
        if life.isBlank { firstNumber = max(firstNumber, life.nextNumber) }
        note(life, of: id)
        return actions
    }

    private mutating func note(_ life: FunctionLifecycle, of id: Function.ID) {
        snapshot[id] = ReplicaSnapshot.Entry(replicas: life.replicas.map(\.replica), startFailure: life.startFailure)
        if life.replicas.contains(where: \.isSilent) { silent.insert(id) } else { silent.remove(id) }
        if life.replicas.contains(where: \.isListening) { listening.insert(id) } else { listening.remove(id) }
        deadlines[id] = life.nextDeadline
        repairFolders[id] = life.repairFolder
    }
}
