import F2SModel
import F2SOperator
import Logging
import Synchronization
import TestSupport
import Testing

/// A dispatcher without connections. A test sets its load.
final class StubDataPlane: DataPlane {
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

    let changes = Signal()
    private let state = Mutex(State())

    func apply(_ functions: FunctionSnapshot) {}

    func apply(_ ownership: Ownership) {}

    /// Applies replicas: a draining one receives nothing new, and a new one accepts at once.
    func apply(_ replicas: ReplicaSnapshot) {
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

    func currentLoad() -> LoadReport { state.withLock { $0.load } }

    func currentLoad(of functions: Set<Function.ID>) -> LoadReport { state.withLock { $0.load(of: functions) } }

    func popChangedFunctions() -> Set<Function.ID> {
        state.withLock { state in
            defer { state.changed = [] }
            return state.changed
        }
    }

    /// Every snapshot that the dispatcher received, oldest first.
    var published: [ReplicaSnapshot] { state.withLock { $0.published } }

    func change(_ body: (inout LoadReport) -> Void) {
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

    func requestStart(of function: Function.ID) {
        change { $0.functions[function, default: .init()].wantsActivation = true }
    }

    /// Sets the number of queued invocations of a function.
    func wait(_ id: Function.ID, _ queued: Int) {
        change { $0.functions[id] = .init(queued: queued, wantsActivation: queued > 0, admitted: UInt64(queued)) }
    }
}

/// A clock that a test advances by hand.
final class ManualClock: OperatorClock {
    private struct State {
        var now = Duration.zero
        var sleepers: [(until: Duration, wake: AsyncStream<Void>.Continuation)] = []
    }

    private let state = Mutex(State())

    func now() -> Duration { state.withLock { $0.now } }
    func secondsSince1970() -> Double { 1_700_000_000 + now().inSeconds }

    func sleep(for duration: Duration) async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        state.withLock { $0.sleepers.append(($0.now + duration, continuation)) }
        for await _ in stream {}
        try Task.checkCancellation()
    }

    func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now += duration
            let now = state.now
            let due = state.sleepers.filter { $0.until <= now }
            state.sleepers.removeAll { $0.until <= now }
            return due
        }
        for sleeper in due { sleeper.wake.finish() }
    }
}

/// Forwards to a runtime in memory, records the times of its calls, and can block the calls of some functions.
final class WatchedReplicas: ReplicaRuntime {
    let inner: InMemoryReplicas
    private let held: Mutex<Set<Function.ID>> = Mutex([])
    private let asked = Mutex<[ContinuousClock.Instant]>([])
    private let outage = Mutex<String?>(nil)

    init(_ inner: InMemoryReplicas) { self.inner = inner }

    /// The times at which `apply` was called with a count above zero.
    var askedAt: [ContinuousClock.Instant] { asked.withLock { $0 } }

    /// Sets the answer of the platform to an outage check.
    func set(outage reason: String?) { outage.withLock { $0 = reason } }

    func fetchOutage() async -> String? { outage.withLock { $0 } }

    func hold(_ id: Function.ID) { held.withLock { _ = $0.insert(id) } }

    func apply(_ function: Function, _ count: ReplicaCount, retiring: [Replica.ID]) async throws {
        if count.minimum > 0 { asked.withLock { $0.append(.now) } }
        while held.withLock({ $0.contains(function.id) }) { try await Task.sleep(for: .milliseconds(2)) }
        try await inner.apply(function, count, retiring: retiring)
    }

    func remove(_ id: Function.ID) async throws { try await inner.remove(id) }

    func withReplicas<Result: Sendable>(
        _ body: @Sendable (Latest<ReplicaSnapshot>.Values) async throws -> Result
    ) async throws -> Result { try await inner.withReplicas(body) }

    func logs(of id: Function.ID, tail: Int, follow: Bool) -> AsyncStream<LogLine> {
        inner.logs(of: id, tail: tail, follow: follow)
    }
}

/// An election whose result a test sets.
final class StubElection: LeaderElection {
    private let leads: Mutex<Bool>

    init(_ leads: Bool) { self.leads = Mutex(leads) }

    var isLeader: Bool { leads.withLock { $0 } }
    func set(_ isLeader: Bool) { leads.withLock { $0 = isLeader } }
}

/// A log handler that collects the warnings.
struct CountingLog: LogHandler {
    final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var warnings: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    let lines: Lines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        if event.level == .warning { lines.add("\(event.message)") }
    }
}

/// Waits until a condition holds. The deadline exists only so that a failing test ends.
func eventually(
    _ what: Comment, within limit: Duration = .seconds(20), _ condition: () async -> Bool,
    sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let deadline = ContinuousClock.now + limit
    // On a busy machine the deadline may pass before the condition could be checked again.
    var attempts = 0
    while await !condition() {
        attempts += 1
        guard ContinuousClock.now < deadline || attempts < 500 else {
            Issue.record(what, sourceLocation: sourceLocation)
            return
        }
        try await Task.sleep(for: .milliseconds(1))
    }
}
