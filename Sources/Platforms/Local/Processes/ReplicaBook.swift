import F2SModel

/// The lives of all functions' replicas: finds the one that an event is about, and forgets those that are over. An
/// event never looks at the functions that it is not about, unless they are starting or stopping.
struct ReplicaBook {
    private let policy: LifePolicy
    private var lives: [Function.ID: FunctionLife] = [:]
    /// The replicas as the rest of F2S sees them.
    private(set) var snapshot = ReplicaSnapshot()
    /// Functions with a process that runs and does not listen yet.
    private var silent: Set<Function.ID> = []
    /// Functions with a process that listens and is not stopping.
    private var listening: Set<Function.ID> = []
    /// The next moment at which time alone changes something, by function.
    private var deadlines: [Function.ID: Duration] = [:]
    /// Functions whose next attempt is waited for, and the folders in which they would be repaired.
    private(set) var repairFolders: [Function.ID: String] = [:]
    private var owners: [Replica.ID: Function.ID] = [:]
    /// Numbers are never used twice, also when a function is deleted and declared again.
    private var firstNumber = 1
    /// Another number: something is different.
    private(set) var version = 0
    /// Whether everything ends and nothing is started any more.
    private(set) var isClosed = false

    init(policy: LifePolicy) { self.policy = policy }

    /// Whether no process is left.
    var isEmpty: Bool { lives.values.allSatisfy(\.replicas.isEmpty) }

    /// True if a process runs and does not listen yet.
    var hasSilentReplicas: Bool { !silent.isEmpty }

    /// The processes that run and do not listen yet.
    var silentReplicas: [ReplicaLife] {
        silent.flatMap { id in lives[id]?.replicas.filter(\.isSilent) ?? [] }
    }

    /// True if a process listens and is not stopping.
    var hasListeningReplicas: Bool { !listening.isEmpty }

    /// The processes that listen and are not stopping.
    var listeningReplicas: [ReplicaLife] {
        listening.flatMap { id in lives[id]?.replicas.filter(\.isListening) ?? [] }
    }

    mutating func sharesPort(_ id: Replica.ID, at moment: Moment) -> [ReplicaAction] {
        change(ownerOf: id) { $0.sharesPort(id, at: moment) }
    }

    /// Whether a readiness probe still has a point.
    func isAwaitingReadiness(_ id: Replica.ID) -> Bool {
        guard let life = owners[id].flatMap({ lives[$0] }) else { return false }
        return life.replicas.contains { $0.id == id && $0.phase == .awaitingReadiness }
    }

    /// When ``advance(at:logTail:)`` must be called at the latest.
    var nextDeadline: Duration? { deadlines.values.min() }

    mutating func apply(_ launch: Launch, count: Int, retiring: [Replica.ID], at moment: Moment) -> [ReplicaAction] {
        guard !isClosed else { return [] }
        if lives[launch.function] == nil {
            lives[launch.function] = FunctionLife(policy: policy, firstNumber: firstNumber)
        }
        return change(launch.function) { $0.apply(launch, count: count, retiring: retiring, at: moment) }
    }

    mutating func remove(_ id: Function.ID, at moment: Moment) -> [ReplicaAction] {
        guard lives[id] != nil else { return [.forgetLogs(id)] }
        return change(id) { $0.remove(at: moment) }
    }

    /// Ends everything, for good.
    mutating func close(at moment: Moment) -> [ReplicaAction] {
        isClosed = true
        return lives.keys.flatMap { id in change(id) { $0.stopAll(at: moment) } }
    }

    mutating func began(_ id: Replica.ID, process: ReplicaLife.Process) -> [ReplicaAction] {
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

    mutating func advance(at moment: Moment, logTail: (ReplicaLife) -> [String]) -> [ReplicaAction] {
        let due = deadlines.filter { $0.value <= moment.steady }.keys
        return due.flatMap { id in change(id) { $0.advance(at: moment, logTail: logTail) } }
    }

    private mutating func change(
        ownerOf id: Replica.ID, _ event: (inout FunctionLife) -> [ReplicaAction]
    ) -> [ReplicaAction] {
        guard let function = owners[id] else { return [] }
        return change(function, event)
    }

    private mutating func change(
        _ id: Function.ID, _ event: (inout FunctionLife) -> [ReplicaAction]
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

    private mutating func note(_ life: FunctionLife, of id: Function.ID) {
        snapshot[id] = ReplicaSnapshot.Entry(replicas: life.replicas.map(\.replica), trouble: life.trouble)
        if life.replicas.contains(where: \.isSilent) { silent.insert(id) } else { silent.remove(id) }
        if life.replicas.contains(where: \.isListening) { listening.insert(id) } else { listening.remove(id) }
        deadlines[id] = life.nextDeadline
        repairFolders[id] = life.repairFolder
    }
}
