public import F2SModel
import Synchronization

/// A dispatcher without connections. A test sets its load.
public final class StubDataPlane: DataPlane {
    private struct State {
        var load = LoadReport()
        var published: [ReplicaSnapshot] = []
        var changed: Set<Function.ID> = []

        func load(of functions: Set<Function.ID>) -> LoadReport {
            let replicas = Set(functions.flatMap { published.last?[$0].replicas.map(\.id) ?? [] })
            return LoadReport(
                functions: load.functions.filter { functions.contains($0.key) },
                replicas: load.replicas.filter { replicas.contains($0.key) })
        }
    }

    /// Raised after each change of the load.
    public let changes = Signal()
    private let state = Mutex(State())

    /// Creates a dispatcher without load.
    public init() {}

    /// Ignores the functions.
    public func apply(_ functions: FunctionSnapshot) {}

    /// Ignores the ownership.
    public func apply(_ ownership: Ownership) {}

    /// Applies replicas: a draining one receives nothing new, and a new one accepts at once.
    public func apply(_ replicas: ReplicaSnapshot) {
        state.withLock { state in
            state.published.append(replicas)
            var loads: [Replica.ID: LoadReport.ReplicaLoad] = [:]
            for replica in replicas.replicas {
                loads[replica.id] = .init(
                    inFlight: state.load.replicas[replica.id]?.inFlight ?? 0, isAccepting: replica.state == .ready)
            }
            state.load.replicas = loads
        }
    }

    /// Returns the load that the test has set.
    public func currentLoad() -> LoadReport { state.withLock { $0.load } }

    /// Returns the load of these functions and of their replicas.
    public func currentLoad(of functions: Set<Function.ID>) -> LoadReport { state.withLock { $0.load(of: functions) } }

    /// Removes and returns the functions whose load has changed.
    public func popChangedFunctions() -> Set<Function.ID> {
        state.withLock { state in
            defer { state.changed = [] }
            return state.changed
        }
    }

    /// Every snapshot that the dispatcher received, oldest first.
    public var published: [ReplicaSnapshot] { state.withLock { $0.published } }

    /// Changes the load and raises ``changes``.
    public func change(_ body: (inout LoadReport) -> Void) {
        state.withLock { state in
            let before = state.load
            body(&state.load)
            let ids = Set(before.functions.keys).union(state.load.functions.keys)
            state.changed.formUnion(ids.filter { before.functions[$0] != state.load.functions[$0] })
            for replica in state.published.last?.replicas ?? []
            where before.replicas[replica.id] != state.load.replicas[replica.id] {
                state.changed.insert(replica.function)
            }
        }
        changes.raise()
    }

    /// Requests a replica as a waiting invocation does.
    public func requestStart(of function: Function.ID) {
        change { $0.functions[function, default: .init()].wantsActivation = true }
    }

    /// Sets the number of queued invocations of a function.
    public func wait(_ id: Function.ID, _ queued: Int) {
        change { $0.functions[id] = .init(queued: queued, wantsActivation: queued > 0, admitted: UInt64(queued)) }
    }
}
