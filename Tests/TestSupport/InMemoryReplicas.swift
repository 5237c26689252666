public import F2SModel
import Synchronization

/// A runtime that pretends to run replicas. It tracks desired and existing replicas as a real runtime does, and a test
/// controls the state of each replica.
public final class InMemoryReplicas: ReplicaRuntime {
    /// A call that the module under test made.
    public enum Call: Sendable, Hashable {
        /// A call of ``InMemoryReplicas/apply(_:_:retiring:)``.
        case apply(function: Function.ID, revision: Revision, count: ReplicaCount, retiring: [Replica.ID])
        /// A call of ``InMemoryReplicas/remove(_:)``.
        case remove(Function.ID)
    }

    private struct Desired {
        var revision: Revision
        var awaitsReadiness: Bool
        var count: Int
    }

    private struct State {
        var desired: [Function.ID: Desired] = [:]
        var replicas: [Replica] = []
        var startFailures: [Function.ID: StartFailure] = [:]
        var lines: [Function.ID: [LogLine]] = [:]
        var followers: [Function.ID: [AsyncStream<LogLine>.Continuation]] = [:]
        var calls: [Call] = []
        var started = 0
        var failure: StoreError?
    }

    private let state = Mutex(State())
    private let latest = Latest(ReplicaSnapshot())
    private let startsReady: Bool
    private let address: Replica.Address

    /// Creates a runtime without replicas.
    /// - Parameters:
    ///   - startsReady: True if a new replica is ready at once.
    ///   - address: The address of every ready replica.
    public init(
        startsReady: Bool = true, address: Replica.Address = Replica.Address(ip: "127.0.0.1", port: 9)
    ) {
        self.startsReady = startsReady
        self.address = address
    }

    /// The replicas and start failures that exist now.
    public var current: ReplicaSnapshot { latest.current }

    /// All calls in order, including those that failed.
    public var calls: [Call] { state.withLock { $0.calls } }

    /// The number of replicas started so far.
    public var started: Int { state.withLock { $0.started } }

    /// Makes every later call throw `error`, until this is called with `nil`.
    public func fail(with error: StoreError?) { state.withLock { $0.failure = error } }

    /// Moves a replica to a state. `gone` removes it and, as a real runtime does, starts another one instead.
    public func set(_ newState: Replica.State, of id: Replica.ID) {
        change { state in
            guard let index = state.replicas.firstIndex(where: { $0.id == id }) else { return }
            let function = state.replicas[index].function
            guard newState != .gone else {
                state.replicas.remove(at: index)
                fill(function, in: &state)
                return
            }
            state.replicas[index].state = newState
            if newState == .ready {
                state.replicas[index].address = address
                state.startFailures[function] = nil
            }
        }
    }

    /// Sets the address of a replica that is still starting, so that the dispatcher can connect to it.
    public func setAddress(_ address: Replica.Address, of id: Replica.ID) {
        change { state in
            guard let index = state.replicas.firstIndex(where: { $0.id == id }) else { return }
            state.replicas[index].address = address
        }
    }

    /// Sets the reason for which replicas of a function fail to start; `nil` clears it.
    public func setStartFailure(_ startFailure: StartFailure?, of function: Function.ID) {
        change { $0.startFailures[function] = startFailure }
    }

    /// Appends a line to a function's log and sends it to the followers of the log.
    public func write(_ line: LogLine, of function: Function.ID) {
        state.withLock { state in
            state.lines[function, default: []].append(line)
            for follower in state.followers[function] ?? [] { follower.yield(line) }
        }
    }

    /// Records the desired state and starts and stops replicas at once; see the protocol.
    public func apply(_ function: Function, _ count: ReplicaCount, retiring: [Replica.ID]) async throws {
        let call = Call.apply(function: function.id, revision: function.revision, count: count, retiring: retiring)
        let desired = Desired(
            revision: function.revision, awaitsReadiness: function.target.readinessProbe != nil, count: count.minimum)
        try perform(call) { state in
            state.desired[function.id] = desired
            state.replicas.removeAll { $0.function == function.id && retiring.contains($0.id) }
            fill(function.id, in: &state)
        }
    }

    /// Removes all replicas of a function; see the protocol.
    public func remove(_ id: Function.ID) async throws {
        try perform(.remove(id)) { state in
            state.desired[id] = nil
            state.startFailures[id] = nil
            state.replicas.removeAll { $0.function == id }
        }
    }

    /// Runs `body` with every set of replicas; see the protocol.
    public func withReplicas<Result: Sendable>(
        _ body: @Sendable (Latest<ReplicaSnapshot>.Values) async throws -> Result
    ) async throws -> Result {
        try await body(latest.values())
    }

    /// Returns the lines that ``write(_:of:)`` has added and, with `follow`, those that it will add.
    public func logs(of id: Function.ID, tail: Int, follow: Bool) -> AsyncStream<LogLine> {
        let (stream, continuation) = AsyncStream.makeStream(of: LogLine.self, bufferingPolicy: .bufferingNewest(1000))
        state.withLock { state in
            for line in (state.lines[id] ?? []).suffix(tail) { continuation.yield(line) }
            if follow { state.followers[id, default: []].append(continuation) } else { continuation.finish() }
        }
        return stream
    }

    /// Starts the missing replicas of the desired revision. Surplus replicas stay, as in a real runtime, because only
    /// the caller knows which replica has nothing in flight.
    private func fill(_ id: Function.ID, in state: inout State) {
        guard let desired = state.desired[id] else { return }
        let existing = state.replicas.count { $0.function == id && $0.revision == desired.revision }
        for _ in 0..<max(0, desired.count - existing) {
            state.started += 1
            state.replicas.append(
                Replica(
                    id: Replica.ID("\(id)-\(state.started)"), function: id, revision: desired.revision,
                    state: startsReady ? .ready : .starting, address: startsReady ? address : nil,
                    awaitsReadiness: desired.awaitsReadiness, since: 0))
        }
    }

    private func perform(_ call: Call, _ body: (inout State) -> Void) throws(StoreError) {
        let failure = state.withLock { state in
            state.calls.append(call)
            return state.failure
        }
        if let failure { throw failure }
        change(body)
    }

    private func change(_ body: (inout State) -> Void) {
        state.withLock { state in
            body(&state)
            let snapshot = ReplicaSnapshot(replicas: state.replicas, startFailures: state.startFailures)
            if snapshot != latest.current { latest.update { $0.update(to: snapshot) } }
        }
    }
}
